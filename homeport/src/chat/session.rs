//! What a client remembers and decides on an attachment (docs/attachment.md), without doing anything: it is told what
//! happened and when, and says what to do and what to show.
//!
//! ```text
//! Waiting ──▶ Opening ──▶ Proving ──▶ Ready ──▶ Over
//!    ▲           │           │          │
//!    └───────────┴───────────┴──────────┘  lost: again after a while
//! ```

mod event;
mod incoming;
mod log_on;
mod outgoing;
mod seen;
mod waits;
mod watches;

pub(crate) use event::{Action, Ask, Ended, Event};
pub(crate) use outgoing::Unsendable;

use attachment::{ClientFrame, CloseCode, Next, State};
use incoming::Parts;
use log_on::Proving;
use outgoing::{Open, Outbox};
use rand::SeedableRng;
use rand::rngs::StdRng;
use seen::Seen;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use waits::BackOff;
use watches::{Watches, Wish};

/// How long it may take to be connected, and then to be logged on: a router gives as much.
const LOG_ON_WAIT: Duration = attachment::limits::AUTHENTICATE_WITHIN;
/// How often an answer that never came is tried for before the first `welcome`.
const FIRST_ATTEMPTS_MAX: u32 = 10;
/// How long receipts are waited for by who wants to leave.
const FINISH_WAIT: Duration = Duration::from_secs(20);
/// How long the answer to a log-off is waited for.
const LEAVE_WAIT: Duration = Duration::from_secs(3);
/// A connection that lasted as long begins again with short waits.
const SETTLED: Duration = Duration::from_secs(30);
/// Conversations that are remembered, one for each person.
const CONVERSATIONS_MAX: usize = attachment::limits::WATCHED_MAX;
/// Requests that wait for their turn, beside messages and watches.
const ASKS_MAX: usize = 256;

/// Who logs on, and how.
pub(crate) struct Person {
    /// The address.
    pub(crate) address: String,
    /// The password.
    pub(crate) password: String,
    /// The state to be in.
    pub(crate) state: State,
}

/// A client's side of an attachment, over any number of connections. Times are since any moment that stays the same.
pub(crate) struct Session {
    person: Person,
    rng: StdRng,
    stage: Stage,
    actions: VecDeque<Action>,
    back_off: BackOff,
    token: Option<Token>,
    /// What a resume names.
    session: Option<String>,
    /// The sequence of the last message.
    last: u64,
    /// Whether any log-on has succeeded.
    welcomed: bool,
    seen: Seen,
    conversations: BTreeMap<String, String>,
    next_request: u32,
    open: BTreeMap<u32, Open>,
    asks: VecDeque<Ask>,
    /// Of lists that are being read, by request.
    parts: BTreeMap<u32, Parts>,
    outbox: Outbox,
    watches: Watches,
    wish: Wish,
    /// The person wants to leave: until when receipts are waited for.
    finish: Option<Duration>,
}

struct Token {
    text: String,
    until: Duration,
}

enum Stage {
    Waiting { until: Duration },
    Opening { until: Duration },
    Proving { until: Duration, proving: Proving },
    Ready(Ready),
    Over { code: u16, reason: String },
}

/// A connection on which the person is logged on.
struct Ready {
    since: Duration,
    heard: Duration,
    said: Duration,
    /// After how much silence to say something.
    ping_after: Duration,
    requests_max: usize,
    /// People that one frame may ask to watch; 1 where the router does not know such a frame.
    watch_many_max: usize,
    /// When to connect again, because the router is about to stop.
    come_back: Option<Duration>,
    /// A log-off was asked for: until when its answer is waited for.
    leaving: Option<Duration>,
}

impl Session {
    /// Begins to connect at once. The seed is to be random: nonces and ids come from it.
    pub(crate) fn new(person: Person, seed: [u8; 32], now: Duration) -> Self {
        let wish = Wish::new(person.state, now);
        Self {
            person,
            rng: StdRng::from_seed(seed),
            stage: Stage::Waiting { until: now },
            actions: VecDeque::new(),
            back_off: BackOff::default(),
            token: None,
            session: None,
            last: 0,
            welcomed: false,
            seen: Seen::default(),
            conversations: BTreeMap::new(),
            next_request: 1,
            open: BTreeMap::new(),
            asks: VecDeque::new(),
            parts: BTreeMap::new(),
            outbox: Outbox::default(),
            watches: Watches::default(),
            wish,
            finish: None,
        }
    }

