//! One client's connection from its log-on to its end: what it is told, and what it has not acknowledged.

use super::gathering::Gathering;
use super::lanes::Lanes;
use super::outbox::{Item, Waiting};
use super::requests::{Asker, Finished, WATCH_LIFETIME};
use super::socket::{Incoming, Transport};
use super::translate::{Told, why};
use super::watches::Watches;
use super::{Attached, has_room, presence};
use crate::call_back::InHand;
use attachment::limits::SILENCE_MAX;
use attachment::{CloseCode, ServerFrame, Why};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use proto::Outcome;
use rand::RngExt;
use rvp::Fault;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::WaitForCancellationFuture;

/// How often login, watches and token are renewed, which live longer.
const RENEW_EVERY: Duration = Duration::from_secs(2_700);
/// How long a connection stays after its client was told to come back elsewhere.
const DRAIN_AFTER: Duration = Duration::from_secs(1);
/// The most that a client is asked to wait before it comes back, in seconds.
const COME_BACK_WITHIN: u32 = 3;

/// A client's connection, once it is known who it is.
pub(super) struct Session {
    pub(super) attached: Arc<Attached>,
    pub(super) asker: Asker,
    /// Of the last message that was written.
    pub(super) sequence: u64,
    pub(super) watches: Watches,
    /// In the order in which they were written.
    pub(super) unacknowledged: VecDeque<(u64, Written)>,
    pub(super) lanes: Lanes,
    pub(super) open: FuturesUnordered<BoxFuture<'static, Finished>>,
    pub(super) heard: Instant,
    pub(super) renewed: Instant,
    pub(super) draining: Option<Instant>,
    gathering: Gathering,
}

/// A message that the client has, or will.
pub(super) struct Written {
    pub(super) waiting: Waiting,
    _in_hand: Option<InHand>,
}

/// Why a connection ends.
pub(super) enum End {
    /// The client hung up, or cannot be written to.
    Gone,
    /// It is closed.
    Close(CloseCode),
}

/// What a session does something about.
enum Event {
    Incoming(Incoming),
    Finished(Finished),
    News,
    Stop,
    Due,
}

impl Session {
    /// A connection on which nothing has happened. `sequence` is of the last message that its client has.
    pub(super) fn new(attached: Arc<Attached>, asker: Asker, sequence: u64) -> Self {
        let now = Instant::now();
        Self {
            attached,
            asker,
            sequence,
            watches: Watches::default(),
            unacknowledged: VecDeque::new(),
            lanes: Lanes::default(),
            open: FuturesUnordered::new(),
            heard: now,
            renewed: now,
            draining: None,
            gathering: Gathering::new(now),
        }
    }

    /// Serves the client until the connection ends. Returns why.
    pub(super) async fn run(&mut self, transport: &mut impl Transport) -> End {
        let stop = self.asker.shared.parts().stop.clone();
        // Both are kept, so that nothing is registered anew for each frame. When what is due has come it is looked at
        // again, and moves away.
        let mut stopped = pin!(stop.cancelled());
        let mut due = pin!(tokio::time::sleep_until(self.due_next()));
        // Of all that wakes up a connection news are most often, and then nothing else need be looked at twice. But not
        // again and again, so that nothing else is forgotten.
        let mut news_first = true;
        loop {
            // On the heap, as all that writes: a connection is idle most of the time, and keeps room in its task for
            // the largest of what it may wait for.
            if let Some(item) = self.take_waiting() {
                match Box::pin(self.put_waiting(item, transport)).await {
                    // From now on changes wait: until then, or until what is due before.
                    Ok(Some(until)) if until < due.deadline() => due.as_mut().reset(until),
                    Ok(_) => {}
                    Err(end) => return end,
                }
            }
            let next = self.next(transport, (stopped.as_mut(), due.as_mut()), news_first);
            let event = next.await;
            news_first = !matches!(event, Event::News);
            let done = match event {
                Event::Incoming(incoming) => self.incoming(incoming),
                Event::Finished(finished) => {
                    let finished = Box::pin(self.finished(transport, finished));
                    finished.await.map(|()| None)
                }
                Event::News => Ok(None),
                Event::Stop => Ok(Some(self.drain())),
                Event::Due => self.is_due().map(|()| None),
            };
            let put = match done {
                Ok(Some(frame)) => Box::pin(put(transport, &frame)).await,
                Ok(None) => Ok(()),
                Err(end) => Err(end),
            };
            if let Err(end) = put {
                return end;
            }
            if due.is_elapsed() || self.draining.is_some() {
                due.as_mut().reset(self.due_next());
            }
        }
    }

