//! One client's connection from its log-on to its end: what it asks, what it is told, and what it has not acknowledged.

use super::outbox::{Item, Waiting};
use super::requests::{Asker, Finished, Then, WATCH_LIFETIME};
use super::socket::{Incoming, Transport};
use super::translate::{Told, why};
use super::{Attached, Attachments, has_room, presence};
use crate::call_back::InHand;
use attachment::limits::{REQUESTS_MAX, SILENCE_MAX, WATCHED_MAX};
use attachment::{ClientFrame, CloseCode, ContactsAction, FrameError, ServerFrame, Why};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use proto::Outcome;
use rvp::{Fault, Principal, SubscriptionId};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often login, watches and token are renewed, which live longer.
const RENEW_EVERY: Duration = Duration::from_secs(2_700);
/// How long a connection stays after its client was told to come back elsewhere.
const DRAIN_AFTER: Duration = Duration::from_secs(1);
/// The most that a client is asked to wait before it comes back, in seconds.
const COME_BACK_WITHIN: u32 = 3;

/// A client's connection, once it is known who it is.
pub(super) struct Session {
    pub(super) shared: Attachments,
    pub(super) attached: Arc<Attached>,
    pub(super) asker: Asker,
    /// Of the last message that was written.
    pub(super) sequence: u64,
    pub(super) watches: HashMap<Principal, SubscriptionId>,
    pub(super) unacknowledged: BTreeMap<u64, Written>,
    pub(super) lanes: Lanes,
    pub(super) open: FuturesUnordered<BoxFuture<'static, Finished>>,
    pub(super) heard: Instant,
    pub(super) renewed: Instant,
    pub(super) draining: Option<Instant>,
}

/// A message that the client has, or will.
pub(super) struct Written {
    waiting: Waiting,
    _in_hand: Option<InHand>,
}

/// Requests that wait for an earlier one about the same person, so that what one client asks of one person is done in
/// its order.
#[derive(Default)]
pub(super) struct Lanes {
    busy: HashMap<Principal, VecDeque<ClientFrame>>,
    open: usize,
    /// Whether the contact list is being read: what is told of it meanwhile comes after it.
    list_is_read: bool,
}

/// Why a connection ends.
pub(super) enum End {
    /// The client hung up, or cannot be written to.
    Gone,
    /// It is closed.
    Close(CloseCode),
}

impl Session {
    /// Serves the client until the connection ends. Returns why.
    pub(super) async fn run(&mut self, transport: &mut impl Transport) -> End {
        let stop = self.shared.parts().stop.clone();
        loop {
            if let Err(end) = self.write_waiting(transport).await {
                return end;
            }
            let (due, draining) = (self.due(), self.draining.is_some());
            let ended = tokio::select! {
                incoming = transport.receive() => self.incoming(transport, incoming).await,
                Some(finished) = self.open.next() => self.finished(transport, finished).await,
                () = self.attached.outbox.news() => Ok(()),
                () = tokio::time::sleep_until(due) => self.is_due(),
                () = stop.cancelled(), if !draining => self.drain(transport).await,
            };
            if let Err(end) = ended {
                return end;
            }
        }
    }

    /// When something is to be done at the latest.
    fn due(&self) -> Instant {
        let due = (self.heard + SILENCE_MAX).min(self.renewed + RENEW_EVERY);
        self.draining.map_or(due, |draining| due.min(draining))
    }

    fn is_due(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if self.draining.is_some_and(|draining| draining <= now) {
            return Err(End::Close(CloseCode::Draining));
        }
        if self.heard + SILENCE_MAX <= now {
            return Err(End::Close(CloseCode::Silent));
        }
        if self.renewed + RENEW_EVERY <= now {
            self.renewed = now;
            let (asker, watches) = (self.asker.clone(), self.watches.clone());
            self.open
                .push(Box::pin(async move { asker.renew(watches).await }));
        }
        Ok(())
    }

    async fn drain(&mut self, transport: &mut impl Transport) -> Result<(), End> {
        self.draining = Some(Instant::now() + DRAIN_AFTER);
        let come_back_after = rand::random_range(0..=COME_BACK_WITHIN);
        send(transport, &ServerFrame::Notice { come_back_after }).await
    }