    /// What to do next, in this order: what is to be shown is shown before its acknowledgement is sent.
    pub(crate) fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Whether there is nothing to do any more.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over { .. })
    }

    /// By which code it has ended, and why.
    pub(crate) fn closed(&self) -> Option<(u16, &str)> {
        match &self.stage {
            Stage::Over { code, reason } => Some((*code, reason)),
            Stage::Waiting { .. } | Stage::Opening { .. } | Stage::Proving { .. } | Stage::Ready(_) => None,
        }
    }

    /// Messages that nobody has given a receipt for.
    pub(crate) fn unanswered(&self) -> usize {
        self.outbox.len()
    }

    /// Whether one more request of any kind is taken.
    pub(crate) fn has_room(&self) -> bool {
        !self.outbox.is_full() && self.asks.len() < ASKS_MAX
    }

    /// When [`Session::tick`] has something to do.
    pub(crate) fn next_tick(&self) -> Option<Duration> {
        let stage = match &self.stage {
            Stage::Over { .. } => return None,
            Stage::Waiting { until } | Stage::Opening { until } | Stage::Proving { until, .. } => {
                Some(*until)
            }
            Stage::Ready(ready) => {
                let gone = ready.heard + attachment::limits::SILENCE_MAX;
                let times = [
                    Some(gone),
                    Some(ready.said + ready.ping_after),
                    ready.come_back,
                    ready.leaving,
                ];
                let dues = [
                    self.outbox.next_due(),
                    self.watches.next_due(),
                    self.wish.next_due(),
                ];
                // When as much is open as may be, an answer and not time makes room.
                let room = self.open.len() < ready.requests_max;
                let dues = dues.into_iter().filter(|_| room);
                times.into_iter().chain(dues).flatten().min()
            }
        };
        stage.into_iter().chain(self.finish).min()
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, now: Duration) {
        match &self.stage {
            Stage::Over { .. } => return,
            Stage::Waiting { until } if now >= *until => {
                let until = now + LOG_ON_WAIT;
                self.stage = Stage::Opening { until };
                self.actions.push_back(Action::Connect);
            }
            Stage::Opening { until } | Stage::Proving { until, .. } if now >= *until => {
                self.ended(now, Ended::because("the server does not answer"));
            }
            Stage::Ready(ready) => {
                let due = ready.next(now);
                self.tick_ready(now, due);
            }
            Stage::Waiting { .. } | Stage::Opening { .. } | Stage::Proving { .. } => {}
        }
        self.leave_when_done(now);
    }

    fn tick_ready(&mut self, now: Duration, due: Due) {
        match due {
            Due::Gone => self.ended(now, Ended::because("nothing is heard of the server")),
            Due::Left => self.over(CloseCode::LoggedOff.code(), CloseCode::LoggedOff.reason()),
            Due::ComeBack => self.come_back(now, "the router is about to stop", Duration::ZERO),
            Due::Ping => self.say(now, &ClientFrame::Ping {}),
            Due::Nothing => {}
        }
        self.pump(now);
    }

    /// The connection is there.
    pub(crate) fn connected(&mut self, now: Duration) {
        if matches!(self.stage, Stage::Opening { .. }) {
            self.prove(now);
        }
    }

    /// Something came that says that the server lives.
    pub(crate) fn heard(&mut self, now: Duration) {
        if let Stage::Ready(ready) = &mut self.stage {
            ready.heard = now;
        }
    }

    /// The connection has ended, or was not made.
    pub(crate) fn ended(&mut self, now: Duration, ended: Ended) {
        let code = ended.code.and_then(CloseCode::from_code);
        let next = code.map_or(Next::Resume, CloseCode::next);
        let number = ended.code.unwrap_or(Ended::WITHOUT_CODE);
        let (may_pass, wait) = (code.is_some() || ended.retry_after.is_some(), ended.retry_after);
        let wait = wait.unwrap_or_default();
        match (&self.stage, next) {
            (Stage::Over { .. } | Stage::Waiting { .. }, _) => {}
            (Stage::Ready(Ready { leaving: Some(_), .. }), _) => {
                self.over(CloseCode::LoggedOff.code(), CloseCode::LoggedOff.reason());
            }
            (_, Next::Nothing | Next::GiveUp) => self.over(number, &ended.reason),
            (_, Next::AskPassword) if self.token.is_none() => self.over(number, &ended.reason),
            (_, Next::AskPassword) => {
                // It was the token that is not good any more.
                self.forget_token();
                self.come_back(now, &ended.reason, Duration::ZERO);
            }
            (_, Next::LogOn | Next::Resume)
                if !self.welcomed && (!may_pass || self.back_off.attempts() >= FIRST_ATTEMPTS_MAX) =>
            {
                self.over(number, &ended.reason);
            }
            (_, Next::LogOn) => {
                self.session = None;
                let wait = wait.max(self.pause(now));
                self.come_back(now, &ended.reason, wait);
            }
            (_, Next::Resume) => {
                let wait = wait.max(self.pause(now));
                self.come_back(now, &ended.reason, wait);
            }
        }
    }

    /// How long to wait, as many others may have been lost at the same moment.
    fn pause(&mut self, now: Duration) -> Duration {
        match &self.stage {
            Stage::Ready(Ready {
                come_back: Some(at), ..
            }) => return at.saturating_sub(now),
            Stage::Ready(ready) if now.saturating_sub(ready.since) >= SETTLED => self.back_off.reset(),
            Stage::Ready(_)
            | Stage::Waiting { .. }
            | Stage::Opening { .. }
            | Stage::Proving { .. }
            | Stage::Over { .. } => {}
        }
        self.back_off.next(&mut self.rng)
    }

    /// Leaves the connection and makes another one later. What was asked is asked again.
    fn come_back(&mut self, now: Duration, reason: &str, wait: Duration) {
        for (_, open) in std::mem::take(&mut self.open).into_iter().rev() {
            match open {
                Open::Ask(ask) => self.asks.push_front(ask),
                Open::Message(_)
                | Open::Watch(_)
                | Open::WatchMany(_)
                | Open::State(_)
                | Open::Prove
                | Open::LogOff => {}
            }
        }
        self.outbox.lost(now);
        self.watches.lost(now);
        self.wish.lost(now);
        self.parts.clear();
        self.stage = Stage::Waiting { until: now + wait };
        self.actions.push_back(Action::Close);
        self.actions.push_back(Action::Show(Event::Lost {
            reason: reason.to_owned(),
            again_in: wait,
        }));
    }

    fn over(&mut self, code: u16, reason: &str) {
        let reason = reason.to_owned();
        self.stage = Stage::Over {
            code,
            reason: reason.clone(),
        };
        self.actions.push_back(Action::Close);
        self.actions
            .push_back(Action::Show(Event::Closed { code, reason }));
    }

    /// The person wants to leave: as soon as what was sent has its receipts and what was asked is answered.
    pub(crate) fn finish(&mut self, now: Duration) {
        self.finish.get_or_insert(now + FINISH_WAIT);
        self.tick(now);
    }

    /// The person wants to leave and not to wait.
    pub(crate) fn leave(&mut self, now: Duration) {
        self.finish = Some(now);
        self.tick(now);
    }

    fn leave_when_done(&mut self, now: Duration) {
        let Some(until) = self.finish else { return };
        let late = now >= until;
        let idle =
            self.outbox.len() == 0 && self.asks.is_empty() && self.wish.is_settled() && self.open.is_empty();
        match &mut self.stage {
            Stage::Ready(ready) if ready.leaving.is_none() && (late || idle) => {
                let until = now + LEAVE_WAIT;
                ready.leaving = Some(until);
                self.finish = Some(until);
                self.request(now, Open::LogOff, |request| ClientFrame::LogOff { request });
            }
            Stage::Ready(ready) if ready.leaving.is_some() => {}
            Stage::Over { .. } => {}
            Stage::Waiting { .. } | Stage::Opening { .. } | Stage::Proving { .. } | Stage::Ready(_) => {
                if late {
                    self.over(Ended::WITHOUT_CODE, "not connected when it was to end");
                }
            }
        }
    }

    fn say(&mut self, now: Duration, frame: &ClientFrame) {
        if let Stage::Ready(ready) = &mut self.stage {
            ready.said = now;
        }
        self.actions.push_back(Action::Send(frame.write()));
    }

    fn request(&mut self, now: Duration, open: Open, frame: impl FnOnce(u32) -> ClientFrame) {
        let request = self.next_request;
        self.next_request = self.next_request.wrapping_add(1);
        self.open.insert(request, open);
        self.say(now, &frame(request));
    }
}

/// What a connection is due.
enum Due {
    Gone,
    Left,
    ComeBack,
    Ping,
    Nothing,
}

impl Ready {
    fn next(&self, now: Duration) -> Due {
        let passed = |at: Option<Duration>| at.is_some_and(|at| now >= at);
        if passed(self.leaving) {
            Due::Left
        } else if now.saturating_sub(self.heard) >= attachment::limits::SILENCE_MAX {
            Due::Gone
        } else if passed(self.come_back) {
            Due::ComeBack
        } else if now.saturating_sub(self.said) >= self.ping_after {
            Due::Ping
        } else {
            Due::Nothing
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
