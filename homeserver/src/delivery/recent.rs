//! What recipients were handed a moment ago, and on which way: watchers by their home, clients by their router.
//!
//! Of each property only the newest value is kept: whatever comes later and is older, because it waited for a home or
//! router that could not be reached, is not handed over any more. To hear of a state twice does no harm, to hear of an
//! older one last does.
//!
//! A router keeps changes only in memory until clients have taken them, so when it is lost its clients may not have
//! heard; they are told again through another one. Messages are not here: their senders wait for an outcome.
//!
//! It is found by who changed, since versions are of one person: nearly always nothing newer of that person was handed to
//! anybody, and that is one look for all who are told.

mod handed;
mod state;

use handed::Handed;
use proto::Change;
use state::State;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Longer than a change waits at a router for a client that answers, and than one waits for a router.
const KEPT: Duration = Duration::from_secs(10);
/// Changes that are kept, each counted as often as it has recipients: at most an eighth more, and of the newest no fewer
/// than that, but for those of one change.
const KEPT_MAX: usize = 65_536;
/// What was handed over within that long is forgotten together, once the last of it is older than [`KEPT`].
pub(super) const FORGOTTEN_TOGETHER: Duration = Duration::from_millis(1_250);
/// So much of it at most, but for those of one change.
const FORGOTTEN_TOGETHER_MAX: usize = KEPT_MAX / 8;

/// What recipients `R` were handed.
#[derive(Debug)]
pub(super) struct Recent<R> {
    state: Mutex<State<R>>,
}

impl<R> Default for Recent<R> {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
        }
    }
}

impl<R: Eq + Hash + Ord + Clone> Recent<R> {
    /// A change is handed over for these recipients, in their order, on a way, a home or a router.
    pub(super) fn put(&self, way: &str, change: &Arc<Change>, recipients: &[R]) {
        self.with_room(|state, now| {
            state.put(now, way, change, recipients);
        });
    }

    /// The same, for recipients who may be told by another way: by which it was last is known for a while.
    pub(super) fn put_last(&self, way: &str, change: &Arc<Change>, recipients: &[R]) {
        self.with_room(|state, now| state.put_last(now, way, change, recipients));
    }

    /// What of a change is not older than what these recipients were handed, and for whom.
    pub(super) fn news(&self, change: &Arc<Change>, recipients: &[R]) -> Vec<(Arc<Change>, Vec<R>)> {
        if recipients.is_empty() || change.properties.is_empty() {
            return Vec::new();
        }
        let (state, now) = (self.lock(), Instant::now());
        let newer: Vec<&Handed<R>> = state
            .of(&change.presentity, now)
            .filter(|each| each.replaces_some_of(change))
            .collect();
        if newer.is_empty() {
            drop(state);
            return vec![(Arc::clone(change), recipients.to_vec())];
        }
        let mut news: Vec<(Arc<Change>, Vec<R>)> = Vec::new();
        for recipient in recipients {
            let newer = newer.iter().filter(|each| each.is_for(recipient));
            let newer: Vec<&Change> = newer.map(|each| each.change.as_ref()).collect();
            let is_left = |property: &&_| !newer.iter().any(|each| each.sets(property));
            let left = || change.properties.iter().filter(is_left);
            match news.iter_mut().find(|(same, _)| left().eq(&same.properties)) {
                Some((_, recipients)) => recipients.push(recipient.clone()),
                None if left().next().is_none() => {}
                None => {
                    let part = Change {
                        presentity: change.presentity.clone(),
                        properties: left().cloned().collect(),
                        version: change.version,
                    };
                    news.push((Arc::new(part), vec![recipient.clone()]));
                }
            }
        }
        news
    }

    /// On which way a recipient was handed something last, of those of whom that is known.
    pub(super) fn way_of(&self, recipient: &R) -> Option<Arc<str>> {
        let (state, now) = (self.lock(), Instant::now());
        state.way_of(recipient, now)
    }

    /// A way is lost: what was handed over on it a moment ago, in that order.
    pub(super) fn on(&self, way: &str) -> Vec<(Arc<Change>, Vec<R>)> {
        let (state, now) = (self.lock(), Instant::now());
        let mut taken: Vec<Handed<R>> = state.on(way, now).cloned().collect();
        drop(state);
        taken.sort_by_key(|each| each.at);
        let taken = taken.into_iter().map(|each| {
            let recipients = each.recipients.iter().map(|each| R::clone(each));
            (each.change, recipients.collect())
        });
        taken.collect()
    }

    /// As little is held as is needed, also when nobody is handed anything any more.
    pub(super) fn forget(&self) {
        self.with_room(|_, _| ());
    }

    /// Does something where there is room for more, and forgets for it what is old.
    fn with_room(&self, work: impl FnOnce(&mut State<R>, Instant)) {
        let (mut state, now) = (self.lock(), Instant::now());
        let forgotten = state.forget(now);
        work(&mut state, now);
        // Only now: it may be much.
        drop(state);
        drop(forgotten);
    }

    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
