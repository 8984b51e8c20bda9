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

use foldhash::{HashMap, HashSet};
use handed::{Handed, Recipients};
use proto::Change;
use rvp::Principal;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Longer than a change waits at a router for a client that answers, and than one waits for a router.
pub(super) const KEPT: Duration = Duration::from_secs(10);
/// Changes that are kept, each counted as often as it has recipients: at most twice as many, and of the newest no fewer
/// than that, but for those of one change.
const KEPT_MAX: usize = 65_536;

/// What recipients `R` were handed.
#[derive(Debug)]
pub(super) struct Recent<R> {
    state: Mutex<State<R>>,
}

/// Two generations, of which the elder is forgotten as a whole: so nothing is written down only to know what to forget
/// when.
#[derive(Debug)]
struct State<R> {
    young: Generation<R>,
    elder: Generation<R>,
    /// When the young one began.
    began: Instant,
    /// How much the young one was handed.
    handed: usize,
}

#[derive(Debug)]
struct Generation<R> {
    /// By who changed, the oldest first. As below, people and their clients are hashed once for each who is told, and so
    /// are they quickly.
    handed: HashMap<Principal, Vec<Handed<R>>>,
    /// Each recipient once: most are told of many.
    recipients: HashSet<Arc<R>>,
    /// The names of homes or routers, each once. There are few.
    ways: Vec<Arc<str>>,
    /// When and on which way those were handed something last who may be told by another.
    last: HashMap<Arc<R>, (Instant, Arc<str>)>,
}

impl<R> Default for Generation<R> {
    fn default() -> Self {
        Self {
            handed: HashMap::default(),
            recipients: HashSet::default(),
            ways: Vec::new(),
            last: HashMap::default(),
        }
    }
}

impl<R> Default for Recent<R> {
    fn default() -> Self {
        let state = State {
            young: Generation::default(),
            elder: Generation::default(),
            began: Instant::now(),
            handed: 0,
        };
        Self {
            state: Mutex::new(state),
        }
    }
}

impl<R: Eq + Hash + Ord + Clone> Recent<R> {
    /// A change is handed over for these recipients, in their order, on a way, a home or a router.
    pub(super) fn put(&self, way: &str, change: &Arc<Change>, recipients: &[R]) {
        self.with_room(recipients.len(), |state, now| {
            state.put(now, way, change, recipients);
        });
    }

    /// The same, for recipients who may be told by another way: by which it was last is known for a while.
    pub(super) fn put_last(&self, way: &str, change: &Arc<Change>, recipients: &[R]) {
        self.with_room(recipients.len(), |state, now| {
            let put = state.put(now, way, change, recipients);
            let last = put.recipients.iter().map(Arc::clone);
            let last = last.map(|recipient| (recipient, (put.at, Arc::clone(&put.way))));
            state.young.last.extend(last);
        });
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
        let (young, elder) = (&state.young.last, &state.elder.last);
        let (at, way) = young.get(recipient).or_else(|| elder.get(recipient))?;
        is_kept(*at, now).then(|| Arc::clone(way))
    }

    /// A way is lost: what was handed over on it a moment ago, in that order.
    pub(super) fn on(&self, way: &str) -> Vec<(Arc<Change>, Vec<R>)> {
        let (state, now) = (self.lock(), Instant::now());
        let all = state.elder.handed.values().chain(state.young.handed.values());
        let lost = all
            .flatten()
            .filter(|each| *each.way == *way && is_kept(each.at, now));
        let mut taken: Vec<Handed<R>> = lost.cloned().collect();
        drop(state);
        taken.sort_by(|a, b| a.order().cmp(&b.order()));
        let taken = taken.into_iter().map(|each| {
            let recipients = each.recipients.iter().map(|each| R::clone(each));
            (each.change, recipients.collect())
        });
        taken.collect()
    }

    /// As little is held as is needed, also when nobody is handed anything any more.
    pub(super) fn forget(&self) {
        self.with_room(0, |_, _| ());
    }

    /// Does something where there is room for so many more, and forgets for it what is old.
    fn with_room(&self, more: usize, work: impl FnOnce(&mut State<R>, Instant)) {
        let (mut state, now) = (self.lock(), Instant::now());
        let forgotten = state.age(now, more);
        work(&mut state, now);
        // Only now: it may be much.
        drop(state);
        drop(forgotten);
    }

    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Eq + Hash + Ord + Clone> State<R> {
    fn put(&mut self, at: Instant, way: &str, change: &Arc<Change>, recipients: &[R]) -> Handed<R> {
        let handed = Handed {
            at,
            way: self.young.way(way),
            change: Arc::clone(change),
            recipients: self.shared(&change.presentity, recipients),
        };
        self.handed += recipients.len();
        if let Some(before) = self.elder.handed.get_mut(&change.presentity) {
            handed.replace(before);
            if before.is_empty() {
                self.elder.handed.remove(&change.presentity);
            }
        }
        if let Some(before) = self.young.handed.get_mut(&change.presentity) {
            handed.replace(before);
            before.push(handed.clone());
        } else {
            let first = vec![handed.clone()];
            self.young.handed.insert(change.presentity.clone(), first);
        }
        handed
    }

    /// Whoever changes again is most often told to the same people.
    fn shared(&mut self, presentity: &Principal, recipients: &[R]) -> Recipients<R> {
        let before = [&self.young, &self.elder].map(|each| each.handed.get(presentity));
        let is_same = |each: &&Handed<R>| {
            let theirs = each.recipients.iter().map(Arc::as_ref);
            theirs.len() == recipients.len() && theirs.eq(recipients)
        };
        let same = before.into_iter().flatten().flatten().find(is_same);
        if let Some(same) = same {
            return Arc::clone(&same.recipients);
        }
        recipients.iter().map(|each| self.young.shared(each)).collect()
    }

    /// The elder generation is forgotten when nothing of it is needed any more, or there is too much of the young for so
    /// many more. Returns what is forgotten.
    fn age(&mut self, now: Instant, more: usize) -> Option<[Generation<R>; 2]> {
        if self.began + KEPT >= now && self.handed + more <= KEPT_MAX {
            return None;
        }
        let young = std::mem::take(&mut self.young);
        let elder = std::mem::replace(&mut self.elder, young);
        let is_old = self.began + 2 * KEPT < now;
        (self.began, self.handed) = (now, 0);
        let old = if is_old {
            std::mem::take(&mut self.elder)
        } else {
            Generation::default()
        };
        Some([elder, old])
    }

    /// What was handed over a moment ago of somebody's changes, the oldest first.
    fn of(&self, presentity: &Principal, now: Instant) -> impl Iterator<Item = &Handed<R>> {
        let generations = [&self.elder, &self.young].into_iter();
        let handed = generations.filter_map(|each| each.handed.get(presentity));
        handed.flatten().filter(move |each| is_kept(each.at, now))
    }
}

impl<R: Eq + Hash + Clone> Generation<R> {
    fn shared(&mut self, recipient: &R) -> Arc<R> {
        if let Some(known) = self.recipients.get(recipient) {
            return Arc::clone(known);
        }
        let new = Arc::new(recipient.clone());
        self.recipients.insert(Arc::clone(&new));
        new
    }

    fn way(&mut self, way: &str) -> Arc<str> {
        if let Some(known) = self.ways.iter().find(|known| ***known == *way) {
            return Arc::clone(known);
        }
        let new: Arc<str> = way.into();
        self.ways.push(Arc::clone(&new));
        new
    }
}

fn is_kept(at: Instant, now: Instant) -> bool {
    at + KEPT >= now
}

#[cfg(test)]
mod tests;
