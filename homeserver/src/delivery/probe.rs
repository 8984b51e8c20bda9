//! Asks routers whether a client has taken a message, where an attempt before this one came to nobody knows what: the
//! home that made it has died, or lost the link on which it would have heard.
//!
//! The router that is to hand it over knows by itself what its own clients took.

use super::Delivery;
use futures_util::future::join_all;
use proto::{Answer, DeliverMessage, Link, Op, Outcome};
use std::collections::BTreeSet;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long after its beginning a home waits for a router that it has to ask: routers try the links of new homes several
/// times a second, and whoever has not come by then may be gone for good.
const LINKED_WITHIN: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How long a router may take: a client that has the message at this moment may need a while to answer.
const PROBE_DEADLINE: Duration = Duration::from_secs(12);

impl Delivery {
    /// Waits for the router by which a client may have taken something, where this home has only just begun: the first
    /// router that links would hand it over again. A router that has been here and went is not waited for: what it knew
    /// may have gone with it.
    pub(super) async fn await_router(&self, router: &str) {
        while !self.has_met(router) && self.is_new() && self.wait(LOOK_EVERY).await {}
    }

    /// Keeps in mind that a router has linked, while anybody may wait for it.
    pub(super) fn meet(&self, router: &str) {
        if self.is_new() {
            self.met().insert(router.to_owned());
        }
    }

    fn has_met(&self, router: &str) -> bool {
        self.met().contains(router)
    }

    fn is_new(&self) -> bool {
        Instant::now() < self.inner.began + LINKED_WITHIN
    }

    fn met(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.inner.met.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a client of the person has taken it by another router than this one. Routers that are not linked, or
    /// have begun anew since, do not know any more.
    pub(super) async fn was_taken(&self, router: &str, message: &DeliverMessage) -> bool {
        let chosen = self.router_for(router);
        let others: Vec<Link> = {
            let routers = self.routers();
            let open = routers.values().filter(|link| !link.is_closed());
            let others = open.filter(|link| !chosen.as_ref().is_some_and(|chosen| chosen.is_same(link)));
            others.cloned().collect()
        };
        let probe = DeliverMessage {
            probe: true,
            document: bytes::Bytes::new(),
            ..message.clone()
        };
        let asked = others.into_iter().map(|link| {
            let call = self.call(PROBE_DEADLINE, Op::DeliverMessage(probe.clone()));
            async move { link.call(call).await == Ok(Ok(Answer::Outcome(Outcome::Taken))) }
        });
        join_all(asked).await.contains(&true)
    }
}
