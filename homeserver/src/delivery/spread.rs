//! Empties outboxes: one loop for each destination that has something waiting.

use super::outbox::{Client, Parcel};
use super::recent::Recent;
use super::ways::Way;
use super::{CHANGE_DEADLINE, Delivery};
use membership::{MemberId, Slot};
use proto::{CHANGES_MAX, Change, DeliverChange, Link, Op, Refusal, SpreadChange};
use rvp::Principal;
use std::hash::Hash;
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
        while let Some(mut parcels) = self.inner.homes.take(home) {
            // A slot that was lost and came back has moved on: what is left of before is not the last word, and
            // whoever took the slot over tells what was not told.
            let is_late = |parcel: &mut Parcel<Principal>| {
                let slot = Slot::of(&parcel.change.presentity);
                self.inner.claims.served.claimed_at(slot) != Some(parcel.epoch)
            };
            parcels.extract_if(.., is_late).for_each(|late| late.fail());
            let Err(untold) = self.tell_home(home, &parcels).await else {
                failures = 0;
                continue;
            };
            failures += 1;
            for parcel in parcels {
                if let Some(parcel) = self.still_theirs(home, parcel, &untold) {
                    self.inner.homes.put_back(home, parcel);
                }
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

    async fn tell_home(&self, home: &MemberId, parcels: &[Parcel<Principal>]) -> Result<(), Untold> {
        let link = if *home == self.inner.claims.me {
            // Those who are still on their way here would miss it.
            let served = |watcher| self.inner.claims.served.serves(Slot::of(watcher));
            let mut watchers = parcels.iter().flat_map(|parcel| &parcel.recipients);
            if !watchers.all(served) {
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
        let told_homes = &self.inner.told_homes;
        let news = news(told_homes, parcels);
        for (change, watchers) in &news {
            told_homes.put(home.as_str(), change, watchers);
        }
        let Some(link) = link else {
            return self.tell_own(news).await;
        };
        let spread = |(change, watchers)| SpreadChange {
            change: Arc::unwrap_or_clone(change),
            watchers,
        };
        self.tell(&link, news.into_iter().map(spread), Op::SpreadChanges)
            .await
    }

    /// As many at a time as one question takes. Of one change several may come, where some know a part of it.
    async fn tell<T>(
        &self,
        link: &Link,
        mut all: impl Iterator<Item = T>,
        op: fn(Vec<T>) -> Op,
    ) -> Result<(), Untold> {
        loop {
            let portion: Vec<T> = all.by_ref().take(CHANGES_MAX).collect();
            if portion.is_empty() {
                return Ok(());
            }
            told(link.call(self.call(CHANGE_DEADLINE, op(portion))).await)?;
        }
    }

    /// Tells watchers whose home this is, until their routers have it: they may move away meanwhile.
    async fn tell_own(&self, news: Vec<(Arc<Change>, Vec<Principal>)>) -> Result<(), Untold> {
        let told = self.inner.shards.spread(news);
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
        while let Some(mut parcels) = self.inner.clients.take(way) {
            parcels.iter_mut().for_each(|parcel| self.drop_strangers(parcel));
            let Err(_) = self.tell_clients(way, &parcels).await else {
                failures = 0;
                continue;
            };
            failures += 1;
            let waits = matches!(way, Way::OnlyBy(router) if !self.is_linked(router));
            for parcel in parcels.into_iter().filter(|each| !each.recipients.is_empty()) {
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

    async fn tell_clients(&self, way: &Way, parcels: &[Parcel<Client>]) -> Result<(), Untold> {
        let link = match way {
            Way::By(router) => self.router_for(router),
            Way::OnlyBy(router) => self.linked(router),
        };
        let (link, told_routers) = (link.ok_or(Untold::Failed)?, &self.inner.told_routers);
        let news = news(told_routers, parcels);
        for (change, clients) in &news {
            // Before it is known whether the router has it: from now on nothing older may follow.
            match way {
                Way::By(_) => told_routers.put_last(&link.peer().name, change, clients),
                // Whose connection it is, they are told by no other.
                Way::OnlyBy(_) => told_routers.put(&link.peer().name, change, clients),
            }
        }
        self.tell(&link, news.into_iter().map(deliver), Op::DeliverChanges)
            .await
    }

    /// Waits, unless the process is told to stop. Returns whether it did.
    pub(super) async fn wait(&self, duration: Duration) -> bool {
        let cancelled = self.inner.tasks.cancelled();
        tokio::time::timeout(duration, cancelled.cancelled())
            .await
            .is_err()
    }
}

/// What of these parcels their recipients do not know already.
fn news<R: Eq + Hash + Ord + Clone>(told: &Recent<R>, parcels: &[Parcel<R>]) -> Vec<(Arc<Change>, Vec<R>)> {
    let news = parcels
        .iter()
        .flat_map(|parcel| told.news(&parcel.change, &parcel.recipients));
    news.collect()
}

fn deliver((change, clients): (Arc<Change>, Vec<Client>)) -> DeliverChange {
    let mut deliver = DeliverChange {
        change: Arc::unwrap_or_clone(change),
        clients: Vec::new(),
        attached: Vec::with_capacity(clients.len()),
    };
    for Client { login, .. } in clients {
        match login.reach.attachment() {
            Some(id) => deliver.attached.push(id),
            None => deliver.clients.push(login),
        }
    }
    deliver
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