    /// What comes next. What was put is written when nothing else is to be done, so that frames which come together
    /// leave together.
    async fn next(
        &mut self,
        transport: &mut impl Transport,
        (mut stopped, mut due): (Pin<&mut WaitForCancellationFuture<'_>>, Pin<&mut Sleep>),
        news_first: bool,
    ) -> Event {
        let draining = self.draining.is_some();
        let mut news = pin!(self.attached.outbox.news());
        let open = &mut self.open;
        poll_fn(|context| {
            if news_first && news.as_mut().poll(context).is_ready() {
                return Poll::Ready(Event::News);
            }
            if due.as_mut().poll(context).is_ready() {
                return Poll::Ready(Event::Due);
            }
            if !draining && stopped.as_mut().poll(context).is_ready() {
                return Poll::Ready(Event::Stop);
            }
            // An empty one would register anew each time.
            if !open.is_empty()
                && let Poll::Ready(Some(finished)) = open.poll_next_unpin(context)
            {
                return Poll::Ready(Event::Finished(finished));
            }
            if let Poll::Ready(incoming) = transport.poll_receive(context) {
                return Poll::Ready(Event::Incoming(incoming));
            }
            if !news_first && news.as_mut().poll(context).is_ready() {
                return Poll::Ready(Event::News);
            }
            match transport.poll_flush(context) {
                Poll::Ready(false) => Poll::Ready(Event::Incoming(Incoming::Gone)),
                Poll::Ready(true) | Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// When something is to be done at the latest. Changes that have waited for long enough wait no more: only for others
    /// it is looked again.
    fn due_next(&self) -> Instant {
        let due = (self.heard + SILENCE_MAX).min(self.renewed + RENEW_EVERY);
        let gathered = self.gathering.until(Instant::now());
        if gathered.is_none() {
            self.attached.outbox.gather(false);
        }
        let earlier = gathered.into_iter().chain(self.draining);
        earlier.fold(due, Instant::min)
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
            self.open.push(Box::pin(asker.renew(watches)));
        }
        Ok(())
    }

    fn drain(&mut self) -> ServerFrame {
        self.draining = Some(Instant::now() + DRAIN_AFTER);
        let come_back_after = self.asker.shared.random().random_range(0..=COME_BACK_WITHIN);
        ServerFrame::Notice { come_back_after }
    }

    /// The first of what waits to be written.
    fn take_waiting(&mut self) -> Option<Item> {
        let room = self.make_room();
        self.attached.outbox.take(room, &self.lanes)
    }

    /// Whether one more message may be written. What nobody waits for any more takes no room: it was kept and comes again.
    fn make_room(&mut self) -> bool {
        if !has_room(self.unacknowledged.len()) {
            self.unacknowledged
                .retain(|(_, written)| !written.waiting.outcome.is_closed());
        }
        has_room(self.unacknowledged.len())
    }

    /// Writes what waits. Until when changes that come from now on wait for others, if they do.
    async fn put_waiting(
        &mut self,
        first: Item,
        transport: &mut impl Transport,
    ) -> Result<Option<Instant>, End> {
        let mut next = Some(first);
        let mut told = false;
        while let Some(item) = next {
            let frame = match item {
                Item::Close(code) => return Err(End::Close(code)),
                Item::Change(news) => {
                    if let Some(text) = news.text(presence) {
                        told = true;
                        put_text(transport, text).await?;
                    }
                    None
                }
                Item::Contact(change) => Some(super::contacts::changed(change)),
                Item::Message(waiting) => self.message(*waiting),
            };
            if let Some(frame) = frame {
                put(transport, &frame).await?;
            }
            let room = self.make_room();
            next = self.attached.outbox.take_along(room, &self.lanes);
        }
        let until = told.then(|| self.gathering.told(Instant::now())).flatten();
        if until.is_some() {
            self.attached.outbox.gather(true);
        }
        Ok(until)
    }

    fn message(&mut self, mut waiting: Waiting) -> Option<ServerFrame> {
        match std::mem::replace(&mut waiting.told, Told::Nothing) {
            Told::Message(mut received) => {
                self.sequence += 1;
                received.sequence = self.sequence;
                let in_hand = self.asker.shared.parts().taken.begin(waiting.mark);
                let written = Written {
                    waiting,
                    _in_hand: in_hand,
                };
                self.unacknowledged.push_back((self.sequence, written));
                Some(ServerFrame::Message(*received))
            }
            Told::Typing(from, conversation) => {
                // Nobody acknowledges that.
                let _ = waiting.outcome.send(Outcome::Taken);
                Some(ServerFrame::Typing { from, conversation })
            }
            Told::Nothing => None,
        }
    }
}

impl Session {
    /// Who has logged off watches nobody: others see so, and nothing is told for nobody.
    pub(super) fn drop_watches(self) {
        let (asker, watches) = (self.asker, self.watches);
        let farewells = asker.shared.parts().farewells.clone();
        let turn = asker.shared.leaving().turn();
        farewells.spawn(async move {
            let _turn = turn.await;
            for (who, id) in watches {
                // On the heap, and not before its turn.
                Box::pin(asker.clone().drop_watch(who, id)).await;
            }
            Ok(())
        });
    }
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

/// Puts a frame, as soon as there is room for it: in the time that a client may be silent.
pub(super) async fn put(transport: &mut impl Transport, frame: &ServerFrame) -> Result<(), End> {
    put_text(transport, &frame.write()).await
}

/// The same of one that is written.
async fn put_text(transport: &mut impl Transport, frame: &str) -> Result<(), End> {
    match tokio::time::timeout(SILENCE_MAX, transport.put(frame)).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(End::Gone),
        Err(_) => Err(End::Close(CloseCode::TooSlow)),
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
