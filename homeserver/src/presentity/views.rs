//! Views: each login's share of a person's presence, and how they merge (spec 4.3, 4.4).

use litemap::LiteMap;
use rvp::{Fault, PresenceState, SubscriptionId, ViewId};
use std::time::{Duration, SystemTime};
use store::View;

/// Views of one person at a time: one for each login, and some without.
const VIEWS_MAX: usize = 24;

/// How long a lapsed state is kept, so that a refresh that comes late causes no flicker (spec 4.3).
pub(crate) const GRACE: Duration = Duration::from_secs(30);

/// The views of one person, which are few.
#[derive(Debug, Default)]
pub(crate) struct Views {
    by_id: LiteMap<ViewId, View>,
}

impl Views {
    pub(crate) fn load(views: Vec<View>) -> Self {
        Self {
            by_id: views.into_iter().map(|each| (each.id, each)).collect(),
        }
    }

    pub(crate) fn get(&self, id: ViewId) -> Option<&View> {
        self.by_id.get(&id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &View> {
        self.by_id.values()
    }

    /// The view most likely meant by a client that never names one. Such a client repeats its state every
    /// few minutes, so a view that is in this state comes first: the state of another device must not be
    /// overwritten. Views that are offline come last, because most often their clients are gone; of the
    /// rest it is whichever changed last.
    pub(crate) fn without_id(&self, state: PresenceState) -> Option<&View> {
        let present = |state| state != PresenceState::Offline;
        self.by_id.values().max_by_key(|view| {
            (
                view.state == state && present(state),
                present(view.state),
                view.changed,
            )
        })
    }

    pub(crate) fn of_login(&self, login: SubscriptionId) -> Option<&View> {
        self.by_id.values().find(|view| view.login == Some(login))
    }

    /// Adds a view, or replaces the one of its id.
    pub(crate) fn put(&mut self, view: View) -> Result<(), Fault> {
        if !self.by_id.contains_key(&view.id) && self.by_id.len() >= VIEWS_MAX {
            return Err(Fault::Busy);
        }
        if self.by_id.is_empty() {
            // Most have one, and otherwise there would be room for four.
            self.by_id = LiteMap::with_capacity(1);
        }
        self.by_id.insert(view.id, view);
        Ok(())
    }

    pub(crate) fn remove(&mut self, id: ViewId) -> Option<View> {
        let removed = self.by_id.remove(&id);
        if self.by_id.is_empty() {
            // Most people are not there for most of the time.
            self.by_id = LiteMap::new();
        }
        removed
    }

    /// The merged state, as others are told it: views that are offline count for nothing, active ones
    /// come before idle ones, and of these the one that was changed last decides.
    pub(crate) fn effective(&self) -> PresenceState {
        let online = || {
            self.by_id
                .values()
                .filter(|view| view.state.shown() != PresenceState::Offline)
        };
        online()
            .filter(|view| view.state != PresenceState::Idle)
            .max_by_key(|view| view.changed)
            .or_else(|| online().max_by_key(|view| view.changed))
            .map_or(PresenceState::Offline, |view| view.state)
    }

    pub(crate) fn lapsed(&self, now: SystemTime) -> Vec<ViewId> {
        let over = |view: &&View| view.ends.is_some_and(|ends| ends + GRACE <= now);
        self.by_id.values().filter(over).map(|view| view.id).collect()
    }

    pub(crate) fn next_lapse(&self) -> Option<SystemTime> {
        self.by_id
            .values()
            .filter_map(|view| view.ends)
            .min()
            .map(|ends| ends + GRACE)
    }
}
