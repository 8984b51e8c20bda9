//! What comes in on links: check that we are home, ask the shard, answer.

use crate::delivery::Delivery;
use crate::governor::Governor;
use crate::lending::Lending;
use crate::operator::{self, Operator};
use crate::served::Served;
use crate::shard::is_log_on;
use crate::shards::{Ask, ContactsAsk, RequestAsk, Shards, WatchAsk};
use async_trait::async_trait;
use daemon::Clock;
use membership::{MemberId, Phase, Placement, Placements, Slot};
use proto::{
    Answer, AskContacts, AskWatch, Asker, Call, Change, Link, Op, Refusal, Role, Serve, SpreadChange,
    WatchAnswer,
};
use rvp::{AttachmentId, Caller, Credential, Fault, Lifetime, Method, Principal, SubscriptionId};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
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
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) governor: Governor,
    pub(crate) lending: Lending,
    pub(crate) operator: Operator,
}

#[async_trait]
impl Serve for Service {
    async fn serve(&self, asker: Asker, call: Call) -> Result<Answer, Refusal> {
        let span =
            tracing::debug_span!(parent: None, "home.serve", member = self.me.as_str(), op = call.op.name());
        daemon::trace::set_parent(&span, call.trace.as_deref());
        match asker.link().peer().role {
            Role::Router => self.router(&asker, call).instrument(span).await,
            Role::Home => self.home(asker.link(), call).instrument(span).await,
            Role::Operator => self.operator(call).instrument(span).await,
        }
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
    async fn router(&self, asker: &Asker, call: Call) -> Result<Answer, Refusal> {
        let placement = self.placement_at(call.epoch).await?;
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
            Op::ScramSalt { principal } => {
                self.check_ours(&placement, &principal).await?;
                let target = principal.clone();
                self.ask(&target, |reply| Ask::ScramSalt { principal, reply })
                    .await
            }
            Op::Request {
                target,
                caller,
                login,
                method,
            } => {
                self.check_ours(&placement, &target).await?;
                self.request((asker, target), (caller, login), *method).await
            }
            Op::CallBackLost { principal, login } => {
                self.check_ours(&placement, &principal).await?;
                self.shards
                    .ask(&principal.clone(), Ask::CallBackLost { principal, login })?;
                Ok(Answer::Done)
            }
            Op::Detached {
                principal,
                login,
                attachment,
                stays,
            } => {
                self.check_ours(&placement, &principal).await?;
                self.detached(principal, (login, attachment), stays)
            }
            Op::Contacts(asked) => self.contacts(&placement, asked).await,
            Op::Watch(asked) => self.watch(&placement, asker.link(), asked).await,
            Op::SpreadChanges(_)
            | Op::Settle
            | Op::DeliverContact { .. }
            | Op::DeliverMessage(_)
            | Op::DeliverChanges(_)
            | Op::Detach { .. }
            | Op::Members
            | Op::Load
            | Op::Explain { .. }
            | Op::Drain
            | Op::Undrain => Err(Fault::BadRequest.into()),
        }
    }

    async fn contacts(&self, placement: &Placement, asked: AskContacts) -> Result<Answer, Refusal> {
        self.check_ours(placement, &asked.principal).await?;
        let target = asked.principal.clone();
        self.ask(&target, |reply| {
            Ask::Contacts(Box::new(ContactsAsk { asked, reply }))
        })
        .await
    }

    /// Everybody is answered alone: who is another home's may be asked for there.
    async fn watch(&self, placement: &Placement, link: &Link, asked: AskWatch) -> Result<Answer, Refusal> {
        let AskWatch {
            caller,
            lifetime,
            people,
        } = asked;
        let mut answers: Vec<WatchAnswer> = vec![Err(Fault::Unavailable.into()); people.len()];
        let (reply, mut answered) = mpsc::channel(people.len().max(1));
        let (until, mut ours) = (Instant::now() + SLOT_WAIT, Vec::with_capacity(people.len()));
        for (place, person) in people.into_iter().enumerate() {
            let checked = self.check_ours(placement, &person.target);
            match tokio::time::timeout_at(until, checked).await {
                Ok(Ok(())) => ours.push((place, person)),
                Ok(Err(refusal)) => answers[place] = Err(refusal),
                // As it is already.
                Err(_) => {}
            }
        }
        let ask = WatchAsk {
            people: Vec::new(),
            caller,
            router: link.peer().name.as_str().into(),
            lifetime,
            span: tracing::Span::current(),
            reply,
        };
        self.shards.watch(&ask, ours);
        drop(ask);
        // A shard that goes away without an answer was stopped.
        while let Some(part) = answered.recv().await {
            for (place, answer) in part {
                answers[place] = answer;
            }
        }
        Ok(Answer::Watching(answers))
    }

    fn detached(
        &self,
        principal: Principal,
        (login, attachment): (SubscriptionId, AttachmentId),
        stays: Lifetime,
    ) -> Result<Answer, Refusal> {
        let target = principal.clone();
        let detached = Ask::Detached {
            principal,
            login,
            attachment,
            stays,
        };
        self.shards.ask(&target, detached)?;
        Ok(Answer::Done)
    }

