//! The two loops that keep a link going: one writes batches, one reads them and serves calls.

use super::{Error, Lanes, Link, Serve};
use crate::op::{Answer, Call, Refusal};
use crate::{convert, v1};
use rvp::Fault;
use std::future::Future;
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::StreamExt;
use tokio_util::task::TaskTracker;
use tonic::Streaming;

/// Frames of one batch.
const BATCH_FRAMES_MAX: usize = 256;
/// Batches that may wait for the transport.
pub(crate) const BATCHES_MAX: usize = 16;
/// Calls of the other end that may be served at once; more wait in the transport, which slows the sender.
const SERVED_CALLS_MAX: usize = 8_192;

/// Runs a link until its stream ends or it is hung up. Calls that are open then fail with [`Error::Lost`].
pub(crate) async fn run(
    link: Link,
    lanes: Lanes,
    inbound: Streaming<v1::Batch>,
    outbound: mpsc::Sender<v1::Batch>,
    serve: Arc<dyn Serve>,
) {
    serve.opened(&link);
    let _ending = Ending { link: &link, serve: serve.as_ref() };
    let closed = link.closed().clone();
    tokio::select! {
        () = write(lanes, outbound) => {}
        () = read(&link, inbound, &serve) => {}
        () = closed.cancelled() => {}
    }
}

/// Ends the link also when its task is dropped, so that no caller waits for an answer that cannot come.
struct Ending<'a> {
    link: &'a Link,
    serve: &'a dyn Serve,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.link.close();
        self.serve.closed(self.link);
    }
}

/// Moves frames from the lanes into batches; messages, requests and answers before presence.
async fn write(mut lanes: Lanes, outbound: mpsc::Sender<v1::Batch>) {
    loop {
        let first = tokio::select! {
            biased;
            Some(frame) = lanes.lane.recv() => frame,
            Some(frame) = lanes.bulk.recv() => frame,
            else => return,
        };
        let mut frames = Vec::with_capacity(8);
        frames.push(first);
        while frames.len() < BATCH_FRAMES_MAX {
            match lanes.lane.try_recv().or_else(|_| lanes.bulk.try_recv()) {
                Ok(frame) => frames.push(frame),
                Err(_) => break,
            }
        }
        if outbound.send(v1::Batch { frames }).await.is_err() {
            return;
        }
    }
}

/// Reads batches until the stream ends, serving calls side by side.
async fn read(link: &Link, mut inbound: Streaming<v1::Batch>, serve: &Arc<dyn Serve>) {
    let served = TaskTracker::new();
    let room = Arc::new(Semaphore::new(SERVED_CALLS_MAX));
    loop {
        let batch = match inbound.next().await {
            Some(Ok(batch)) => batch,
            Some(Err(status)) => {
                tracing::debug!(peer = link.peer().name, code = ?status.code(), "link broke");
                return;
            }
            None => return,
        };
        for frame in batch.frames {
            match frame.body {
                Some(v1::frame::Body::Answer(answer)) => take_answer(link, frame.id, answer),
                Some(v1::frame::Body::Call(call)) => {
                    let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
                    let (link, serve) = (link.clone(), Arc::clone(serve));
                    spawn(&served, async move {
                        answer(&link, serve.as_ref(), frame.id, call).await;
                        drop(permit);
                    });
                }
                // A frame that a newer peer may send, or a second hello: skipped.
                Some(v1::frame::Body::Hello(_)) | None => {}
            }
        }
    }
}

/// The one place of this crate that starts tasks: they end with their answer, at the latest with the
/// deadline of the call, and are bounded in number by [`SERVED_CALLS_MAX`].
#[allow(clippy::disallowed_methods, reason = "served calls are bounded in number and time, see above")]
fn spawn(served: &TaskTracker, call: impl Future<Output = ()> + Send + 'static) {
    served.spawn(call);
}

fn take_answer(link: &Link, id: u64, answer: v1::Answer) {
    let answer = convert::answer_from_wire(answer).unwrap_or_else(|error| {
        let error: &dyn std::error::Error = &error;
        tracing::warn!(peer = link.peer().name, error, "answer is not in the contract");
        Err(Refusal::Fault(Fault::Unavailable))
    });
    link.answered(id, answer);
}

async fn answer(link: &Link, serve: &dyn Serve, id: u64, call: v1::Call) {
    let answer: Result<Answer, Refusal> = match convert::call_from_wire(call) {
        Ok(call) => serve_in_time(link, serve, call).await,
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(peer = link.peer().name, error, "call is not in the contract");
            Err(Refusal::Fault(Fault::BadRequest))
        }
    };
    let frame = v1::Frame { id, body: Some(v1::frame::Body::Answer(convert::answer_to_wire(answer))) };
    // When the link is gone, so is whoever waits.
    let _: Result<(), Error> = link.send(frame).await;
}

async fn serve_in_time(link: &Link, serve: &dyn Serve, call: Call) -> Result<Answer, Refusal> {
    let deadline = call.deadline.min(super::DEADLINE_MAX);
    match tokio::time::timeout(deadline, serve.serve(link, call)).await {
        Ok(answer) => answer,
        Err(_) => Err(Refusal::Fault(Fault::Unavailable)),
    }
}
