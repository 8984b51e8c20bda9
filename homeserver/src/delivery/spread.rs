//! Empties outboxes: one loop for each destination that has something waiting.

use super::{CHANGE_DEADLINE, Delivery};
use membership::{MemberId, Slot};
use proto::{Answer, Change, ClientLogin, Op, Refusal};
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
                let dropped = self.inner.homes.close(home) + 1;
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
        let (theirs, moved): (BTreeSet<_>, BTreeSet<_>) = watchers.into_iter().partition(|watcher| {
            placement
                .home_of(watcher)
                .is_some_and(|member| member.id == *home)
        });
        if !moved.is_empty() {
            self.spread(change, moved.into_iter().collect());
        }
        theirs
    }

    async fn tell_home(
        &self,
        home: &MemberId,
        change: &Change,
        watchers: &BTreeSet<Principal>,
    ) -> Result<(), ()> {
        let watchers: Vec<Principal> = watchers.iter().cloned().collect();
        if *home == self.inner.me {
            // Those who are still on their way here would miss it.
            if watchers
                .iter()
                .any(|watcher| !self.inner.served.serves(Slot::of(watcher)))
            {
                return Err(());
            }
            return self.inner.shards.spread(change, watchers).await.map_err(drop);
        }
        let placement = self.inner.placements.now();
        let address = placement
            .members()
            .get(home)
            .map(|member| member.address.clone())
            .ok_or(())?;
        let link = self.inner.links.to(&address).await.map_err(drop)?;
        let op = Op::SpreadChange {
            change: change.clone(),
            watchers,
        };
        match link.call(self.call(CHANGE_DEADLINE, op)).await {
            Ok(Ok(Answer::Done | Answer::Reply(_) | Answer::Authenticated(_) | Answer::Outcome(_))) => Ok(()),
            Ok(Err(Refusal::Fault(_) | Refusal::Moved { .. })) | Err(_) => Err(()),
        }
    }

    /// Sends what waits for a router's clients until nothing does. While no router is linked at all, as
    /// when everything has just started, changes wait for one.
    pub(super) async fn empty_clients(&self, router: &String) {
        let mut failures = 0;
        while let Some((change, clients)) = self.inner.clients.take(router) {
            if self.tell_clients(router, &change, &clients).await.is_ok() {
                failures = 0;
                continue;
            }
            failures += 1;
            if failures > TRIES_MAX {
                let dropped = self.inner.clients.close(router) + 1;
                tracing::warn!(router, dropped, "clients cannot be told of changes");
                return;
            }
            self.inner.clients.put_back(router, &change, clients);
            if !self.wait(RETRY_AFTER).await {
                return;
            }
        }
    }

    async fn tell_clients(
        &self,
        router: &str,
        change: &Change,
        clients: &BTreeSet<ClientLogin>,
    ) -> Result<(), ()> {
        let link = self.router_for(router).ok_or(())?;
        let op = Op::DeliverChange {
            change: change.clone(),
            clients: clients.iter().cloned().collect(),
        };
        match link.call(self.call(CHANGE_DEADLINE, op)).await {
            Ok(Ok(Answer::Done | Answer::Reply(_) | Answer::Authenticated(_) | Answer::Outcome(_))) => Ok(()),
            Ok(Err(Refusal::Fault(_) | Refusal::Moved { .. })) | Err(_) => Err(()),
        }
    }

    /// Waits, unless the process is told to stop. Returns whether it did.
    async fn wait(&self, duration: Duration) -> bool {
        let cancelled = self.inner.tasks.cancelled();
        tokio::time::timeout(duration, cancelled.cancelled())
            .await
            .is_err()
    }
}
