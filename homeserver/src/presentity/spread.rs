//! Telling watchers of changes, and knowing that they were told.
//!
//! What changed is durable before it is told to anybody, and a home can end in between, or when some have been told
//! and others not. So the state that all watchers know is kept, and a home that takes the person over tells them if it
//! is another now. Where that would not show that some may know something else, because a name or a right changed, or
//! the state went back to one that may be kept, it is forgotten; then the next home tells everybody everything.
//!
//! What all know is not kept at once, but with what is written next: a crash before it leaves what was kept before.

use super::Presentity;
use crate::command::Effect;
use crate::ids::Ids;
use rvp::{PresenceState, Principal, Property};
use std::collections::BTreeSet;

/// What watchers know.
#[derive(Debug)]
pub(super) struct Spread {
    /// The state that they were last sent.
    pub(super) shown: PresenceState,
    /// The versions of changes of which it is not known that they reached everybody. Bounded by what the outboxes of a
    /// home hold: a version that was replaced there counts as told.
    untold: BTreeSet<u64>,
    /// Whether somebody was not told, and will not be here: then the next home tells them.
    missed: bool,
    /// The state that all of them know, as the store was told last.
    kept: Option<PresenceState>,
    /// The states of which the store may say so.
    may_be_kept: States,
    /// Whether they must be told everything, because a home before this one may have told some of them only.
    unknown: bool,
}

impl Spread {
    /// What watchers know according to the store.
    pub(super) fn load(told: Option<PresenceState>) -> Self {
        Self {
            shown: told.unwrap_or(PresenceState::Offline),
            untold: BTreeSet::new(),
            missed: false,
            kept: told,
            may_be_kept: told.into_iter().fold(States::default(), States::with),
            unknown: told.is_none(),
        }
    }

    /// What the store must say of what watchers know.
    pub(super) fn saving(&self) -> store::Change {
        self.kept
            .map_or(store::Change::ForgetTold, store::Change::PutTold)
    }

    /// Whether some may know another state than the last.
    fn is_open(&self) -> bool {
        self.missed || !self.untold.is_empty()
    }
}

/// A set of states, in little room.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct States(u16);

impl States {
    fn with(self, state: PresenceState) -> Self {
        Self(self.0 | 1 << state as u16)
    }

    fn contains(self, state: PresenceState) -> bool {
        self.with(state) == self
    }
}

impl Presentity {
    /// Tells watchers if the effective state is another than they were last sent.
    pub(super) fn spread_if_changed(&mut self, ids: &mut Ids, effects: &mut Vec<Effect>) {
        let state = self.views.effective();
        if self.spread.unknown {
            self.spread.unknown = false;
            self.spread.shown = state;
            self.spread_everything(ids, effects);
        } else if state != self.spread.shown {
            self.spread.shown = state;
            let watchers = self.watchers.permitted(&self.access);
            let some_know_another = self.spread.is_open() || !watchers.is_empty();
            if some_know_another && self.spread.may_be_kept.contains(state) {
                self.forget_told(effects);
            }
            self.tell(ids, vec![Property::State(state)], watchers, effects);
            self.keep_told(effects);
        }
    }

    /// Tells each watcher what it may know.
    fn spread_everything(&mut self, ids: &mut Ids, effects: &mut Vec<Effect>) {
        let permitted = self.watchers.permitted(&self.access);
        let others: BTreeSet<Principal> = self.watchers.iter().map(|each| each.watcher).collect();
        let others = others
            .into_iter()
            .filter(|watcher| permitted.binary_search(watcher).is_err());
        let offline = vec![Property::State(PresenceState::Offline)];
        self.tell(ids, offline, others.collect(), effects);
        let shown = self.shown_properties();
        self.tell(ids, shown, permitted, effects);
        self.keep_told(effects);
    }

    /// What changes and a permitted watcher sees.
    pub(super) fn shown_properties(&self) -> Vec<Property> {
        vec![
            Property::State(self.spread.shown),
            Property::DisplayName(self.account.display_name.clone()),
        ]
    }

    /// Tells these watchers, if there are any, what the state kept does not show.
    pub(super) fn spread(
        &mut self,
        ids: &mut Ids,
        properties: Vec<Property>,
        watchers: Vec<Principal>,
        effects: &mut Vec<Effect>,
    ) {
        if !watchers.is_empty() {
            self.forget_told(effects);
            self.tell(ids, properties, watchers, effects);
        }
    }

    fn tell(
        &mut self,
        ids: &mut Ids,
        properties: Vec<Property>,
        watchers: Vec<Principal>,
        effects: &mut Vec<Effect>,
    ) {
        if watchers.is_empty() {
            return;
        }
        let version = ids.version(self.epoch);
        self.spread.untold.insert(version);
        let change = proto::Change {
            presentity: self.principal().clone(),
            properties,
            version,
        };
        effects.push(Effect::Spread(change, watchers));
    }

    /// A change has reached everybody, or somebody not.
    pub(super) fn told(&mut self, (version, everybody): (u64, bool), effects: &mut Vec<Effect>) {
        self.spread.untold.remove(&version);
        if self.spread.untold.is_empty() {
            // An empty tree that once held something keeps a node's room.
            self.spread.untold = BTreeSet::new();
        }
        self.spread.missed |= !everybody;
        self.keep_told(effects);
    }

    /// Makes durable what watchers know, if all of them know and the store does not say so.
    fn keep_told(&mut self, effects: &mut Vec<Effect>) {
        let shown = Some(self.spread.shown);
        if !self.spread.is_open() && self.spread.kept != shown {
            self.spread.kept = shown;
            self.spread.may_be_kept = self.spread.may_be_kept.with(self.spread.shown);
            effects.push(Effect::Persist(self.spread.saving()));
        }
    }

    fn forget_told(&mut self, effects: &mut Vec<Effect>) {
        self.spread.kept = None;
        if std::mem::take(&mut self.spread.may_be_kept) != States::default() {
            effects.push(Effect::Persist(self.spread.saving()));
        }
    }
}
