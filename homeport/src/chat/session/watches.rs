//! Whose presence the person wants to know, and the state the person wants to be in. Both outlive a connection.

use super::waits::doubled;
use attachment::State;
use attachment::limits::WATCHED_MAX;
use std::collections::BTreeMap;
use std::time::Duration;

/// How often something that may pass is asked again before it is given up.
pub(super) const ATTEMPTS_MAX: u32 = 8;

/// How far a watch is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Progress {
    /// To be asked at this time.
    Due(Duration),
    /// Asked.
    Open,
    /// Told.
    Settled,
}

/// Everybody who is watched, or is to be.
#[derive(Default)]
pub(super) struct Watches {
    people: BTreeMap<String, Watch>,
}

struct Watch {
    /// By which a resumed session finds it again.
    subscription: Option<u32>,
    progress: Progress,
    attempts: u32,
    /// Asked for by a command that has not been answered.
    asked: bool,
}

impl Watches {
    /// Adds somebody; false when there are too many.
    pub(super) fn put(&mut self, who: &str, now: Duration) -> bool {
        if self.people.len() >= WATCHED_MAX && !self.people.contains_key(who) {
            return false;
        }
        let watch = Watch {
            subscription: None,
            progress: Progress::Due(now),
            attempts: 0,
            asked: true,
        };
        let subscription = self.people.get(who).and_then(|known| known.subscription);
        let watch = Watch {
            subscription,
            ..watch
        };
        self.people.insert(who.to_owned(), watch);
        true
    }

    pub(super) fn remove(&mut self, who: &str) {
        self.people.remove(who);
    }

    pub(super) fn lost(&mut self, now: Duration) {
        for watch in self.people.values_mut() {
            watch.progress = Progress::Due(now);
            watch.attempts = 0;
        }
    }

    pub(super) fn forget_subscriptions(&mut self) {
        self.people
            .values_mut()
            .for_each(|watch| watch.subscription = None);
    }

    /// The next one to ask for, with what to name; it counts as asked.
    pub(super) fn take_due(&mut self, now: Duration) -> Option<(String, Option<u32>)> {
        let due = |watch: &Watch| matches!(watch.progress, Progress::Due(at) if at <= now);
        let (who, watch) = self.people.iter_mut().find(|(_, watch)| due(watch))?;
        watch.progress = Progress::Open;
        Some((who.clone(), watch.subscription))
    }

    pub(super) fn next_due(&self) -> Option<Duration> {
        self.people
            .values()
            .filter_map(|watch| watch.progress.due())
            .min()
    }

    /// It is told from now on. True when a command waits for that.
    pub(super) fn told(&mut self, who: &str, subscription: u32) -> bool {
        let Some(watch) = self.people.get_mut(who) else {
            return false;
        };
        watch.subscription = Some(subscription);
        watch.progress = Progress::Settled;
        watch.attempts = 0;
        std::mem::take(&mut watch.asked)
    }

    /// It was refused. True when it is not asked for again.
    pub(super) fn refused(
        &mut self,
        who: &str,
        may_pass: bool,
        after: Option<Duration>,
        now: Duration,
    ) -> bool {
        let Some(watch) = self.people.get_mut(who) else {
            return false;
        };
        if may_pass && watch.attempts < ATTEMPTS_MAX {
            watch.progress = Progress::Due(again(now, after, watch.attempts));
            watch.attempts += 1;
            return false;
        }
        self.people.remove(who);
        true
    }
}

impl Progress {
    fn due(self) -> Option<Duration> {
        match self {
            Self::Due(at) => Some(at),
            Self::Open | Self::Settled => None,
        }
    }
}

/// When to ask again what may pass.
pub(super) fn again(now: Duration, after: Option<Duration>, attempts: u32) -> Duration {
    now + after
        .unwrap_or_default()
        .max(doubled(Duration::from_secs(1), attempts))
}

/// The state that the person wants to be in.
pub(super) struct Wish {
    state: State,
    /// What the server has said something about, good or bad.
    settled: Option<State>,
    /// What it was asked for.
    open: Option<State>,
    due: Duration,
    attempts: u32,
}

impl Wish {
    pub(super) fn new(state: State, now: Duration) -> Self {
        Self {
            state,
            settled: None,
            open: None,
            due: now,
            attempts: 0,
        }
    }

    /// Another state is wanted. One that was asked for already is answered first.
    pub(super) fn put(&mut self, state: State, now: Duration) {
        let open = self.open;
        *self = Self {
            open,
            ..Self::new(state, now)
        };
    }

    /// The same state is to be set in a new session.
    pub(super) fn again(&mut self, now: Duration) {
        *self = Self::new(self.state, now);
    }

    pub(super) fn lost(&mut self, now: Duration) {
        if self.open.is_some() {
            self.again(now);
        }
    }

    pub(super) fn is_settled(&self) -> bool {
        self.open.is_none() && self.settled == Some(self.state)
    }

    pub(super) fn next_due(&self) -> Option<Duration> {
        (self.open.is_none() && !self.is_settled()).then_some(self.due)
    }

    /// The state to ask for, if it is time; it counts as asked.
    pub(super) fn take_due(&mut self, now: Duration) -> Option<State> {
        self.next_due().filter(|at| *at <= now)?;
        self.open = Some(self.state);
        self.open
    }

    /// What was asked for is so.
    pub(super) fn done(&mut self) {
        self.settled = self.open.take();
    }

    /// What was asked for is not so. True when it is not asked for again.
    pub(super) fn refused(&mut self, may_pass: bool, after: Option<Duration>, now: Duration) -> bool {
        let asked = self.open.take();
        if may_pass && asked == Some(self.state) && self.attempts < ATTEMPTS_MAX {
            self.due = again(now, after, self.attempts);
            self.attempts += 1;
            return false;
        }
        self.settled = asked;
        true
    }
}
