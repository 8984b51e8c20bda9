//! What each router was handed a moment ago. A router keeps changes only in memory until clients have taken them,
//! so when it is lost its clients may not have heard; they are told again through another one.
//!
//! To hear of a state twice does no harm. Messages are not here: their senders wait for an outcome.

use proto::{Change, ClientLogin};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Longer than a change waits at a router for a client that answers.
const KEPT: Duration = Duration::from_secs(5);
/// Clients with a change that are kept for one router; beyond this the oldest are forgotten.
const KEPT_MAX: usize = 16_384;

#[derive(Debug, Default)]
pub(super) struct Recent {
    by_router: Mutex<HashMap<String, VecDeque<Handed>>>,
}

/// A change that a router was handed for a client.
#[derive(Debug)]
struct Handed {
    at: Instant,
    change: Change,
    client: ClientLogin,
}

impl Recent {
    /// A router was handed a change for these clients.
    pub(super) fn put(&self, router: &str, change: &Change, clients: Vec<ClientLogin>) {
        let now = Instant::now();
        let mut by_router = self.lock();
        let handed = match by_router.get_mut(router) {
            Some(handed) => handed,
            None => by_router.entry(router.to_owned()).or_default(),
        };
        while handed.front().is_some_and(|oldest| oldest.at + KEPT < now) {
            handed.pop_front();
        }
        for client in clients {
            if handed.len() >= KEPT_MAX {
                handed.pop_front();
            }
            let change = change.clone();
            handed.push_back(Handed {
                at: now,
                change,
                client,
            });
        }
    }

    /// A router is lost: what it was handed a moment ago, in that order.
    pub(super) fn take(&self, router: &str) -> Vec<(Change, ClientLogin)> {
        let (handed, now) = (self.lock().remove(router), Instant::now());
        let recent = handed
            .unwrap_or_default()
            .into_iter()
            .filter(|each| each.at + KEPT >= now);
        recent.map(|each| (each.change, each.client)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, VecDeque<Handed>>> {
        self.by_router.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rvp::{ClientUrl, PresenceState, Principal, Property, SubscriptionId};

    fn change(version: u64) -> Change {
        Change {
            presentity: Principal::from_address("alice@im.example.com").unwrap(),
            properties: vec![Property::State(PresenceState::Busy)],
            version,
        }
    }

    fn client() -> ClientLogin {
        ClientLogin {
            principal: Principal::from_address("bob@im.example.com").unwrap(),
            login: SubscriptionId::new(1).unwrap(),
            call_back: ClientUrl::parse("http://192.0.2.1:1/").unwrap(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_handed_over_long_ago_is_not_told_again() {
        let recent = Recent::default();
        recent.put("r-1", &change(1), vec![client()]);
        tokio::time::advance(KEPT).await;
        recent.put("r-1", &change(2), vec![client()]);
        tokio::time::advance(Duration::from_secs(1)).await;
        recent.put("r-2", &change(3), vec![client()]);
        assert_eq!(recent.take("r-1"), [(change(2), client())]);
        assert_eq!(recent.take("r-1"), []);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_is_bounded() {
        let recent = Recent::default();
        for version in 0..KEPT_MAX as u64 + 7 {
            recent.put("r-1", &change(version), vec![client()]);
        }
        let taken = recent.take("r-1");
        assert_eq!((taken.len(), taken[0].0.version), (KEPT_MAX, 7));
    }
}
