//! Property subscriptions on a person: who is told of changes (spec 3.2).

use super::access::Access;
use litemap::LiteMap;
use rvp::{Fault, Identity, Principal, SubscriptionId};
use std::collections::BTreeSet;
use std::time::SystemTime;
use store::PropertySubscription;

/// Property subscriptions on one person.
const WATCHERS_MAX: usize = 10_000;

/// Property subscriptions of one watcher on one person. A client that crashes and comes back subscribes
/// again each time; beyond this its oldest makes room.
const SAME_WATCHER_MAX: usize = 8;

/// The property subscriptions on one person.
#[derive(Debug, Default)]
pub(crate) struct Watchers {
    by_id: LiteMap<SubscriptionId, PropertySubscription>,
}

impl Watchers {
    pub(crate) fn load(subscriptions: Vec<PropertySubscription>) -> Self {
        Self {
            by_id: subscriptions.into_iter().map(|each| (each.id, each)).collect(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn get(&self, id: SubscriptionId) -> Option<&PropertySubscription> {
        self.by_id.get(&id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &PropertySubscription> {
        self.by_id.values()
    }

    /// Adds a subscription, or renews the one of its id. Says which one had to make room for it.
    pub(crate) fn put(&mut self, new: PropertySubscription) -> Result<Option<SubscriptionId>, Fault> {
        let evicted = if self.by_id.contains_key(&new.id) {
            None
        } else {
            self.make_room(&new.watcher)?
        };
        self.by_id.insert(new.id, new);
        Ok(evicted)
    }

    fn make_room(&mut self, watcher: &Principal) -> Result<Option<SubscriptionId>, Fault> {
        let same = || self.by_id.values().filter(|each| each.watcher == *watcher);
        let evicted = if same().count() >= SAME_WATCHER_MAX {
            same().min_by_key(|each| each.ends).map(|each| each.id)
        } else if self.by_id.len() >= WATCHERS_MAX {
            return Err(Fault::Busy);
        } else {
            None
        };
        if let Some(id) = evicted {
            self.by_id.remove(&id);
        }
        Ok(evicted)
    }

    pub(crate) fn remove(&mut self, id: SubscriptionId) -> Option<PropertySubscription> {
        self.by_id.remove(&id)
    }

    /// Whom to tell of a change, in order: each once, however often subscribed, if subscriber and call-back
    /// may see the state.
    pub(crate) fn permitted(&self, access: &Access) -> Vec<Principal> {
        let told: BTreeSet<&Principal> = self
            .by_id
            .values()
            .filter(|each| access.may_watch(&each.subscriber))
            .filter(|each| access.may_watch(&Identity::Person(each.watcher.clone())))
            .map(|each| &each.watcher)
            .collect();
        told.into_iter().cloned().collect()
    }

    pub(crate) fn take_ended(&mut self, now: SystemTime) -> Vec<SubscriptionId> {
        let mut ended = Vec::new();
        self.by_id.retain(|id, each| {
            let is_over = each.ends <= now;
            if is_over {
                ended.push(*id);
            }
            !is_over
        });
        ended
    }

    pub(crate) fn next_end(&self) -> Option<SystemTime> {
        self.by_id.values().map(|each| each.ends).min()
    }
}
