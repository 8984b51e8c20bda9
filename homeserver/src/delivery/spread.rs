//! Empties outboxes: one loop for each destination that has something waiting.

use super::outbox::{Client, Parcel};
use super::ways::Way;
use super::{CHANGE_DEADLINE, Delivery};
use membership::{MemberId, Slot};
use proto::{Change, Op, Refusal};
use rvp::Principal;
use std::sync::Arc;
use std::time::Duration;

/// How long to wait before a home that cannot be reached is tried again.
pub(super) const RETRY_AFTER: Duration = Duration::from_millis(200);
/// How often that is done before it is done less often.
const TRIES_QUICK: u32 = 25;
const RETRY_SLOWLY_AFTER: Duration = Duration::from_secs(1);
/// How often a destination is tried in a row before everything for it is dropped: that long nobody has been there,
/// and who watches from there reads everything again. Until then outboxes hold the newest only.
const TRIES_MAX: u32 = 600;

/// How often changes for attached clients are tried while the router that has their connections is not linked: a little
/// longer than they have to come back by another one, where they read everything again.
const TRIES_WITHOUT_LINK: u32 = TRIES_QUICK + 65;

/// Why a destination was not told.
enum Untold {
    /// It may be tried again.
    Failed,
    /// It knows another home of somebody whom this is about.
    Moved,
}

impl Delivery {
    /// Sends what waits for a home until nothing does.
    pub(super) async fn empty_home(&self, home: &MemberId) {
        let mut failures = 0;
        while let Some(parcel) = self.inner.homes.take(home) {
            // A slot that was lost and came back has moved on: what is left of before is not the last word, and
            // whoever took the slot over tells what was not told.
            let slot = Slot::of(&parcel.change.presentity);
            if self.inner.claims.served.claimed_at(slot) != Some(parcel.epoch) {
                parcel.fail();
                continue;
            }
            let Err(untold) = self.tell_home(home, &parcel).await else {
                failures = 0;
                continue;
            };
            failures += 1;
            if let Some(parcel) = self.still_theirs(home, parcel, &untold) {
                self.inner.homes.put_back(home, parcel);
            }
            if failures > TRIES_MAX {
                let dropped = self.inner.homes.close(home);
                tracing::warn!(home = home.as_str(), dropped, "home cannot be told of changes");
                return;
            }
            if !self.wait(retry_after(failures)).await {
                // Whoever waits to know is told no; the next home tells the watchers, as what is kept says.
                self.inner.homes.close(home);
                return;
            }
        }
    }

    /// What of a parcel is to be tried at this home again: watchers whose home has become another one meanwhile
    /// go there. Where the presentity itself has another home, that one tells them.
    fn still_theirs(
        &self,
        home: &MemberId,
        mut parcel: Parcel<Principal>,
        untold: &Untold,
    ) -> Option<Parcel<Principal>> {
        let placement = self.inner.placements.now();
        let is_home = |person: &Principal, id: &MemberId| {
            placement.home_of(person).is_some_and(|member| member.id == *id)
        };
        if matches!(untold, Untold::Moved) && !is_home(&parcel.change.presentity, &self.inner.claims.me) {
            parcel.fail();
            return None;
        }
        let moved = parcel
            .recipients
            .extract_if(.., |watcher| !is_home(watcher, home));
        let moved: Vec<Principal> = moved.collect();
        if !moved.is_empty() {
            self.send_on(&parcel.change, moved, (parcel.epoch, &parcel.tellings));
        }
        (!parcel.recipients.is_empty()).then_some(parcel)
    }

    async fn tell_home(&self, home: &MemberId, parcel: &Parcel<Principal>) -> Result<(), Untold> {
        let link = if *home == self.inner.claims.me {
            // Those who are still on their way here would miss it.
            let served = |watcher| self.inner.claims.served.serves(Slot::of(watcher));
            if !parcel.recipients.iter().all(served) {
                return Err(Untold::Failed);
            }
            None
        } else {
            let placement = self.inner.placements.now();
            let member = placement.members().get(home).ok_or(Untold::Failed)?;
            let link = self.inner.links.to(&member.address).await;
            Some(link.map_err(|_| Untold::Failed)?)
        };
        // To link may have taken a while, in which something newer has gone another way.
        for (change, watchers) in self.inner.told_homes.news(&parcel.change, &parcel.recipients) {
            self.inner.told_homes.put(home.as_str(), &change, &watchers);
            let Some(link) = &link else {
                self.tell_own(&change, watchers).await?;
                continue;
            };
            let change = Arc::unwrap_or_clone(change);
            let op = Op::SpreadChange { change, watchers };
            told(link.call(self.call(CHANGE_DEADLINE, op)).await)?;
        }
        Ok(())
    }

