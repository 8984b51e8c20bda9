//! Property subscriptions on a person: who is told of changes (spec 3.2).

use super::access::Access;
use crate::expiry::whole_second;
use rvp::{Fault, Identity, Principal, SubscriptionId};
use std::time::{Duration, SystemTime};
use store::PropertySubscription;

/// Property subscriptions on one person.
const WATCHERS_MAX: usize = 10_000;

/// Property subscriptions of one watcher on one person. A client that crashes and comes back subscribes
/// again each time; beyond this its oldest makes room.
const SAME_WATCHER_MAX: usize = 8;

/// The property subscriptions on one person. There are more of these than of anything else.
#[derive(Debug, Default)]
pub(crate) struct Watchers {
    /// By watcher, and of each by ascending id: all are told of every change, and hardly ever is one looked for.
    all: Vec<Watch>,
}

/// A property subscription in little room.
#[derive(Debug)]
struct Watch {
    watcher: Principal,
    /// Who asked for it; none for the watcher.
    subscriber: Option<Box<Identity>>,
    id: SubscriptionId,
    /// When it ends, in seconds since 1970. Nobody is looked at more often.
    ends: u32,
}

/// One that made room for another.
#[derive(Clone, Copy)]
struct Evicted {
    place: usize,
    id: SubscriptionId,
}

impl Watch {
    fn of(subscription: PropertySubscription) -> Self {
        let PropertySubscription {
            id,
            watcher,
            subscriber,
            ends,
        } = subscription;
        let other = subscriber.person() != Some(&watcher);
        Self {
            watcher,
            subscriber: other.then(|| Box::new(subscriber)),
            id,
            ends: seconds(ends),
        }
    }

    fn subscription(&self) -> PropertySubscription {
        let own = || Identity::Person(self.watcher.clone());
        PropertySubscription {
            id: self.id,
            watcher: self.watcher.clone(),
            subscriber: self.subscriber.as_deref().cloned().unwrap_or_else(own),
            ends: self.ends(),
        }
    }

    fn key(&self) -> (&Principal, SubscriptionId) {
        (&self.watcher, self.id)
    }

    fn ends(&self) -> SystemTime {
        time(self.ends)
    }

    /// Whether watcher and subscriber may see the state.
    fn is_permitted(&self, access: &Access) -> bool {
        let subscriber = self.subscriber.as_deref();
        subscriber.is_none_or(|subscriber| access.may_watch(subscriber))
            && access.may_watch(&Identity::Person(self.watcher.clone()))
    }
}

fn seconds(at: SystemTime) -> u32 {
    u32::try_from(whole_second(at)).unwrap_or(u32::MAX)
}

fn time(seconds: u32) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.into())
}

/// When a property subscription ends that is to last until then.
pub(super) fn end(at: SystemTime) -> SystemTime {
    time(seconds(at))
}

impl Watchers {
    pub(crate) fn load(subscriptions: Vec<PropertySubscription>) -> Self {
        let mut all: Vec<Watch> = subscriptions.into_iter().map(Watch::of).collect();
        all.sort_unstable_by_key(|each| each.id);
        all.dedup_by_key(|each| each.id);
        all.sort_unstable_by(|a, b| a.key().cmp(&b.key()));
        all.shrink_to_fit();
        Self { all }
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn get(&self, id: SubscriptionId) -> Option<PropertySubscription> {
        let place = self.place(id)?;
        Some(self.all[place].subscription())
    }

    pub(crate) fn has(&self, id: SubscriptionId) -> bool {
        self.place(id).is_some()
    }

    /// By ascending id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = PropertySubscription> {
        let mut all: Vec<&Watch> = self.all.iter().collect();
        all.sort_unstable_by_key(|each| each.id);
        all.into_iter().map(Watch::subscription)
    }

    fn place(&self, id: SubscriptionId) -> Option<usize> {
        self.all.iter().position(|each| each.id == id)
    }

    fn place_of(&self, key: (&Principal, SubscriptionId)) -> Result<usize, usize> {
        self.all.binary_search_by(|each| each.key().cmp(&key))
    }

    /// Adds a subscription, or renews the one of its id, which is of the same watcher. Says which one had to make room for it.
    pub(crate) fn put(&mut self, new: PropertySubscription) -> Result<Option<SubscriptionId>, Fault> {
        let new = Watch::of(new);
        let mut place = match self.place_of(new.key()) {
            Ok(place) => {
                self.all[place] = new;
                return Ok(None);
            }
            Err(place) => place,
        };
        let evicted = self.in_the_way(place, &new.watcher)?;
        if let Some(evicted) = evicted {
            self.all.remove(evicted.place);
            place -= usize::from(evicted.place < place);
        }
        if self.all.len() == self.all.capacity() {
            // A quarter more in place of twice as much.
            self.all.reserve_exact((self.all.len() / 4).max(2));
        }
        self.all.insert(place, new);
        Ok(evicted.map(|evicted| evicted.id))
    }

    /// The one that goes if one more of a watcher comes, whose place is between those of the same.
    fn in_the_way(&self, place: usize, watcher: &Principal) -> Result<Option<Evicted>, Fault> {
        let (before, after) = self.all.split_at(place);
        let is_same = |each: &&Watch| each.watcher == *watcher;
        let before = before.iter().rev().take_while(is_same).count();
        let after = after.iter().take_while(is_same).count();
        if before + after >= SAME_WATCHER_MAX {
            let same = (place - before..place + after).map(|place| (place, &self.all[place]));
            let oldest = same.min_by_key(|(_, each)| each.ends);
            return Ok(oldest.map(|(place, each)| Evicted { place, id: each.id }));
        }
        if self.all.len() >= WATCHERS_MAX {
            return Err(Fault::Busy);
        }
        Ok(None)
    }

    /// Ends a subscription. Says whether there was one.
    pub(crate) fn remove(&mut self, id: SubscriptionId) -> bool {
        let place = self.place(id);
        if let Some(place) = place {
            self.all.remove(place);
            self.shrink();
        }
        place.is_some()
    }

    /// Those who were here at one time are not to have room for as long as the person is.
    fn shrink(&mut self) {
        if self.all.is_empty() || self.all.len() < self.all.capacity() / 2 {
            self.all.shrink_to_fit();
        }
    }

    /// Whom to tell of a change, in order: each once, however often subscribed, if subscriber and call-back
    /// may see the state.
    pub(crate) fn permitted(&self, access: &Access) -> Vec<Principal> {
        let permitted = self.all.iter().filter(|each| each.is_permitted(access));
        let mut told: Vec<Principal> = Vec::with_capacity(self.all.len());
        for watch in permitted {
            if told.last() != Some(&watch.watcher) {
                told.push(watch.watcher.clone());
            }
        }
        told
    }

    /// Ends those whose time has come, by ascending id.
    pub(crate) fn take_ended(&mut self, now: SystemTime) -> Vec<SubscriptionId> {
        let ended = self.all.extract_if(.., |each| each.ends() <= now);
        let mut ended: Vec<SubscriptionId> = ended.map(|each| each.id).collect();
        ended.sort_unstable();
        self.shrink();
        ended
    }

    pub(crate) fn next_end(&self) -> Option<SystemTime> {
        self.all.iter().map(Watch::ends).min()
    }
}
