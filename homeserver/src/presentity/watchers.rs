//! Property subscriptions on a person: who is told of changes (spec 3.2).

use super::access::Access;
use rvp::{Fault, Identity, Principal, SubscriptionId};
use std::collections::BTreeSet;
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
    /// By ascending id.
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

/// Seconds since 1970, rounded up, so that nothing ends before its time.
fn seconds(at: SystemTime) -> u32 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seconds = since.as_secs() + u64::from(since.subsec_nanos() > 0);
    u32::try_from(seconds).unwrap_or(u32::MAX)
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
        all.shrink_to_fit();
        Self { all }
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn get(&self, id: SubscriptionId) -> Option<PropertySubscription> {
        let place = self.place(id).ok()?;
        Some(self.all[place].subscription())
    }

    pub(crate) fn has(&self, id: SubscriptionId) -> bool {
        self.place(id).is_ok()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = PropertySubscription> {
        self.all.iter().map(Watch::subscription)
    }

    fn place(&self, id: SubscriptionId) -> Result<usize, usize> {
        self.all.binary_search_by_key(&id, |each| each.id)
    }

    /// Adds a subscription, or renews the one of its id. Says which one had to make room for it.
    pub(crate) fn put(&mut self, new: PropertySubscription) -> Result<Option<SubscriptionId>, Fault> {
        if let Ok(place) = self.place(new.id) {
            self.all[place] = Watch::of(new);
            return Ok(None);
        }
        let evicted = self.make_room(&new.watcher)?;
        if self.all.len() == self.all.capacity() {
            // A quarter more in place of twice as much.
            self.all.reserve_exact((self.all.len() / 4).max(2));
        }
        let (Ok(place) | Err(place)) = self.place(new.id);
        self.all.insert(place, Watch::of(new));
        Ok(evicted)
    }

    fn make_room(&mut self, watcher: &Principal) -> Result<Option<SubscriptionId>, Fault> {
        let same = || self.all.iter().filter(|each| each.watcher == *watcher);
        let evicted = if same().count() >= SAME_WATCHER_MAX {
            same().min_by_key(|each| each.ends).map(|each| each.id)
        } else if self.all.len() >= WATCHERS_MAX {
            return Err(Fault::Busy);
        } else {
            None
        };
        if let Some(id) = evicted {
            self.remove(id);
        }
        Ok(evicted)
    }

    /// Ends a subscription. Says whether there was one.
    pub(crate) fn remove(&mut self, id: SubscriptionId) -> bool {
        let place = self.place(id);
        if let Ok(place) = place {
            self.all.remove(place);
        }
        place.is_ok()
    }

    /// Whom to tell of a change, in order: each once, however often subscribed, if subscriber and call-back
    /// may see the state.
    pub(crate) fn permitted(&self, access: &Access) -> Vec<Principal> {
        let permitted = self.all.iter().filter(|each| each.is_permitted(access));
        let told: BTreeSet<&Principal> = permitted.map(|each| &each.watcher).collect();
        told.into_iter().cloned().collect()
    }

    pub(crate) fn take_ended(&mut self, now: SystemTime) -> Vec<SubscriptionId> {
        let ended = self.all.extract_if(.., |each| each.ends() <= now);
        let ended: Vec<SubscriptionId> = ended.map(|each| each.id).collect();
        if self.all.len() < self.all.capacity() / 2 {
            self.all.shrink_to_fit();
        }
        ended
    }

    pub(crate) fn next_end(&self) -> Option<SystemTime> {
        self.all.iter().map(Watch::ends).min()
    }
}
