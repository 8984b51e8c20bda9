//! To the home of a person: place, call, and try again where that is safe.

#[cfg(test)]
pub(crate) mod nowhere;
mod watch;

use async_trait::async_trait;
use membership::Placements;
use proto::{Answer, Call, Link, Links, Op, Refusal};
use rvp::{Fault, Principal, SubscriptionId};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::Instrument;

/// How long a request may take altogether: clients give up after 30 seconds (spec 3.7).
const DEADLINE: Duration = Duration::from_secs(25);
/// How long a request is held for a person who is moving, or whose home cannot be linked.
const HOLD: Duration = Duration::from_secs(2);
/// How long what may be asked twice is held whose home is lost, a message and the proof of who sends it: until there is
/// another home, which is when the lease has ended and people were read.
const HOLD_REPEATABLE: Duration = Duration::from_secs(8);
/// Between two attempts to link a home.
const RETRY_AFTER: Duration = Duration::from_millis(50);

/// The way to homes. Cloning copies pointers.
#[derive(Clone)]
pub(crate) struct Forward {
    pub(crate) placements: Placements,
    pub(crate) links: Links,
}

impl Forward {
    /// Asks the home of a person.
    ///
    /// # Errors
    /// The home's fault; [`Fault::Unavailable`] when there is no home to ask, or no answer.
    pub(crate) async fn ask(&self, principal: &Principal, op: Op) -> Result<Answer, Fault> {
        let span = tracing::debug_span!("home.call", op = op.name());
        // On the heap, and only while it is asked: whoever asks may otherwise live for hours, with room for this.
        Box::pin(self.ask_until_answered(principal, op))
            .instrument(span)
            .await
    }

    /// No wait in here goes on after the deadline.
    async fn ask_until_answered(&self, principal: &Principal, op: Op) -> Result<Answer, Fault> {
        let hold = if is_repeatable(&op) { HOLD_REPEATABLE } else { HOLD };
        let began = Instant::now();
        let (until, mut held) = (began + DEADLINE, began + hold);
        // A wait of no time at all is not ended where the answer is there at once.
        while Instant::now() < until {
            let (link, epoch) = timeout_at(held, self.link_to_home(principal))
                .await
                .map_err(|_| Fault::Unavailable)?;
            let trace = daemon::trace::current();
            let call = Call {
                deadline: until.saturating_duration_since(Instant::now()),
                epoch,
                trace,
                op: op.clone(),
            };
            match link.call(call).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(Refusal::Fault(fault))) => return Err(fault),
                // Nothing was done there, so asking again is safe. A home that is behind us says its own
                // epoch; then it needs a moment rather than we.
                Ok(Err(Refusal::Moved { epoch })) => self.catch_up(epoch, held).await?,
                Err(proto::link::Error::Full) => return Err(Fault::Busy),
                Err(error) => {
                    let lost = matches!(error, proto::link::Error::Lost(_));
                    tracing::info!(
                        home = link.peer().name,
                        error = &error as &dyn std::error::Error,
                        "home did not answer"
                    );
                    // It may have been done: asking again could do it twice.
                    if !lost || !is_repeatable(&op) {
                        return Err(Fault::Unavailable);
                    }
                    held = until.min(Instant::now() + HOLD_REPEATABLE);
                    sleep(RETRY_AFTER).await;
                }
            }
        }
        Err(Fault::Unavailable)
    }

    /// Waits until it may be known where somebody has moved to.
    async fn catch_up(&self, epoch: u64, held: Instant) -> Result<(), Fault> {
        let caught_up = async {
            self.placements.reached(epoch).await;
            sleep(RETRY_AFTER).await;
        };
        timeout_at(held, caught_up).await.map_err(|_| Fault::Unavailable)
    }

    /// The open link to the person's home, as soon as there is one.
    async fn link_to_home(&self, principal: &Principal) -> (Link, u64) {
        loop {
            let placement = self.placements.now();
            if let Some(home) = placement.home_of(principal)
                && let Ok(link) = self.links.to(&home.address).await
            {
                return (link, placement.epoch());
            }
            sleep(RETRY_AFTER).await;
        }
    }
}

/// Whether it is done once, however often it is asked: a message has an id, and to prove who one is changes nothing.
fn is_repeatable(op: &Op) -> bool {
    if let Op::Request { method, .. } = op {
        return matches!(&**method, rvp::Method::Notify(notify) if notify.id.is_some());
    }
    matches!(op, Op::Authenticate { .. } | Op::ScramSalt { .. })
}

#[async_trait]
impl crate::call_back::Lost for Forward {
    async fn call_back_lost(&self, principal: &Principal, login: SubscriptionId) {
        let op = Op::CallBackLost {
            principal: principal.clone(),
            login,
        };
        if let Err(fault) = self.ask(principal, op).await {
            // The login ends with its lifetime then.
            tracing::info!(fault = fault.label(), "a home was not told of a lost call-back");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use membership::{Member, Members};
    use proto::{Beside, LinkServer, NotCalled, Peer, Proof, Role};
    use std::sync::Arc;
    use tokio::sync::watch;

    const HOME: &str = "home-1:7070";

    /// A home whose links end as soon as they are opened, as one that is about to end.
    #[tokio::test(start_paused = true)]
    async fn what_may_be_asked_again_is_not_asked_for_ever() {
        let peer = |name: &str, role| Peer {
            name: name.to_owned(),
            role,
        };
        let beside = Beside::default();
        let home = LinkServer::new(peer("home-1", Role::Home), Arc::new(NotCalled), Arc::new(drop));
        let _home = beside.serve(HOME.to_owned(), home);
        let (network, router) = (Arc::new(nowhere::Nobody), peer("router-1", Role::Router));
        let links = Links::within(beside, router, network, Arc::new(NotCalled), Arc::new(drop));
        let member = Member::new("home-1".into(), HOME, "zone", 1_000);
        let (_members, seen) = watch::channel(Arc::new(Members::new(1, [member])));
        let placements = Placements::follow(seen);
        let alice = Principal::from_address("alice@im.example.com").unwrap();
        let op = Op::Authenticate {
            principal: alice.clone(),
            proof: Proof::Token { generation: 1 },
        };
        let began = Instant::now();
        let asked = Forward { placements, links }.ask(&alice, op).await;
        assert_eq!(asked, Err(Fault::Unavailable));
        let took = began.elapsed();
        assert!((DEADLINE..DEADLINE + 2 * RETRY_AFTER).contains(&took), "{took:?}");
    }
}
