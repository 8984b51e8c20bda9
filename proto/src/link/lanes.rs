//! What waits on a link, under one lock: frames to be written, and calls of ours to be answered.
//!
//! Every bound of a link is here. An end has at most [`CALLS_MAX`] calls open; one whose caller gave up counts
//! until its answer has come or its turn to be written, since until then it is work for the other end or takes
//! up room here. So an end that reads never has more than [`CALLS_MAX`] calls to serve, their answers always
//! have room, and no end has to stop reading: two ends that did could wait for each other without end.

use super::is_presence;
use crate::op::{Answer, Call, Refusal};
use crate::{convert, v1};
use foldhash::HashMap;
use prost::Message;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_util::sync::CancellationToken;

/// Calls that an end may have open on one link.
pub(crate) const CALLS_MAX: usize = 16_384;
/// Calls of presence among them, so that a storm of them leaves room for messages.
pub(crate) const PRESENCE_CALLS_MAX: usize = 1_024;
/// Octets that may wait to be written before calls are refused.
const WAITING_OCTETS_MAX: usize = 64 * 1024 * 1024;
/// Frames of one batch.
const BATCH_FRAMES_MAX: usize = 256;
/// A batch that has reached so many octets is sent. It stays small so that a message never waits behind much
/// presence, and far from what a peer refuses to read.
const BATCH_OCTETS: usize = 64 * 1024;

/// Calls and frames for which there is always room once there was. A storm leaves no more behind.
const ROOM_KEPT: usize = 64;

pub(crate) type Answered = Result<Answer, Refusal>;

/// Why a call was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refused {
    /// The link has ended.
    Closed,
    /// A bound is reached.
    Full,
}

/// The lanes of one end of a link.
#[derive(Debug)]
pub(crate) struct Lanes {
    state: Mutex<State>,
    presence: Arc<Semaphore>,
    severed: CancellationToken,
    closed: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    last_id: u64,
    open: HashMap<u64, Open>,
    /// The most that were open since there was room for the fewest.
    most_open: usize,
    /// Messages, requests and answers.
    first: VecDeque<Waiting>,
    /// Presence, written when nothing else waits.
    bulk: VecDeque<Waiting>,
    octets: usize,
    answers: usize,
    /// Woken when there is something to write.
    writer: Option<Waker>,
}

#[derive(Debug)]
struct Waiting {
    frame: v1::Frame,
    octets: usize,
}

/// A call of ours without an answer yet.
#[derive(Debug)]
struct Open {
    caller: oneshot::Sender<Answered>,
    /// Given back when the call is no longer open.
    _room: Option<OwnedSemaphorePermit>,
}

