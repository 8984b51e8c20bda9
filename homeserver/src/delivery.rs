//! Carries out what the core decided: messages to clients by their routers, changes to watchers by their
//! homes. It decides nothing.

mod contacts;
mod lost;
mod outbox;
mod probe;
mod recent;
mod spread;
mod telling;
mod turns;
mod ways;

pub(crate) use telling::Telling;
pub(crate) use ways::Ways;

use crate::claims::Claims;
use crate::command::{RouterName, Taken};
use crate::metrics::Metrics;
use crate::shards::Shards;
use daemon::{OnError, Tasks};
use lost::LostRouters;
use membership::{MemberId, Placements, Slot};
use outbox::{Client, Outboxes, Parcel};
use proto::{
    Answer, Asker, Call, Change, ClientLogin, DeliverMessage, Detach, Link, Links, Op, Outcome, Refusal,
};
use recent::Recent;
use rvp::{Principal, Reach};
use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;
use tokio::time::Instant;
use turns::Turns;
use ways::Way;

/// How long a message's last hop may take: a client has ten seconds to answer (spec 3.7), and one retry
/// of the connection.
const MESSAGE_DEADLINE: Duration = Duration::from_secs(15);
/// How long a router or home may take to queue a change.
const CHANGE_DEADLINE: Duration = Duration::from_secs(5);

/// How often and how long apart the store is asked whether claims stand, before a lost router's clients are told again.
const CONFIRM_TRIES: u32 = 4;
const CONFIRM_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// The ways out of a home server. Cloning copies a pointer.
#[derive(Clone)]
pub(crate) struct Delivery {
    inner: Arc<Inner>,
}

struct Inner {
    /// When this home began.
    began: Instant,
    links: Links,
    placements: Placements,
    shards: Shards,
    claims: Claims,
    tasks: Tasks,
    metrics: Metrics,
    /// Routers that hold a link to us, by name.
    routers: Mutex<BTreeMap<String, Link>>,
    /// Routers that have linked while this home was new, also if their links have ended.
    met: Mutex<BTreeSet<String>>,
    /// Those whose link has ended a moment ago.
    lost: LostRouters,
    /// Changes for the watchers at each home, ourselves among them.
    homes: Outboxes<MemberId, Principal>,
    /// Changes for the clients behind each router.
    clients: Outboxes<Way, Client>,
    /// What homes were handed a moment ago, and what routers.
    told_homes: Recent<Principal>,
    told_routers: Recent<Client>,
    turns: Turns,
}

