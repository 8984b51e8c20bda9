//! What a client says: a frame is read, checked and begun, or answered at once; and what is begun is finished.

use super::lanes::Asked;
use super::requests::{Finished, Then};
use super::session::{End, Session, put, refused};
use super::socket::{Incoming, Transport};
use super::watch::Question;
use attachment::limits::REQUESTS_MAX;
use attachment::{ClientFrame, CloseCode, FrameError, ServerFrame, Watch, Why};
use proto::Outcome;
use rvp::{Fault, Principal};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::time::Instant;

impl Session {
    /// Takes what has come. Returns what is to be answered at once.
    pub(super) fn incoming(&mut self, incoming: Incoming) -> Result<Option<ServerFrame>, End> {
        let text = match incoming {
            Incoming::Frame(text) => text,
            Incoming::Sign => {
                self.heard = Instant::now();
                return Ok(None);
            }
            Incoming::Bad(code) => return Err(End::Close(code)),
            Incoming::Gone => return Err(End::Gone),
        };
        self.heard = Instant::now();
        let frame = match ClientFrame::read(&text) {
            Ok(frame) => frame,
            Err(FrameError::TooLarge) => return Err(End::Close(CloseCode::TooLarge)),
            Err(FrameError::Malformed | FrameError::Field(_)) => {
                return Err(End::Close(CloseCode::Malformed));
            }
        };
        if let Err(error) = frame.check() {
            let why = match error {
                FrameError::TooLarge => Why::TooLarge,
                FrameError::Malformed | FrameError::Field(_) => Why::Malformed,
            };
            return match frame.request() {
                Some(request) => Ok(Some(refused(request, why, None))),
                // Nobody would hear of it.
                None => Err(End::Close(CloseCode::Malformed)),
            };
        }
        self.take(frame)
    }

    fn take(&mut self, frame: ClientFrame) -> Result<Option<ServerFrame>, End> {
        match frame {
            ClientFrame::Ping {} => Ok(Some(ServerFrame::Pong {})),
            ClientFrame::Acknowledge { sequence, left } => {
                self.acknowledge(sequence, left);
                Ok(None)
            }
            ClientFrame::Authenticate { .. } => Err(End::Close(CloseCode::AuthenticatedAlready)),
            ClientFrame::Unknown => Ok(None),
            ClientFrame::Watch {
                request,
                who,
                subscription,
            } => {
                let one = vec![Watch { who, subscription }];
                Ok(self.watch(request, Question::one(request), one))
            }
            ClientFrame::WatchMany { request, people } => {
                Ok(self.watch(request, Question::many(request), people))
            }
            request @ (ClientFrame::State { .. }
            | ClientFrame::Unwatch { .. }
            | ClientFrame::Contacts { .. }
            | ClientFrame::Message(_)
            | ClientFrame::Typing { .. }
            | ClientFrame::Block { .. }
            | ClientFrame::Unblock { .. }
            | ClientFrame::Blocked { .. }
            | ClientFrame::Watchers { .. }
            | ClientFrame::LogOff { .. }) => Ok(self.request(request)),
        }
    }

    fn acknowledge(&mut self, sequence: u64, left: bool) {
        // Nearly always it is the first.
        let place = self.unacknowledged.iter().position(|(each, _)| *each == sequence);
        let Some((_, written)) = place.and_then(|place| self.unacknowledged.remove(place)) else {
            return;
        };
        if self.unacknowledged.is_empty() {
            // It would keep its room, in every connection on which something was ever said.
            self.unacknowledged = VecDeque::new();
        }
        let outcome = if left { Outcome::Left } else { Outcome::Taken };
        if !left {
            // Also when it comes too late for this attempt: then it is known in the next.
            self.asker.shared.parts().taken.put(written.waiting.mark);
        }
        let _ = written.waiting.outcome.send(outcome);
    }

    fn watch(&mut self, request: u32, question: Arc<Question>, people: Vec<Watch>) -> Option<ServerFrame> {
        if self.lanes.open() >= REQUESTS_MAX {
            return Some(refused(
                request,
                Why::Busy,
                Some(Fault::RETRY_AFTER_SECONDS.into()),
            ));
        }
        self.begin_to_watch(question, people);
        None
    }

    fn request(&mut self, frame: ClientFrame) -> Option<ServerFrame> {
        let number = frame.request();
        let too_many = self.lanes.open() >= REQUESTS_MAX;
        let target = match self.asker.target(&frame) {
            _ if too_many => Err(Why::Busy),
            Some(target) => Ok(target),
            None => Err(Why::NobodyThere),
        };
        match (target, number) {
            (Ok(target), _) => {
                self.begin(target, frame);
                None
            }
            (Err(reason), Some(request)) => {
                let retry_after = reason.may_pass().then_some(Fault::RETRY_AFTER_SECONDS.into());
                Some(if let ClientFrame::Message(message) = frame {
                    super::requests::receipt(request, message.id, reason, retry_after)
                } else {
                    refused(request, reason, retry_after)
                })
            }
            // That somebody types is of no use later.
            (Err(_), None) => None,
        }
    }

    fn begin(&mut self, target: Principal, frame: ClientFrame) {
        if let Some(asked) = self.lanes.begin(&target, Asked::Frame(frame)) {
            self.ask(target, asked);
        }
    }

    pub(super) fn ask(&mut self, target: Principal, asked: Asked) {
        let frame = match asked {
            Asked::Frame(frame) => frame,
            Asked::Watch(part) => return self.ask_to_watch(vec![(target, part)]),
        };
        let (asker, watch) = (self.asker.clone(), self.watches.get(&target));
        if let ClientFrame::LogOff { .. } = frame {
            let turn = self.asker.shared.leaving().turn();
            self.open.push(Box::pin(async move {
                let _turn = turn.await;
                // On the heap, and not before its turn.
                Box::pin(asker.answer(target, frame, watch)).await
            }));
        } else {
            self.open.push(Box::pin(asker.answer(target, frame, watch)));
        }
    }

    /// Puts the answers to a request that is done, and begins what waited for it.
    pub(super) async fn finished(
        &mut self,
        transport: &mut impl Transport,
        mut finished: Finished,
    ) -> Result<(), End> {
        // What others changed of the contact list before is told before.
        while !self.lanes.list_is_read
            && let Some(change) = self.attached.outbox.take_contact()
        {
            put(transport, &super::contacts::changed(change)).await?;
        }
        if let Some(target) = finished.target {
            let is_own = target == self.asker.me;
            if let Some(asked) = self.lanes.finish(&target, is_own) {
                self.ask(target, asked);
            }
        }
        if let Then::Watched(answered) = &mut finished.then {
            finished.frames = self.watched(std::mem::take(answered));
        }
        for frame in &finished.frames {
            put(transport, frame).await?;
        }
        match finished.then {
            // What follows from that has been done.
            Then::Nothing | Then::Watched(_) => Ok(()),
            Then::Unwatched(person) => {
                self.watches.remove(&person);
                self.attached.outbox.forget_change(&person);
                Ok(())
            }
            Then::Close(code) => Err(End::Close(code)),
        }
    }
}