    /// Tells watchers whose home this is, until their routers have it: they may move away meanwhile.
    async fn tell_own(&self, change: &Arc<Change>, watchers: Vec<Principal>) -> Result<(), Untold> {
        let told = self.inner.shards.spread(change, watchers);
        match tokio::time::timeout(CHANGE_DEADLINE, told).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Untold::Failed),
        }
    }

    /// Sends what waits for a router's clients until nothing does. While no router is linked at all, as
    /// when everything has just started, changes wait for one; those for attached clients wait for the router that has
    /// their connections, for as long as it may come back with them.
    pub(super) async fn empty_clients(&self, way: &Way) {
        let mut failures = 0;
        while let Some(mut parcel) = self.inner.clients.take(way) {
            self.drop_strangers(&mut parcel);
            let Err(_) = self.tell_clients(way, &parcel).await else {
                failures = 0;
                continue;
            };
            failures += 1;
            let waits = matches!(way, Way::OnlyBy(router) if !self.is_linked(router));
            if !parcel.recipients.is_empty() {
                self.inner.clients.put_back(way, parcel);
            }
            if self.is_lost(way) {
                // Also for what is behind it: who waits holds up everything for the others of a home.
                self.inner.clients.let_go(way);
            }
            if waits && failures > TRIES_WITHOUT_LINK {
                let (router, dropped) = (way.router(), self.inner.clients.close(way));
                tracing::info!(router, dropped, "a router has not come back with its clients");
                return;
            }
            if failures > TRIES_MAX {
                let (router, dropped) = (way.router(), self.inner.clients.close(way));
                tracing::warn!(router, dropped, "clients cannot be told of changes");
                return;
            }
            if !self.wait(retry_after(failures)).await {
                self.inner.clients.close(way);
                return;
            }
        }
    }

    /// Leaves out clients of people whom this home has lost, be it that they came back: another home may have told
    /// them something newer meanwhile. Whoever sent the change sends it to their new home.
    pub(super) fn drop_strangers(&self, parcel: &mut Parcel<Client>) {
        let before = parcel.recipients.len();
        let claimed = |client: &Client| {
            self.inner
                .claims
                .served
                .claimed_at(Slot::of(&client.login.principal))
        };
        parcel
            .recipients
            .retain(|client| claimed(client) == Some(client.since));
        if parcel.recipients.len() < before {
            parcel.fail();
        }
    }

    async fn tell_clients(&self, way: &Way, parcel: &Parcel<Client>) -> Result<(), Untold> {
        let link = match way {
            Way::By(router) => self.router_for(router),
            Way::OnlyBy(router) => self.linked(router),
        };
        let (link, told_routers) = (link.ok_or(Untold::Failed)?, &self.inner.told_routers);
        for (change, clients) in told_routers.news(&parcel.change, &parcel.recipients) {
            // Before it is known whether the router has it: from now on nothing older may follow.
            match way {
                Way::By(_) => told_routers.put_last(&link.peer().name, &change, &clients),
                // Whose connection it is, they are told by no other.
                Way::OnlyBy(_) => told_routers.put(&link.peer().name, &change, &clients),
            }
            let clients = clients.into_iter().map(|client| client.login).collect();
            let change = Arc::unwrap_or_clone(change);
            let op = Op::DeliverChange { change, clients };
            told(link.call(self.call(CHANGE_DEADLINE, op)).await)?;
        }
        Ok(())
    }

    /// Waits, unless the process is told to stop. Returns whether it did.
    pub(super) async fn wait(&self, duration: Duration) -> bool {
        let cancelled = self.inner.tasks.cancelled();
        tokio::time::timeout(duration, cancelled.cancelled())
            .await
            .is_err()
    }
}

fn retry_after(failures: u32) -> Duration {
    if failures < TRIES_QUICK {
        RETRY_AFTER
    } else {
        RETRY_SLOWLY_AFTER
    }
}

fn told(answer: Result<Result<proto::Answer, Refusal>, proto::link::Error>) -> Result<(), Untold> {
    match answer {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(Refusal::Moved { .. })) => Err(Untold::Moved),
        Ok(Err(Refusal::Fault(_))) | Err(_) => Err(Untold::Failed),
    }
}