impl Lanes {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::default(),
            presence: Arc::new(Semaphore::new(PRESENCE_CALLS_MAX)),
            severed: CancellationToken::new(),
            closed: CancellationToken::new(),
        }
    }

    /// Room for a call of presence, as soon as there is.
    async fn room(&self) -> Result<OwnedSemaphorePermit, Refused> {
        let room = Arc::clone(&self.presence).acquire_owned().await;
        room.map_err(|_closed| Refused::Closed)
    }

    /// Asks, and waits for the answer.
    pub(crate) async fn ask(&self, call: Call) -> Result<Answered, Refused> {
        let room = match is_presence(&call.op) {
            true => Some(self.room().await?),
            false => None,
        };
        let answer = self.call(convert::call_to_wire(call), room)?;
        answer.await.map_err(|_| Refused::Closed)
    }

    /// Queues a call: as presence if it has room as such. Those of a lane are written in the order of these.
    fn call(
        &self,
        call: v1::Call,
        room: Option<OwnedSemaphorePermit>,
    ) -> Result<oneshot::Receiver<Answered>, Refused> {
        let mut waiting = Waiting::new(v1::frame::Body::Call(call));
        let (caller, answer) = oneshot::channel();
        let writer = {
            let mut state = self.state();
            if state.closed {
                return Err(Refused::Closed);
            }
            if state.open.len() >= CALLS_MAX || state.octets >= WAITING_OCTETS_MAX {
                return Err(Refused::Full);
            }
            state.last_id += 1;
            waiting.frame.id = state.last_id;
            state.octets += waiting.octets;
            let lane = if room.is_some() {
                &mut state.bulk
            } else {
                &mut state.first
            };
            lane.push_back(waiting);
            let id = state.last_id;
            state.open.insert(id, Open { caller, _room: room });
            state.most_open = state.most_open.max(state.open.len());
            state.writer.take()
        };
        wake(writer);
        Ok(answer)
    }

    /// Queues an answer of ours; one that `waits` is written with whatever is written next. Refused as full only to a
    /// peer that calls on and on without reading answers.
    pub(crate) fn answer(&self, id: u64, answer: v1::Answer, waits: bool) -> Result<(), Refused> {
        let mut waiting = Waiting::new(v1::frame::Body::Answer(answer));
        waiting.frame.id = id;
        let mut state = self.state();
        if state.closed {
            return Err(Refused::Closed);
        }
        if state.answers >= CALLS_MAX {
            return Err(Refused::Full);
        }
        state.answers += 1;
        state.octets += waiting.octets;
        state.first.push_back(waiting);
        if waits {
            return Ok(());
        }
        let writer = state.writer.take();
        drop(state);
        wake(writer);
        Ok(())
    }

    /// Has written what waits for another frame, if it still does.
    pub(crate) fn flush(&self) {
        let mut state = self.state();
        let writer = if state.first.is_empty() {
            None
        } else {
            state.writer.take()
        };
        drop(state);
        wake(writer);
    }

    /// Hands an answer to the caller who waits for it. Says whether there still is one.
    pub(crate) fn answered(&self, id: u64, answer: Answered) -> bool {
        let open = {
            let mut state = self.state();
            let open = state.open.remove(&id);
            // How much room there is the map does not say, once something was removed.
            if let Some(room) = room(state.open.len(), state.most_open) {
                state.open.shrink_to(room);
                state.most_open = room;
            }
            open
        };
        open.is_some_and(|open| open.caller.send(answer).is_ok())
    }

    /// The frames that are to be written next; none when the link has ended.
    pub(crate) fn poll_frames(&self, context: &Context<'_>) -> Poll<Option<Vec<v1::Frame>>> {
        let mut state = self.state();
        if state.closed {
            return Poll::Ready(None);
        }
        let frames = state.frames();
        if frames.is_empty() {
            state.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Some(frames))
    }

    /// Ends the link: what waits is dropped, and with it whoever waits for an answer is told.
    pub(crate) fn close(&self) {
        let mut ended = {
            let mut state = self.state();
            std::mem::replace(
                &mut *state,
                State {
                    closed: true,
                    ..State::default()
                },
            )
        };
        self.closed.cancel();
        self.presence.close();
        wake(ended.writer.take());
        // Callers are told in the order of their calls, whatever order the map has.
        let mut open: Vec<(u64, Open)> = ended.open.into_iter().collect();
        open.sort_unstable_by_key(|(id, _)| *id);
        open.into_iter().for_each(drop);
    }

    /// Says that nothing can be written any more. What has come already may still be read.
    pub(crate) fn sever(&self) {
        self.severed.cancel();
    }

    /// Cancelled when nothing can be written any more.
    pub(crate) fn severed(&self) -> &CancellationToken {
        &self.severed
    }

    /// Cancelled when the link has ended.
    pub(crate) fn closed(&self) -> &CancellationToken {
        &self.closed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes a batch: presence only when nothing else waits, and no call whose caller has given up.
    fn frames(&mut self) -> Vec<v1::Frame> {
        let mut frames = Vec::with_capacity((self.first.len() + self.bulk.len()).min(BATCH_FRAMES_MAX));
        let mut octets = 0;
        while frames.len() < BATCH_FRAMES_MAX && octets < BATCH_OCTETS {
            let Some(waiting) = self.first.pop_front().or_else(|| self.bulk.pop_front()) else {
                break;
            };
            self.octets -= waiting.octets;
            match &waiting.frame.body {
                Some(v1::frame::Body::Call(_)) if self.forget(waiting.frame.id) => continue,
                Some(v1::frame::Body::Answer(_)) => self.answers -= 1,
                Some(v1::frame::Body::Call(_) | v1::frame::Body::Hello(_)) | None => {}
            }
            octets += waiting.octets;
            frames.push(waiting.frame);
        }
        for lane in [&mut self.first, &mut self.bulk] {
            if let Some(room) = room(lane.len(), lane.capacity()) {
                lane.shrink_to(room);
            }
        }
        frames
    }

    /// Forgets a call if nobody waits for its answer any more; returns whether that is so.
    fn forget(&mut self, id: u64) -> bool {
        let given_up = self.open.get(&id).is_none_or(|open| open.caller.is_closed());
        if given_up {
            self.open.remove(&id);
        }
        given_up
    }
}

impl Waiting {
    fn new(body: v1::frame::Body) -> Self {
        let frame = v1::Frame {
            id: 0,
            body: Some(body),
        };
        Self {
            octets: frame.encoded_len(),
            frame,
        }
    }
}

/// To how much room is gone back, where there is far more than is needed.
fn room(needed: usize, room: usize) -> Option<usize> {
    (room > 2 * ROOM_KEPT && needed < room / 8).then(|| ROOM_KEPT.max(2 * needed))
}

/// Not under the lock: what is woken may want it.
fn wake(writer: Option<Waker>) {
    if let Some(writer) = writer {
        writer.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use allocation_counter::measure;

    /// What is left of the storm below: room for [`ROOM_KEPT`] calls and frames.
    const LEFT_MAX: i64 = 64 * 1024;

    #[test]
    fn a_storm_of_calls_leaves_no_room_behind() {
        let lanes = Lanes::new();
        let waits: Vec<_> = (0..CALLS_MAX)
            .map(|_| lanes.call(v1::Call::default(), None).unwrap())
            .collect();
        let mut written = 0;
        while let Poll::Ready(Some(frames)) = lanes.poll_frames(&Context::from_waker(Waker::noop())) {
            written += frames.len();
        }
        assert_eq!(written, waits.len());
        for (id, mut wait) in (1..).zip(waits) {
            lanes.answered(id, Err(Refusal::Moved { epoch: id }));
            assert_eq!(wait.try_recv().unwrap(), Err(Refusal::Moved { epoch: id }));
        }
        let left = -measure(|| drop(lanes)).bytes_current;
        assert!(left <= LEFT_MAX, "{left} octets");
    }
}
