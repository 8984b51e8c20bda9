//! What comes in on links: check that we are home, ask the shard, answer.

use crate::delivery::Delivery;
use crate::served::Served;
use crate::shards::{Ask, RequestAsk, Shards};
use async_trait::async_trait;
use membership::{MemberId, Placement, Placements, Slot};
use proto::{Answer, Call, Link, Op, Refusal, Role, Serve};
use rvp::{Fault, Principal};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tracing::Instrument;

/// How long to wait for the members at an epoch that a caller knows already.
const EPOCH_WAIT: Duration = Duration::from_secs(2);

/// How long to wait for a slot that is about to be served here.
const SLOT_WAIT: Duration = Duration::from_secs(2);

/// The answering end of a home server's links.
pub(crate) struct Service {
    pub(crate) me: MemberId,
    pub(crate) placements: Placements,
    pub(crate) shards: Shards,
    pub(crate) delivery: Delivery,
    pub(crate) served: Served,
}

#[async_trait]
impl Serve for Service {
    async fn serve(&self, link: &Link, call: Call) -> Result<Answer, Refusal> {
        let span =
            tracing::info_span!(parent: None, "home.serve", member = self.me.as_str(), op = call.op.name());
        daemon::trace::set_parent(&span, call.trace.as_deref());
        self.answer(link, call).instrument(span).await
    }

    fn opened(&self, link: &Link) {
        if link.peer().role == Role::Router {
            self.delivery.router_opened(link);
        }
    }

    fn closed(&self, link: &Link) {
        if link.peer().role == Role::Router {
            self.delivery.router_closed(link);
        }
    }
}

impl Service {
    async fn answer(&self, link: &Link, call: Call) -> Result<Answer, Refusal> {
        let placement = self.placement_at(call.epoch).await?;
        let router = link.peer().name.as_str().into();
        match call.op {
            Op::Authenticate { principal, proof } => {
                self.check_ours(&placement, &principal).await?;
                let target = principal.clone();
                self.ask(&target, |reply| Ask::Authenticate {
                    principal,
                    proof,
                    reply,
                })
                .await
            }
            Op::Request {
                target,
                caller,
                method,
            } => {
                self.check_ours(&placement, &target).await?;
                let method = *method;
                let (principal, span) = (target.clone(), tracing::Span::current());
                self.ask(&principal, |reply| {
                    Ask::Request(Box::new(RequestAsk {
                        target,
                        caller,
                        router,
                        method,
                        span,
                        reply,
                    }))
                })
                .await
            }
            Op::SpreadChange { change, watchers } => {
                for watcher in &watchers {
                    self.check_ours(&placement, watcher).await?;
                }
                self.shards.spread(&change, watchers).await?;
                Ok(Answer::Done)
            }
            Op::CallBackLost { principal, login } => {
                self.check_ours(&placement, &principal).await?;
                self.shards
                    .ask(&principal.clone(), Ask::CallBackLost { principal, login })?;
                Ok(Answer::Done)
            }
            Op::Settle => {
                // The caller bounds the wait, and so does the link.
                self.served.settled(call.epoch).await;
                Ok(Answer::Done)
            }
            // A home reaches no clients.
            Op::DeliverMessage(_) | Op::DeliverChange { .. } => Err(Fault::BadRequest.into()),
        }
    }

    /// A caller who knows a newer epoch than we do is right: catch up before anything is accepted.
    async fn placement_at(&self, epoch: u64) -> Result<Arc<Placement>, Refusal> {
        let placement = self.placements.now();
        if epoch <= placement.epoch() {
            return Ok(placement);
        }
        tokio::time::timeout(EPOCH_WAIT, self.placements.reached(epoch))
            .await
            .map_err(|_| Refusal::Fault(Fault::Unavailable))
    }

    /// Whether we are home, once we serve the slot: who asks while it moves here waits, within bounds.
    async fn check_ours(&self, placement: &Placement, principal: &Principal) -> Result<(), Refusal> {
        if placement.home_of(principal).is_none_or(|home| home.id != self.me) {
            return Err(Refusal::Moved {
                epoch: placement.epoch(),
            });
        }
        let slot = Slot::of(principal);
        if self.served.serves(slot) {
            return Ok(());
        }
        tokio::time::timeout(SLOT_WAIT, self.served.reached(slot))
            .await
            .map_err(|_| Refusal::Fault(Fault::Unavailable))
    }

    async fn ask(
        &self,
        principal: &Principal,
        ask: impl FnOnce(oneshot::Sender<Result<Answer, Refusal>>) -> Ask,
    ) -> Result<Answer, Refusal> {
        let (reply, answered) = oneshot::channel();
        self.shards.ask(principal, ask(reply))?;
        // A shard that went away without an answer was stopped.
        answered.await.unwrap_or(Err(Refusal::Fault(Fault::Unavailable)))
    }
}