impl Delivery {
    pub(crate) fn new(
        claims: Claims,
        links: Links,
        placements: Placements,
        shards: Shards,
        (tasks, metrics): (Tasks, Metrics),
    ) -> Self {
        let inner = Inner {
            began: Instant::now(),
            claims,
            links,
            placements,
            shards,
            tasks,
            metrics,
            routers: Mutex::default(),
            met: Mutex::default(),
            lost: LostRouters::default(),
            homes: Outboxes::default(),
            clients: Outboxes::default(),
            told_homes: Recent::default(),
            told_routers: Recent::default(),
            turns: Turns::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Whether a router can be reached.
    pub(crate) fn is_linked(&self, router: &str) -> bool {
        self.routers().get(router).is_some_and(|link| !link.is_closed())
    }

    /// A router has opened a link.
    pub(crate) fn router_opened(&self, link: &Link) {
        tracing::info!(router = link.peer().name, "router linked");
        let before = self.routers().insert(link.peer().name.clone(), link.clone());
        self.inner.lost.remove(&link.peer().name);
        // Not before it can be asked: whoever waits for it goes on with this.
        self.meet(&link.peer().name);
        if before.is_some() {
            // It may have begun anew, without a connection of before, and without what waited for its clients.
            self.doubt_attachments(&link.peer().name);
            self.tell_again(&link.peer().name);
        }
    }

    /// Whoever is attached to a router is given up after a while, unless the router says that it has them. What it says
    /// over a link that it opens from now on comes after this.
    fn doubt_attachments(&self, router: &str) {
        let router: RouterName = router.into();
        let full = self.inner.shards.router_lost(&router);
        if full.is_empty() {
            return;
        }
        let shards = self.inner.shards.clone();
        self.inner
            .tasks
            .spawn("doubt attachments", OnError::Log, async move {
                shards.router_lost_later(&router, full).await;
                Ok(())
            });
    }

    /// A router's link is gone.
    pub(crate) fn router_closed(&self, link: &Link) {
        let router = &link.peer().name;
        {
            let mut routers = self.routers();
            if !routers.get(router).is_some_and(|open| open.is_same(link)) {
                return;
            }
            routers.remove(router);
        }
        self.inner.lost.add(router);
        tracing::info!(router, "router's link ended");
        self.doubt_attachments(router);
        self.tell_again(router);
    }

    /// What a router was handed a moment ago may not have reached its clients.
    fn tell_again(&self, router: &str) {
        let handed = self.inner.told_routers.on(router);
        if handed.is_empty() {
            return;
        }
        let (delivery, router) = (self.clone(), router.to_owned());
        self.inner
            .tasks
            .spawn("tell a lost router's clients again", OnError::Log, async move {
                delivery
                    .confirm(handed.iter().flat_map(|(_, clients)| clients))
                    .await;
                for (change, clients) in handed {
                    let mut ways = Ways::default();
                    for client in clients {
                        delivery.add_client(client, &router, &mut ways);
                    }
                    delivery.change(&change, ways, &[]);
                }
                Ok(())
            });
    }

    /// A router may have hung up because this home has lost its people without hearing of it, and another one tells
    /// them newer things: the store knows. While it does not answer, this home goes by what it knows, after a while.
    async fn confirm(&self, clients: impl Iterator<Item = &Client>) {
        let slots: BTreeMap<u16, (Slot, u64)> = clients
            .map(|client| (Slot::of(&client.login.principal), client.since))
            .map(|(slot, since)| (slot.number(), (slot, since)))
            .collect();
        let held: Vec<(Slot, u64)> = slots.into_values().collect();
        for _ in 0..CONFIRM_TRIES {
            if self.inner.claims.confirm(&held).await.is_ok() || !self.wait(CONFIRM_AGAIN_AFTER).await {
                return;
            }
        }
    }

    /// Hands a message to a client by the router of its login, or by another one if that is gone: any
    /// router can reach a call-back. `sender` is who asked, if the outcome at this client is enough to answer it: where
    /// that is a client of the same router, the router tells it.
    pub(crate) async fn message(
        &self,
        router: &str,
        mut message: DeliverMessage,
        (taken, sender): (Taken, Option<Asker>),
    ) -> Outcome {
        let turn = match taken {
            Taken::No => self.inner.turns.behind_others(&message.login).await,
            Taken::Perhaps => Some(self.inner.turns.begin(&message.login).await),
        };
        if taken == Taken::Perhaps {
            self.await_router(router).await;
            if self.was_taken(router, &message).await {
                return Outcome::Taken;
            }
        }
        let attached = message.login.reach.attachment().is_some();
        let Some(link) = self.router_of(&message.login.reach, router) else {
            if !attached {
                tracing::warn!("no router is linked, a message cannot be delivered");
            }
            return Outcome::Unreachable;
        };
        message.asked_by = sender.as_ref().and_then(|sender| sender.call_on(&link));
        let call = self.call(MESSAGE_DEADLINE, Op::DeliverMessage(message));
        let mut answer = std::pin::pin!(link.call(call));
        // With that it is on the link, and whoever's turn is next comes behind it.
        let begun = poll_fn(|context| Poll::Ready(answer.as_mut().poll(context))).await;
        drop(turn);
        let answer = match begun {
            Poll::Ready(answer) => answer,
            Poll::Pending => answer.await,
        };
        match answer {
            Ok(Ok(Answer::Outcome(outcome))) => outcome,
            Ok(Ok(Answer::Told)) => {
                if let Some(sender) = &sender {
                    sender.was_told();
                }
                Outcome::Taken
            }
            // Whether or not the client has it: it comes back for what it did not acknowledge, and knows a message
            // again.
            _ if attached => Outcome::Unreachable,
            // It was not handed over: the router is behind, or stops.
            Ok(Err(Refusal::Fault(_) | Refusal::Moved { .. })) => Outcome::Busy,
            Ok(_) => Outcome::Rejected,
            Err(proto::link::Error::Full) => Outcome::Busy,
            Err(proto::link::Error::Deadline) => Outcome::Expired,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::info!(router = link.peer().name, error, "message has no outcome");
                // The client may have taken it.
                Outcome::Expired
            }
        }
    }

    /// Adds a client of somebody whom this home has since an epoch to those who are told of a change: by the router of its
    /// login, or a newer one in its place.
    pub(crate) fn add(&self, (login, since): (ClientLogin, u64), router: &str, ways: &mut Ways) {
        self.add_client(Client { login, since }, router, ways);
    }

    /// A client that has begun to use another router may still have something waiting at the one before: for a moment
    /// what follows goes there as well, so that it cannot overtake. A connection is at the one router only.
    fn add_client(&self, client: Client, router: &str, ways: &mut Ways) {
        if client.login.reach.attachment().is_some() {
            return ways.add(router, true, client);
        }
        let before = self.inner.told_routers.way_of(&client);
        let before = before.filter(|before| self.is_linked(before));
        ways.add(before.as_deref().unwrap_or(router), false, client);
    }

    /// Hands a change to clients.
    pub(crate) fn change(&self, change: &Arc<Change>, ways: Ways, tellings: &[Telling]) {
        for (way, clients) in ways.all {
            // Nobody else waits for a router that may be gone for good.
            let tellings = if self.is_lost(&way) { &[] } else { tellings };
            let parcel = Parcel::new(change, clients, (0, tellings));
            if self.inner.clients.put(&way, parcel) {
                let (delivery, tells) = (self.clone(), self.inner.metrics.tells());
                self.inner
                    .tasks
                    .spawn("spread changes to a router", OnError::Log, async move {
                        delivery.empty_clients(&way).await;
                        drop(tells);
                        Ok(())
                    });
            }
        }
    }

    /// Tells watchers of a change of somebody whom this home has since an epoch, at their homes; what is returned says
    /// whether all of them were told, at the latest when this home stops.
    pub(crate) fn spread(
        &self,
        change: &Arc<Change>,
        watchers: Vec<Principal>,
        epoch: u64,
    ) -> impl Future<Output = bool> + Send + use<> {
        self.inner.metrics.spread(watchers.len());
        let (telling, told) = Telling::new();
        self.send_on(change, watchers, (epoch, &[telling]));
        let stopping = self.inner.tasks.cancelled();
        async move { matches!(stopping.run_until_cancelled(told).await, Some(Ok(true))) }
    }

    fn send_on(&self, change: &Arc<Change>, watchers: Vec<Principal>, (epoch, tellings): (u64, &[Telling])) {
        let placement = self.inner.placements.now();
        let mut by_home: BTreeMap<&MemberId, Vec<Principal>> = BTreeMap::new();
        for watcher in watchers {
            match placement.home_of(&watcher) {
                Some(home) => by_home.entry(&home.id).or_default().push(watcher),
                // Without members nobody can be told; whoever takes the presentity over will.
                None => tellings.iter().for_each(Telling::fail),
            }
        }
        for (home, recipients) in by_home {
            let parcel = Parcel::new(change, recipients, (epoch, tellings));
            if self.inner.homes.put(home, parcel) {
                let (delivery, home) = (self.clone(), home.clone());
                let tells = self.inner.metrics.tells();
                self.inner
                    .tasks
                    .spawn("spread changes to a home", OnError::Log, async move {
                        delivery.empty_home(&home).await;
                        drop(tells);
                        Ok(())
                    });
            }
        }
    }

    /// Forgets what was handed over long ago, until the home stops: also when nobody is told anything any more.
    pub(crate) async fn forget(&self) {
        while self.wait(recent::FORGOTTEN_TOGETHER).await {
            self.inner.told_homes.forget();
            self.inner.told_routers.forget();
        }
    }

    /// The epoch that this home knows.
    pub(crate) fn epoch(&self) -> u64 {
        self.inner.placements.now().epoch()
    }

    /// The router by which a client is reached: a connection is at the one router only.
    fn router_of(&self, reach: &Reach, name: &str) -> Option<Link> {
        match reach {
            Reach::CallBack(_) => self.router_for(name),
            Reach::Attachment(_) => self.linked(name),
        }
    }

    /// Whether those who are to be told this way will rather read everything again, by another.
    fn is_lost(&self, way: &Way) -> bool {
        matches!(way, Way::OnlyBy(router) if self.inner.lost.contains(router) && !self.is_linked(router))
    }

    /// The router of that name, while it is linked.
    fn linked(&self, name: &str) -> Option<Link> {
        self.routers().get(name).filter(|link| !link.is_closed()).cloned()
    }

    /// Tells a router that a connection is not a client's any more. One that cannot be told finds out by itself: what
    /// it says of the client is not taken any more.
    pub(crate) async fn detach(&self, router: &str, client: ClientLogin, why: Detach) {
        if let Some(link) = self.router_of(&client.reach, router) {
            let _ = link
                .call(self.call(CHANGE_DEADLINE, Op::Detach { client, why }))
                .await;
        }
    }

    /// The router of that name while it is linked; else one that is the same for everything meant for
    /// that one, so that a client's notifications keep their order: any router can reach a call-back.
    fn router_for(&self, name: &str) -> Option<Link> {
        let routers = self.routers();
        let mut open = routers.values().filter(|link| !link.is_closed());
        let named = routers.get(name).filter(|link| !link.is_closed());
        named.or_else(|| open.next()).cloned()
    }

    fn call(&self, deadline: Duration, op: Op) -> Call {
        Call {
            deadline,
            epoch: self.epoch(),
            trace: daemon::trace::current(),
            op,
        }
    }

    fn routers(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Link>> {
        self.inner.routers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(crate) mod tests;
