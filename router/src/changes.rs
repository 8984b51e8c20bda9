//! Changes that wait for one client: of each presentity only the newest.

use attachment::limits::WATCHED_MAX;
use proto::Change;
use rvp::Principal;
use std::collections::BTreeMap;

/// Presentities whose changes may wait for one client: as many as may be watched, for all of whom it may ask at once.
const CHANGES_MAX: usize = WATCHED_MAX;

/// Changes that wait for one client.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    by_presentity: BTreeMap<Principal, Change>,
}

impl Changes {
    /// Puts a change in: of each property the newer value waits. Beyond the bound the change is dropped: the
    /// state is read again with the next watch (spec 7.4).
    pub(crate) fn put(&mut self, change: Change) {
        let Some(waiting) = self.by_presentity.get_mut(&change.presentity) else {
            if self.by_presentity.len() < CHANGES_MAX {
                self.by_presentity.insert(change.presentity.clone(), change);
            }
            return;
        };
        let older = if waiting.version < change.version {
            std::mem::replace(waiting, change)
        } else {
            change
        };
        for old in older.properties {
            if !waiting.sets(&old) {
                waiting.properties.push(old);
            }
        }
    }

    /// The next of somebody.
    pub(crate) fn pop(&mut self) -> Option<Change> {
        let popped = self.by_presentity.pop_first();
        self.give_back_room();
        popped.map(|(_, change)| change)
    }

    /// The next of somebody of whom none is held back.
    pub(crate) fn pop_unless(&mut self, held: impl Fn(&Principal) -> bool) -> Option<Change> {
        let next = self.by_presentity.keys().find(|whose| !held(whose))?.clone();
        let popped = self.by_presentity.remove(&next);
        self.give_back_room();
        popped
    }

    /// An empty tree keeps room for eleven, and nearly all are empty nearly all of the time.
    fn give_back_room(&mut self) {
        if self.by_presentity.is_empty() {
            self.by_presentity = BTreeMap::new();
        }
    }
}
