//! Changes that wait for one client: of each presentity only the newest. What is the same for all who are told a change
//! is made once, and held by all of them together.

use attachment::limits::WATCHED_MAX;
use proto::Change;
use rvp::{Principal, Property};
use smallvec::SmallVec;
use std::sync::{Arc, OnceLock};

/// Presentities whose changes may wait for one client: as many as may be watched, for all of whom it may ask at once.
const CHANGES_MAX: usize = WATCHED_MAX;

/// A change, for all who are told it.
#[derive(Debug)]
pub(crate) struct News {
    change: Change,
    /// Made by the first who writes it. None where there is nothing to say.
    text: OnceLock<Option<String>>,
}

impl News {
    pub(crate) fn new(change: Change) -> Arc<Self> {
        let text = OnceLock::new();
        Arc::new(Self { change, text })
    }

    pub(crate) fn change(&self) -> &Change {
        &self.change
    }

    /// How an attached client is told, the same for each. `write` is asked once.
    pub(crate) fn text(&self, write: impl FnOnce(&Change) -> Option<String>) -> Option<&str> {
        self.text.get_or_init(|| write(&self.change)).as_deref()
    }

    /// What holds after both: of each property the newer value. Only where the older has something that the newer has
    /// not, that is another change than the newer.
    fn over(self: &Arc<Self>, older: &Self) -> Arc<Self> {
        let is_left = |old: &&Property| !self.change.sets(old);
        if !older.change.properties.iter().any(|old| is_left(&old)) {
            return Arc::clone(self);
        }
        let mut change = self.change.clone();
        let left = older.change.properties.iter().filter(is_left);
        change.properties.extend(left.cloned());
        Self::new(change)
    }
}

/// Changes that wait for one client. Most have none or one, for which there is room without a block of memory.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// By the addresses of whom they are of, the last of them first: the next is taken from the end.
    waiting: SmallVec<[Arc<News>; 2]>,
}

impl Changes {
    /// Puts a change in: of each property the newer value waits. Beyond the bound the change is dropped: the
    /// state is read again with the next watch (spec 7.4).
    pub(crate) fn put(&mut self, news: Arc<News>) {
        match self.find(&news.change.presentity) {
            Ok(at) => {
                let waiting = &mut self.waiting[at];
                *waiting = if waiting.change.version < news.change.version {
                    news.over(waiting)
                } else {
                    waiting.over(&news)
                };
            }
            Err(at) if self.waiting.len() < CHANGES_MAX => self.waiting.insert(at, news),
            Err(_) => {}
        }
    }

    /// Nobody is told of this person any more.
    pub(crate) fn remove(&mut self, whose: &Principal) {
        if let Ok(at) = self.find(whose) {
            self.waiting.remove(at);
            self.give_room_back();
        }
    }

    /// The next of somebody.
    pub(crate) fn pop(&mut self) -> Option<Arc<News>> {
        self.pop_unless(|_| false)
    }

    /// The next of somebody of whom none is held back.
    pub(crate) fn pop_unless(&mut self, held: impl Fn(&Principal) -> bool) -> Option<Arc<News>> {
        let may_go = |each: &Arc<News>| !held(&each.change.presentity);
        let next = self.waiting.iter().rposition(may_go)?;
        let popped = self.waiting.remove(next);
        self.give_room_back();
        Some(popped)
    }

    /// Where the one of somebody is, or would be.
    fn find(&self, whose: &Principal) -> Result<usize, usize> {
        self.waiting
            .binary_search_by(|each| whose.cmp(&each.change.presentity))
    }

    /// What many took is given back: nearly all are empty nearly all of the time.
    fn give_room_back(&mut self) {
        if self.waiting.is_empty() {
            self.waiting = SmallVec::new();
        }
    }
}

#[cfg(test)]
#[path = "changes_tests.rs"]
mod tests;