    async fn write_waiting(&mut self, transport: &mut impl Transport) -> Result<(), End> {
        // What nobody waits for any more takes no room: it was kept and comes again.
        if !has_room(self.unacknowledged.len()) {
            self.unacknowledged
                .retain(|_, written| !written.waiting.outcome.is_closed());
        }
        while let Some(item) = self
            .attached
            .outbox
            .take(has_room(self.unacknowledged.len()), self.lanes.list_is_read)
        {
            match item {
                Item::Close(code) => return Err(End::Close(code)),
                Item::Change(change) => {
                    if let Some(frame) = presence(&change) {
                        send(transport, &frame).await?;
                    }
                }
                Item::Contact(change) => send(transport, &super::contacts::changed(change)).await?,
                Item::Message(waiting) => self.write_message(transport, *waiting).await?,
            }
        }
        Ok(())
    }

    async fn write_message(
        &mut self,
        transport: &mut impl Transport,
        mut waiting: Waiting,
    ) -> Result<(), End> {
        let frame = match std::mem::replace(&mut waiting.told, Told::Nothing) {
            Told::Message(mut received) => {
                self.sequence += 1;
                received.sequence = self.sequence;
                ServerFrame::Message(*received)
            }
            Told::Typing(from, conversation) => {
                send(transport, &ServerFrame::Typing { from, conversation }).await?;
                // Nobody acknowledges that.
                let _ = waiting.outcome.send(Outcome::Taken);
                return Ok(());
            }
            Told::Nothing => return Ok(()),
        };
        let in_hand = self.shared.parts().taken.begin(&waiting.message);
        let written = Written {
            waiting,
            _in_hand: in_hand,
        };
        self.unacknowledged.insert(self.sequence, written);
        send(transport, &frame).await
    }

    async fn incoming(&mut self, transport: &mut impl Transport, incoming: Incoming) -> Result<(), End> {
        let text = match incoming {
            Incoming::Frame(text) => text,
            Incoming::Sign => {
                self.heard = Instant::now();
                return Ok(());
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
                Some(request) => send(transport, &refused(request, why, None)).await,
                // Nobody would hear of it.
                None => Err(End::Close(CloseCode::Malformed)),
            };
        }
        self.take(transport, frame).await
    }

    async fn take(&mut self, transport: &mut impl Transport, frame: ClientFrame) -> Result<(), End> {
        match frame {
            ClientFrame::Ping {} => send(transport, &ServerFrame::Pong {}).await,
            ClientFrame::Acknowledge { sequence, left } => {
                self.acknowledge(sequence, left);
                Ok(())
            }
            ClientFrame::Authenticate { .. } => Err(End::Close(CloseCode::AuthenticatedAlready)),
            ClientFrame::Unknown => Ok(()),
            request @ (ClientFrame::State { .. }
            | ClientFrame::Watch { .. }
            | ClientFrame::Unwatch { .. }
            | ClientFrame::Contacts { .. }
            | ClientFrame::Message(_)
            | ClientFrame::Typing { .. }
            | ClientFrame::Block { .. }
            | ClientFrame::Unblock { .. }
            | ClientFrame::Blocked { .. }
            | ClientFrame::Watchers { .. }
            | ClientFrame::LogOff { .. }) => self.request(transport, request).await,
        }
    }

    fn acknowledge(&mut self, sequence: u64, left: bool) {
        let Some(written) = self.unacknowledged.remove(&sequence) else {
            return;
        };
        let outcome = if left { Outcome::Left } else { Outcome::Taken };
        if !left {
            // Also when it comes too late for this attempt: then it is known in the next.
            self.shared.parts().taken.put(&written.waiting.message);
        }
        let _ = written.waiting.outcome.send(outcome);
    }

