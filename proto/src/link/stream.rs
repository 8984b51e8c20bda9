//! The loop that keeps a link going: it reads batches, serves calls and hands answers to their callers.

use super::kept::Kept;
use super::lanes::{Answered, CALLS_MAX, Lanes, Refused};
use super::later::Later;
use super::{Asker, DEADLINE_MAX, Link, Serve};
use crate::op::{Answer, Refusal};
use crate::{convert, v1};
use futures_util::stream::FuturesUnordered;
use rvp::Fault;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tokio::task::coop;
use tokio_stream::StreamExt;
use tonic::Streaming;

/// Calls that are served at once on one link: those that its peer may have open, and those that it has answered itself
/// meanwhile.
const SERVED_MAX: usize = 2 * CALLS_MAX;

/// Whoever waits for answers is woken, so many before others have a turn: what they do with them may be much. What became
/// of a message does not count: that is little, and many come at once.
const ANSWERS_TOGETHER: usize = 8;

/// What the other end sends.
pub(crate) type Inbound = Streaming<v1::Batch>;

/// Runs a link until its stream ends or it is hung up. The link also ends when what this returns is dropped,
/// even before it has begun: no caller waits for an answer that cannot come.
pub(crate) fn run(
    (link, lanes): (Link, Arc<Lanes>),
    inbound: Inbound,
    serve: Arc<dyn Serve>,
) -> impl Future<Output = ()> + Send {
    let mut kept = Kept::new(link, serve);
    async move {
        kept.open();
        let Kept { link, serve, .. } = &kept;
        let reading = read((link, &lanes), inbound, serve.as_ref());
        link.closed().run_until_cancelled(reading).await;
    }
}

/// Reads batches until the stream ends. Calls are served side by side within this task: they begin in the
/// order in which they came, they end with the link, and a panic is the link's own.
async fn read((link, lanes): (&Link, &Lanes), mut inbound: Inbound, serve: &dyn Serve) {
    let (mut served, mut later) = (FuturesUnordered::new(), Later::default());
    let mut severed = pin!(lanes.severed().cancelled());
    loop {
        let batch = tokio::select! {
            biased;
            Some((asker, answer)) = served.next() => {
                if !send((lanes, &asker), answer, &mut later) {
                    return;
                }
                // Calls that never wait must not keep other tasks from running.
                coop::consume_budget().await;
                continue;
            }
            batch = inbound.next() => batch,
            () = later.due() => {
                lanes.flush();
                continue;
            }
            // Last, so that answers which came before the transport ended reach their callers.
            () = &mut severed => return,
        };
        let batch = match batch {
            Some(Ok(batch)) => batch,
            Some(Err(status)) => {
                tracing::debug!(peer = link.peer().name, code = ?status.code(), "link broke");
                return;
            }
            None => return,
        };
        let mut answers = 0;
        for frame in batch.frames {
            match frame.body {
                Some(v1::frame::Body::Answer(answer)) => {
                    answers += usize::from(take_answer((link, lanes), frame.id, answer));
                    if answers == ANSWERS_TOGETHER {
                        answers = 0;
                        tokio::task::yield_now().await;
                    }
                }
                Some(v1::frame::Body::Call(_)) if served.len() >= SERVED_MAX => {
                    tracing::warn!(peer = link.peer().name, "peer calls beyond the bound, hanging up");
                    return;
                }
                Some(v1::frame::Body::Call(call)) => {
                    let asker = Asker::new(link.clone(), frame.id);
                    match begin(asker.clone(), serve, call) {
                        Begun::Answered(answer) => {
                            if !send((lanes, &asker), answer, &mut later) {
                                return;
                            }
                        }
                        Begun::Waits(call) => served.push(async move { (asker, call.await) }),
                    }
                }
                // A frame that a newer peer may send, or a second hello: skipped.
                Some(v1::frame::Body::Hello(_)) | None => {}
            }
            coop::consume_budget().await;
        }
    }
}

/// Queues an answer, unless the asker knows; returns whether the link goes on.
fn send((lanes, asker): (&Lanes, &Asker), answer: Answered, later: &mut Later) -> bool {
    if asker.is_told() {
        return true;
    }
    // For that nobody waits.
    let waits = answer == Ok(Answer::Told);
    if waits {
        later.begin();
    }
    let answer = convert::answer_to_wire(answer);
    let goes_on = lanes.answer(asker.call(), answer, waits) != Err(Refused::Full);
    if !goes_on {
        tracing::warn!(
            peer = asker.link().peer().name,
            "peer calls without reading answers, hanging up"
        );
    }
    goes_on
}

/// Hands an answer to whoever waits for it. Says whether it may be much that they do with it.
fn take_answer((link, lanes): (&Link, &Lanes), id: u64, answer: v1::Answer) -> bool {
    let answer = convert::answer_from_wire(answer).unwrap_or_else(|error| {
        let error: &dyn std::error::Error = &error;
        tracing::warn!(peer = link.peer().name, error, "answer is not in the contract");
        Err(Refusal::Fault(Fault::Unavailable))
    });
    let is_little = matches!(answer, Ok(Answer::Told | Answer::Outcome(_)));
    // The caller may have given up.
    lanes.answered(id, answer);
    !is_little
}

/// A call after its first step.
enum Begun<F> {
    Answered(Answered),
    /// It is to be polled again at once: it woke nobody yet.
    Waits(F),
}

/// Takes the first step of a call. Steps that follow depend on what the call waits for, but what it does
/// before it waits happens in the order in which calls come: so messages of one sender keep theirs.
fn begin(asker: Asker, serve: &dyn Serve, call: v1::Call) -> Begun<impl Future<Output = Answered> + Send> {
    let call = match convert::call_from_wire(call) {
        Ok(call) => call,
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(
                peer = asker.link().peer().name,
                error,
                "call is not in the contract"
            );
            return Begun::Answered(Err(Refusal::Fault(Fault::BadRequest)));
        }
    };
    let deadline = call.deadline.min(DEADLINE_MAX);
    let mut serving = serve.serve(asker, call);
    match first_step(serving.as_mut()) {
        Poll::Ready(answer) => Begun::Answered(answer),
        Poll::Pending => Begun::Waits(async move {
            let answered = tokio::time::timeout(deadline, serving).await;
            answered.unwrap_or(Err(Refusal::Fault(Fault::Unavailable)))
        }),
    }
}

/// Polls once, without the ration of the task that reads: a first step that was cut short could be overtaken.
fn first_step(serving: Pin<&mut (dyn Future<Output = Answered> + Send + '_)>) -> Poll<Answered> {
    pin!(coop::unconstrained(serving)).poll(&mut Context::from_waker(Waker::noop()))
}
