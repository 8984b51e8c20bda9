//! What homes want handed to clients. Only from the home of a client's person is it taken: one that has lost the
//! person without knowing it is refused, so that nothing is delivered in the name of a home that is none.

use crate::attachment::{Attachments, TOLD_TOGETHER};
use crate::call_back::Queues;
use crate::changes::News;
use async_trait::async_trait;
use membership::{Placement, Placements};
use proto::{
    Answer, Asker, Call, CallId, ClientLogin, DeliverChange, DeliverMessage, Link, Op, Outcome, Refusal,
    Role, Serve,
};
use rvp::{Fault, Principal, Reach, Reply};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tracing::Instrument;

/// How long to wait for the members at an epoch that a home knows already.
const EPOCH_WAIT: Duration = Duration::from_secs(2);

/// The answering end of a router's links.
pub(crate) struct Deliver {
    pub(crate) name: String,
    pub(crate) placements: Placements,
    /// The queues need the links to say that a client is lost, and the links need this.
    pub(crate) queues: OnceLock<Queues>,
    pub(crate) attachments: OnceLock<Attachments>,
}

#[async_trait]
impl Serve for Deliver {
    async fn serve(&self, asker: Asker, call: Call) -> Result<Answer, Refusal> {
        let span =
            tracing::debug_span!(parent: None, "router.serve", router = self.name, op = call.op.name());
        daemon::trace::set_parent(&span, call.trace.as_deref());
        self.deliver(asker.link(), call).instrument(span).await
    }
}

impl Deliver {
    async fn deliver(&self, link: &Link, call: Call) -> Result<Answer, Refusal> {
        if link.peer().role != Role::Home {
            return Err(Fault::BadRequest.into());
        }
        let (Some(queues), Some(attachments)) = (self.queues.get(), self.attachments.get()) else {
            return Err(Fault::Unavailable.into());
        };
        let placement = self.placement_at(call.epoch).await?;
        let home = link.peer().name.as_str();
        let theirs = |client: &ClientLogin| is_home(&placement, home, &client.principal);
        match call.op {
            Op::DeliverMessage(message) if !theirs(&message.login) => Ok(Answer::Outcome(Outcome::Moved)),
            Op::DeliverMessage(message) => {
                let asked_by = message.asked_by;
                let outcome = hand_over((queues, attachments), message).await;
                Ok(answer(link, asked_by, outcome))
            }
            // One that has lost a person and has them again may have sent this before: another home may have told
            // something newer meanwhile. It sends what still holds again.
            Op::DeliverChanges(_) if call.epoch < placement.epoch() => Err(moved(&placement)),
            Op::DeliverChanges(changes) => {
                let theirs = |person: &Principal| is_home(&placement, home, person);
                if !are_all_of((attachments, &changes), theirs) {
                    return Err(moved(&placement));
                }
                self.deliver_changes((queues, attachments), changes, placement.epoch())
                    .await
            }
            Op::DeliverContact { change, clients } if clients.iter().all(theirs) => {
                attachments.contact(&change, &clients);
                Ok(Answer::Done)
            }
            Op::Detach { client, why } if is_home(&placement, home, &client.principal) => {
                attachments.detach(&client, why);
                Ok(Answer::Done)
            }
            Op::DeliverContact { .. } | Op::Detach { .. } => Err(moved(&placement)),
            // A router is nobody's home.
            Op::Authenticate { .. }
            | Op::ScramSalt { .. }
            | Op::Request { .. }
            | Op::SpreadChanges(_)
            | Op::CallBackLost { .. }
            | Op::Detached { .. }
            | Op::Contacts(_)
            | Op::Watch(_)
            | Op::Settle
            | Op::Members
            | Op::Load
            | Op::Explain { .. }
            | Op::Drain
            | Op::Undrain => Err(Fault::BadRequest.into()),
        }
    }

    /// Queues changes for clients, a few at a time: when thousands log on together homes tell of hundreds at once, and
    /// whoever sends a message meanwhile is not to wait until all of them are written to.
    async fn deliver_changes(
        &self,
        (queues, attachments): (&Queues, &Attachments),
        changes: Vec<DeliverChange>,
        epoch: u64,
    ) -> Result<Answer, Refusal> {
        for deliver in changes {
            let news = News::new(deliver.change);
            queues.change(&news, deliver.clients);
            for connections in deliver.attached.chunks(TOLD_TOGETHER) {
                attachments.turn(connections.len()).await;
                let placement = self.placements.now();
                // As before the first of them.
                if placement.epoch() > epoch {
                    return Err(moved(&placement));
                }
                attachments.change(&news, connections);
            }
        }
        Ok(Answer::Done)
    }

    /// A home that knows a newer epoch than this router is right: catch up before anything is taken.
    async fn placement_at(&self, epoch: u64) -> Result<Arc<Placement>, Refusal> {
        let caught_up = self.placements.caught_up(epoch, EPOCH_WAIT).await;
        caught_up.ok_or(Refusal::Fault(Fault::Unavailable))
    }
}

/// Whether all clients who are to be told are of people whose home asks.
fn are_all_of(
    (attachments, changes): (&Attachments, &[DeliverChange]),
    theirs: impl Fn(&Principal) -> bool,
) -> bool {
    changes.iter().all(|deliver| {
        let mut clients = deliver.clients.iter();
        clients.all(|client| theirs(&client.principal)) && attachments.are_all_of(&deliver.attached, &theirs)
    })
}

async fn hand_over((queues, attachments): (&Queues, &Attachments), message: DeliverMessage) -> Outcome {
    match message.login.reach {
        _ if message.probe => queues.probe(&message).await,
        Reach::CallBack(_) => queues.message(message).await,
        Reach::Attachment(_) => attachments.message(message).await,
    }
}

/// Whoever sent a message by this router is told from here that it was taken: to hear it from the home would wake up two
/// processes more. Everything else is for the home to decide.
fn answer(link: &Link, asked_by: Option<CallId>, outcome: Outcome) -> Answer {
    let sender = asked_by.filter(|_| outcome == Outcome::Taken);
    match sender {
        Some(call) if link.tell(call, Ok(Answer::Reply(Reply::Notified))) => Answer::Told,
        Some(_) | None => Answer::Outcome(outcome),
    }
}

fn moved(placement: &Placement) -> Refusal {
    let epoch = placement.epoch();
    Refusal::Moved { epoch }
}

fn is_home(placement: &Placement, home: &str, principal: &Principal) -> bool {
    placement
        .home_of(principal)
        .is_some_and(|member| member.id.as_str() == home)
}
