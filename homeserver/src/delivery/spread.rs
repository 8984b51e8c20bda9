//! Empties outboxes: one loop for each destination that has something waiting.

use super::{CHANGE_DEADLINE, Delivery};
use membership::MemberId;
use proto::{Answer, Change, Op, Refusal};
use rvp::Principal;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long to wait before a home that cannot be reached is tried again.
const RETRY_AFTER: Duration = Duration::from_millis(200);
/// How often a change is tried before it is dropped: presence must be right again within five seconds, and
/// what is older than that is read again with the next watch.
const TRIES_MAX: u32 = 25;

impl Delivery {
    /// Sends what waits for a home until nothing does.
    pub(super) async fn empty_home(&self, home: &MemberId) {
        let mut failures = 0;
        while let Some((change, watchers)) = self.inner.homes.take(home) {
            if self.tell_home(home, &change, &watchers).await.is_ok() {
                failures = 0;
                continue;
            }
            failures += 1;
            let still_theirs = self.split(home, &change, watchers);
            if failures > TRIES_MAX {
                let dropped = self.inner.homes.close(home).len() + 1;
                tracing::warn!(home = home.as_str(), dropped, "home cannot be told of changes");
                return;
            }
            if !still_theirs.is_empty() {
                self.inner.homes.put_back(home, &change, still_theirs);
            }
            if !self.wait(RETRY_AFTER).await {
                return;
            }
        }
    }

    /// Watchers whose home has become another one meanwhile go there; returns the rest.
    fn split(&self, home: &MemberId, change: &Change, watchers: BTreeSet<Principal>) -> BTreeSet<Principal> {
        let placement = self.inner.placements.now();
        let (theirs, moved): (BTreeSet<_>, BTreeSet<_>) = watchers
            .into_iter()
            .partition(|watcher| placement.home_of(watcher).is_some_and(|member| member.id == *home));
        if !moved.is_empty() {
            self.spread(change, moved.into_iter().collect());
        }
        theirs
    }

    async fn tell_home(&self, home: &MemberId, change: &Change, watchers: &BTreeSet<Principal>) -> Result<(), ()> {
        let watchers: Vec<Principal> = watchers.iter().cloned().collect();
        if *home == self.inner.me {
            return self.inner.shards.spread(change, watchers).await.map_err(drop);
        }
        let placement = self.inner.placements.now();
        let address = placement.members().get(home).map(|member| member.address.clone()).ok_or(())?;
        let link = self.inner.links.to(&address).await.map_err(drop)?;
        let op = Op::SpreadChange { change: change.clone(), watchers };
        match link.call(self.call(CHANGE_DEADLINE, op)).await {
            Ok(Ok(Answer::Done | Answer::Reply(_) | Answer::Authenticated(_) | Answer::Outcome(_))) => Ok(()),
            Ok(Err(Refusal::Fault(_) | Refusal::Moved { .. })) | Err(_) => Err(()),
        }
    }

    /// Sends what waits for a router's clients until nothing does. A router that is gone takes the
    /// changes with it: its clients read the state again when they watch again (spec 7.4).
    pub(super) async fn empty_clients(&self, router: &String) {
        while let Some((change, clients)) = self.inner.clients.take(router) {
            let link = self.routers().get(router).cloned();
            let Some(link) = link else {
                self.inner.clients.close(router);
                return;
            };
            let op = Op::DeliverChange { change, clients: clients.into_iter().collect() };
            if let Err(error) = link.call(self.call(CHANGE_DEADLINE, op)).await {
                let error: &dyn std::error::Error = &error;
                tracing::info!(router, error, "a change was not delivered");
            }
        }
    }

    /// Waits, unless the process is told to stop. Returns whether it did.
    async fn wait(&self, duration: Duration) -> bool {
        let cancelled = self.inner.tasks.cancelled();
        tokio::time::timeout(duration, cancelled.cancelled()).await.is_err()
    }
}