    async fn request(
        &self,
        (asker, target): (&Asker, Principal),
        (caller, login): (Caller, Option<SubscriptionId>),
        method: Method,
    ) -> Result<Answer, Refusal> {
        let (principal, span) = (target.clone(), tracing::Span::current());
        let logs_on = logs_on(&caller, &method);
        let asked = self.ask(&principal, |reply| {
            Ask::Request(Box::new(RequestAsk {
                target,
                caller,
                router: asker.link().peer().name.as_str().into(),
                login,
                method,
                span,
                asker: asker.clone(),
                reply,
            }))
        });
        if logs_on {
            self.log_on(Slot::of(&principal), asked).await
        } else {
            asked.await
        }
    }

    async fn home(&self, link: &Link, call: Call) -> Result<Answer, Refusal> {
        let placement = self.placement_at(call.epoch).await?;
        match call.op {
            Op::SpreadChanges(changes) => {
                for SpreadChange { change, .. } in &changes {
                    check_home_of(&placement, change, (&link.peer().name, call.epoch))?;
                }
                self.spread(&placement, changes).await
            }
            Op::Settle => {
                // The caller bounds the wait, and so does the link.
                self.served.settled(call.epoch).await;
                Ok(Answer::Done)
            }
            Op::Authenticate { .. }
            | Op::ScramSalt { .. }
            | Op::Request { .. }
            | Op::CallBackLost { .. }
            | Op::Detached { .. }
            | Op::Contacts(_)
            | Op::Watch(_)
            | Op::DeliverContact { .. }
            | Op::Detach { .. }
            | Op::DeliverMessage(_)
            | Op::DeliverChanges(_)
            | Op::Members
            | Op::Load
            | Op::Explain { .. }
            | Op::Drain
            | Op::Undrain => Err(Fault::BadRequest.into()),
        }
    }

    async fn operator(&self, call: Call) -> Result<Answer, Refusal> {
        let placement = self.placement_at(call.epoch).await?;
        match call.op {
            Op::Members => Ok(Answer::Members(operator::known(placement.members()))),
            Op::Load => Ok(Answer::Load(self.operator.load())),
            Op::Explain { principal } => {
                self.check_ours(&placement, &principal).await?;
                let target = principal.clone();
                let asked = self.ask(&target, |reply| Ask::Explain { principal, reply });
                let mut answer = asked.await?;
                if let Answer::Explained(explained) = &mut answer {
                    self.operator.complete(placement.epoch(), explained).await?;
                }
                Ok(answer)
            }
            Op::Drain => self
                .operator
                .set_phase(Phase::Draining)
                .await
                .map(|()| Answer::Done),
            Op::Undrain => self
                .operator
                .set_phase(Phase::Active)
                .await
                .map(|()| Answer::Done),
            Op::Authenticate { .. }
            | Op::ScramSalt { .. }
            | Op::Request { .. }
            | Op::SpreadChanges(_)
            | Op::CallBackLost { .. }
            | Op::Detached { .. }
            | Op::Contacts(_)
            | Op::Watch(_)
            | Op::DeliverContact { .. }
            | Op::Detach { .. }
            | Op::Settle
            | Op::DeliverMessage(_)
            | Op::DeliverChanges(_) => Err(Fault::BadRequest.into()),
        }
    }

    /// A log-on goes through the governor, and to another home if this one is full and that one is not.
    async fn log_on(
        &self,
        slot: Slot,
        asked: impl Future<Output = Result<Answer, Refusal>> + Send,
    ) -> Result<Answer, Refusal> {
        match self.governor.admit(self.clock.now()) {
            // To sleep for nothing would take until the timer's next tick.
            Ok(Duration::ZERO) => {}
            Ok(wait) => tokio::time::sleep(wait).await,
            Err(seconds) => return Err(Fault::LogOnLater { seconds }.into()),
        }
        let began = Instant::now();
        let answer = asked.await;
        self.governor.answered(self.clock.now(), began.elapsed());
        if answer != Err(Refusal::Fault(Fault::Full)) {
            return answer;
        }
        match self.lending.lend(slot).await {
            Some(epoch) => Err(Refusal::Moved { epoch }),
            None => answer,
        }
    }

    /// Answered when every router that reaches one of these watchers has it.
    async fn spread(&self, placement: &Placement, changes: Vec<SpreadChange>) -> Result<Answer, Refusal> {
        for watcher in changes.iter().flat_map(|each| &each.watchers) {
            self.check_ours(placement, watcher).await?;
        }
        let changes = changes
            .into_iter()
            .map(|SpreadChange { change, watchers }| (Arc::new(change), watchers));
        self.shards.spread(changes.collect()).await?;
        Ok(Answer::Done)
    }

    /// A caller who knows a newer epoch than we do is right: catch up before anything is accepted.
    async fn placement_at(&self, epoch: u64) -> Result<Arc<Placement>, Refusal> {
        let caught_up = self.placements.caught_up(epoch, EPOCH_WAIT).await;
        caught_up.ok_or(Refusal::Fault(Fault::Unavailable))
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

/// Only the home of a presentity tells of its changes: one that has lost it without knowing is refused. So is what
/// one sent that has it again, before it lost it; what still holds is sent again.
fn check_home_of(placement: &Placement, change: &Change, (peer, epoch): (&str, u64)) -> Result<(), Refusal> {
    let home = placement.home_of(&change.presentity);
    if epoch >= placement.epoch() && home.is_some_and(|home| home.id.as_str() == peer) {
        return Ok(());
    }
    Err(Refusal::Moved {
        epoch: placement.epoch(),
    })
}

/// Whether this may let somebody in: who only claims to be somebody is asked for proof, which is cheap.
fn logs_on(caller: &Caller, method: &Method) -> bool {
    caller.credential != Credential::Assertion && is_log_on(method)
}