    async fn request(&mut self, transport: &mut impl Transport, frame: ClientFrame) -> Result<(), End> {
        let number = frame.request();
        let too_many = self.lanes.open >= REQUESTS_MAX
            || (matches!(frame, ClientFrame::Watch { .. }) && self.watches.len() >= WATCHED_MAX);
        let target = match self.asker.target(&frame) {
            _ if too_many => Err(Why::Busy),
            Some(target) => Ok(target),
            None => Err(Why::NobodyThere),
        };
        match (target, number) {
            (Ok(target), _) => self.begin(target, frame),
            (Err(reason), Some(request)) => {
                let retry_after = reason.may_pass().then_some(Fault::RETRY_AFTER_SECONDS.into());
                let answer = if let ClientFrame::Message(message) = frame {
                    super::requests::receipt(request, message.id, reason, retry_after)
                } else {
                    refused(request, reason, retry_after)
                };
                return send(transport, &answer).await;
            }
            // That somebody types is of no use later.
            (Err(_), None) => {}
        }
        Ok(())
    }

    fn begin(&mut self, target: Principal, frame: ClientFrame) {
        let typing = matches!(frame, ClientFrame::Typing { .. });
        if let Some(waiting) = self.lanes.busy.get_mut(&target) {
            if !typing {
                self.lanes.open += 1;
                waiting.push_back(frame);
            }
            return;
        }
        self.lanes.open += 1;
        self.lanes.busy.insert(target.clone(), VecDeque::new());
        self.ask(target, frame);
    }

    fn ask(&mut self, target: Principal, frame: ClientFrame) {
        self.lanes.list_is_read |= reads_contacts(&frame);
        let (asker, watch) = (self.asker.clone(), self.watches.get(&target).copied());
        self.open
            .push(Box::pin(async move { asker.answer(target, frame, watch).await }));
    }

    async fn finished(&mut self, transport: &mut impl Transport, finished: Finished) -> Result<(), End> {
        // What others changed of the contact list before is told before.
        while !self.lanes.list_is_read
            && let Some(change) = self.attached.outbox.take_contact()
        {
            send(transport, &super::contacts::changed(change)).await?;
        }
        if let Some(target) = finished.target {
            self.lanes.open -= 1;
            self.lanes.list_is_read &= target != self.asker.me;
            let next = self.lanes.busy.get_mut(&target).and_then(VecDeque::pop_front);
            match next {
                Some(frame) => self.ask(target, frame),
                None => drop(self.lanes.busy.remove(&target)),
            }
        }
        for frame in &finished.frames {
            send(transport, frame).await?;
        }
        match finished.then {
            Then::Nothing => Ok(()),
            Then::Watching(person, id) => {
                if let Some(former) = self
                    .watches
                    .insert(person.clone(), id)
                    .filter(|former| *former != id)
                {
                    let asker = self.asker.clone();
                    self.open
                        .push(Box::pin(async move { asker.drop_watch(person, former).await }));
                }
                Ok(())
            }
            Then::Unwatched(person) => {
                self.watches.remove(&person);
                Ok(())
            }
            Then::Close(code) => Err(End::Close(code)),
        }
    }
}

impl Session {
    /// Who has logged off watches nobody: others see so, and nothing is told for nobody.
    pub(super) fn drop_watches(self) {
        let (asker, watches) = (self.asker, self.watches);
        let farewells = self.shared.parts().farewells.clone();
        farewells.spawn(async move {
            for (who, id) in watches {
                asker.clone().drop_watch(who, id).await;
            }
            Ok(())
        });
    }
}

fn reads_contacts(frame: &ClientFrame) -> bool {
    matches!(
        frame,
        ClientFrame::Contacts {
            action: ContactsAction::Get,
            ..
        }
    )
}

/// The answer to a request that is not done.
pub(super) fn refused(request: u32, why: Why, retry_after: Option<u32>) -> ServerFrame {
    ServerFrame::Refused {
        request,
        why,
        retry_after,
    }
}

/// The same of a fault.
pub(super) fn refused_for(request: u32, fault: Fault) -> ServerFrame {
    let (why, retry_after) = why(fault);
    refused(request, why, retry_after)
}

/// A login lives as long as a watch.
pub(super) const LOGIN_LIFETIME: rvp::Lifetime = WATCH_LIFETIME;

/// Writes a frame, in the time that a client may be silent.
pub(super) async fn send(transport: &mut impl Transport, frame: &ServerFrame) -> Result<(), End> {
    match tokio::time::timeout(SILENCE_MAX, transport.send(frame)).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(End::Gone),
        Err(_) => Err(End::Close(CloseCode::TooSlow)),
    }
}
