//! Carries out what the core decided: messages to clients by their routers, changes to watchers by their
//! homes. It decides nothing.

mod outbox;
mod spread;

use crate::metrics::Metrics;
use crate::served::Served;
use crate::shards::Shards;
use daemon::{OnError, Tasks};
use membership::{MemberId, Placements};
use outbox::Outboxes;
use proto::{Answer, Call, Change, ClientLogin, DeliverMessage, Link, Links, Op, Outcome};
use rvp::Principal;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a message's last hop may take: a client has ten seconds to answer (spec 3.7), and one retry
/// of the connection.
const MESSAGE_DEADLINE: Duration = Duration::from_secs(15);
/// How long a router or home may take to queue a change.
const CHANGE_DEADLINE: Duration = Duration::from_secs(5);

/// The ways out of a home server. Cloning copies a pointer.
#[derive(Clone)]
pub(crate) struct Delivery {
    inner: Arc<Inner>,
}

struct Inner {
    me: MemberId,
    links: Links,
    placements: Placements,
    shards: Shards,
    served: Served,
    tasks: Tasks,
    metrics: Metrics,
    /// Routers that hold a link to us, by name.
    routers: Mutex<BTreeMap<String, Link>>,
    /// Changes for the watchers at each home, ourselves among them.
    homes: Outboxes<MemberId, Principal>,
    /// Changes for the clients behind each router.
    clients: Outboxes<String, ClientLogin>,
}

impl Delivery {
    pub(crate) fn new(
        me: MemberId,
        links: Links,
        placements: Placements,
        (shards, served): (Shards, Served),
        (tasks, metrics): (Tasks, Metrics),
    ) -> Self {
        let inner = Inner {
            me,
            links,
            placements,
            shards,
            served,
            tasks,
            metrics,
            routers: Mutex::default(),
            homes: Outboxes::default(),
            clients: Outboxes::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// A router has opened a link.
    pub(crate) fn router_opened(&self, link: &Link) {
        tracing::info!(router = link.peer().name, "router linked");
        self.routers().insert(link.peer().name.clone(), link.clone());
    }

    /// A router's link is gone.
    pub(crate) fn router_closed(&self, link: &Link) {
        let mut routers = self.routers();
        if routers
            .get(&link.peer().name)
            .is_some_and(|open| open.is_same(link))
        {
            tracing::info!(router = link.peer().name, "router's link ended");
            routers.remove(&link.peer().name);
        }
    }

    /// Hands a message to a client by the router of its login, or by another one if that is gone: any
    /// router can reach a call-back.
    pub(crate) async fn message(&self, router: &str, message: DeliverMessage) -> Outcome {
        let Some(link) = self.router_for(router) else {
            tracing::warn!("no router is linked, a message cannot be delivered");
            return Outcome::Unreachable;
        };
        match link
            .call(self.call(MESSAGE_DEADLINE, Op::DeliverMessage(message)))
            .await
        {
            Ok(Ok(Answer::Outcome(outcome))) => outcome,
            Ok(Ok(Answer::Done | Answer::Reply(_) | Answer::Authenticated(_)) | Err(_)) => Outcome::Rejected,
            Err(proto::link::Error::Full) => Outcome::Busy,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::info!(router = link.peer().name, error, "message has no outcome");
                Outcome::Unreachable
            }
        }
    }

    /// Hands a change to a client by the router of its login, or a newer one in its place.
    pub(crate) fn change(&self, router: &str, change: &Change, client: ClientLogin) {
        let router = router.to_owned();
        if self.inner.clients.put(&router, change, [client]) {
            let delivery = self.clone();
            self.inner
                .tasks
                .spawn("spread changes to a router", OnError::Log, async move {
                    delivery.empty_clients(&router).await;
                    Ok(())
                });
        }
    }

    /// Tells watchers of a change, at their homes.
    pub(crate) fn spread(&self, change: &Change, watchers: Vec<Principal>) {
        self.inner.metrics.spread(watchers.len());
        let placement = self.inner.placements.now();
        let mut by_home: BTreeMap<MemberId, Vec<Principal>> = BTreeMap::new();
        for watcher in watchers {
            // Somebody without a home is told nothing; the state is read again with the next watch.
            if let Some(home) = placement.home_of(&watcher) {
                by_home.entry(home.id.clone()).or_default().push(watcher);
            }
        }
        for (home, watchers) in by_home {
            if self.inner.homes.put(&home, change, watchers) {
                let (delivery, home) = (self.clone(), home.clone());
                self.inner
                    .tasks
                    .spawn("spread changes to a home", OnError::Log, async move {
                        delivery.empty_home(&home).await;
                        Ok(())
                    });
            }
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
        let epoch = self.inner.placements.now().epoch();
        Call {
            deadline,
            epoch,
            trace: daemon::trace::current(),
            op,
        }
    }

    fn routers(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Link>> {
        self.inner.routers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
