//! Telling watchers of changes, and knowing that they were told.
//!
//! A state is durable before it is told to everybody, so a home can end in between. What watchers were last told
//! is therefore kept as well: a home that takes the person over sees the difference, and tells them.

use super::Presentity;
use crate::command::Effect;
use crate::ids::Ids;
use rvp::{Principal, Property};

impl Presentity {
    /// Tells watchers if the effective state is another than they were last sent.
    pub(super) fn spread_if_changed(&mut self, ids: &mut Ids, effects: &mut Vec<Effect>) {
        let state = self.views.effective();
        if state == self.shown {
            return;
        }
        self.shown = state;
        let watchers = self.watchers.permitted(&self.access);
        self.untold = self.spread(ids, vec![Property::State(state)], watchers, effects);
        if self.untold.is_none() {
            effects.push(Effect::Persist(store::Change::PutTold(state)));
        }
    }

    /// Tells these watchers, and returns the version of the change if there are any.
    pub(super) fn spread(
        &self,
        ids: &mut Ids,
        properties: Vec<Property>,
        watchers: Vec<Principal>,
        effects: &mut Vec<Effect>,
    ) -> Option<u64> {
        if watchers.is_empty() {
            return None;
        }
        let version = ids.version(self.epoch);
        let change = proto::Change {
            presentity: self.principal().clone(),
            properties,
            version,
        };
        effects.push(Effect::Spread(change, watchers));
        Some(version)
    }

    /// A change has reached everybody. Only the last one counts: its state is what watchers have now.
    pub(super) fn told(&mut self, version: u64, effects: &mut Vec<Effect>) {
        if self.untold == Some(version) {
            self.untold = None;
            effects.push(Effect::Persist(store::Change::PutTold(self.shown)));
        }
    }
}
