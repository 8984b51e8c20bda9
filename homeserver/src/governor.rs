//! How many log-ons are let in a second, and when everybody else is to come back.
//!
//! Everybody has a turn, a few at a time and at an even pace, so that whoever talks meanwhile is not held up by many
//! log-ons at one moment. Whose turn is soon waits for it here. Others are refused and get a second of their own in
//! which to come back, so that those who were refused together do not come back together. At least a fifth of the
//! rate is kept for those who come meanwhile.
//!
//! The rate is measured, not configured: it goes up while those who are let in are answered quickly and others wait for
//! long, and down when answers become slow. There are two, one while people talk, who are not to notice, and one while
//! nobody does. What is measured of log-ons that had their turn by one changes that one only.

use crate::talk::Talk;
use daemon::Clock;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

/// Log-ons a second to begin with while people talk: what half a processor of today takes, a home and its part of a
/// router.
const RATE_IN_TALK: f64 = 1_200.0;
/// The same while nobody talks: as many as a thread of a router takes up connections. The quicker they are in, the less each
/// costs: whoever is in already is told of the others, and processors that rest in between are woken up each time.
const RATE_IN_SILENCE: f64 = 8_000.0;
const RATE_LEAST: f64 = 20.0;
const RATE_MOST: f64 = 50_000.0;
/// Turns that nobody took are kept for so long: as many may come at one moment.
const BURST: Duration = Duration::from_millis(20);
/// Whoever waits is let in together with the others of so long: what comes together is read, written and answered
/// together, which costs less.
const TOGETHER: Duration = Duration::from_millis(2);
/// To wait for longer than this is to wait for long.
const LONG: Duration = Duration::from_millis(250);
/// Nobody waits longer for a turn: whoever came back in the second that they were given is let in within it.
const WAIT_MAX: Duration = Duration::from_secs(1);
/// Log-ons that wait at once: a part of the calls that a link may have open.
const WAITING_MAX: f64 = 4_000.0;
/// How often the rate is looked at while people log on.
const WINDOW: Duration = Duration::from_millis(200);
/// The same while nobody does.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// An answer that takes longer says that there are too many.
const SLOW: Duration = Duration::from_millis(250);
const FASTER: f64 = 1.2;
const SLOWER: f64 = 0.7;
/// The part of the rate that is promised to those who come back.
const PROMISED: f64 = 0.8;
/// Nobody is sent away for longer.
const AWAY_SECONDS_MAX: u16 = 300;

/// Lets log-ons in. Cloning copies a pointer.
#[derive(Clone, Debug)]
pub(crate) struct Governor {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    /// Turns are counted from here.
    began: SystemTime,
    /// The rate that is in force: while people talk or while nobody does.
    rate: f64,
    /// The other one, as it was when it was last in force.
    other_rate: f64,
    people_talk: bool,
    talk: Talk,
    /// The next turn, which may have passed.
    next_turn: SystemTime,
    /// Turns until then may have been given out at the other rate.
    other_until: SystemTime,
    window_began: SystemTime,
    /// In this window somebody had to wait for long or was refused; an answer took long.
    wanted: bool,
    slow: bool,
    /// When the next who is refused is to come back.
    next_return: SystemTime,
    sent_away: u64,
}

impl Governor {
    /// A governor that is told whether people talk.
    pub(crate) fn new(talk: Talk, now: SystemTime) -> Self {
        let state = State {
            began: now,
            rate: RATE_IN_TALK,
            other_rate: RATE_IN_SILENCE,
            people_talk: true,
            talk,
            next_turn: now,
            other_until: now,
            window_began: now,
            wanted: false,
            slow: false,
            next_return: now,
            sent_away: 0,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Looks now and then also while nobody logs on, so that it is known whether people talk when many do. Ends when it
    /// is told to.
    pub(crate) async fn watch(self, clock: Arc<dyn Clock>, cancelled: CancellationToken) {
        while cancelled
            .run_until_cancelled(tokio::time::sleep(LOOK_EVERY))
            .await
            .is_some()
        {
            self.state().adapt(clock.now());
        }
    }

    /// Shows the rate among these metrics, and how many were sent away.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register_collector(Box::new(self.clone()));
    }

    /// Says after what wait a log-on is let in, or in how many seconds to come back.
    pub(crate) fn admit(&self, now: SystemTime) -> Result<Duration, u16> {
        let mut state = self.state();
        state.adapt(now);
        let (wait, wait_max) = (state.until_turn(now), state.wait_max());
        // Those before may have had their turns at the other rate.
        state.wanted |= wait > LONG.min(wait_max) && now >= state.other_until;
        if wait > wait_max {
            state.sent_away += 1;
            return Err(state.send_away(now));
        }
        let turn = Duration::from_secs_f64(1.0 / state.rate);
        state.next_turn += turn;
        Ok(wait)
    }

    /// A log-on that was let in has been answered; the wait for its turn is not counted.
    pub(crate) fn answered(&self, now: SystemTime, took: Duration) {
        let mut state = self.state();
        state.slow |= took > SLOW && now - took >= state.other_until;
        state.adapt(now);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector for Governor {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let (rate, sent_away) = {
            let state = self.state();
            (state.rate, state.sent_away)
        };
        let (gauge, counter) = (ConstGauge::new(rate), ConstCounter::new(sent_away));
        let help = "Log-ons that are let in each second at most";
        gauge.encode(encoder.encode_descriptor("log_on_rate", help, None, gauge.metric_type())?)?;
        let help = "Log-ons that were told when to come back";
        let sent_away = encoder.encode_descriptor("log_ons_sent_away", help, None, counter.metric_type())?;
        counter.encode(sent_away)
    }
}

impl State {
    fn adapt(&mut self, now: SystemTime) {
        // By more than threads come here out of the order in which they looked at the clock: it was set back.
        if since(now, self.window_began) > WINDOW {
            (self.window_began, self.other_until, self.next_return) = (now, now, now);
        }
        if since(self.window_began, now) < WINDOW {
            return;
        }
        let factor = match (self.slow, self.wanted) {
            (true, _) => SLOWER,
            (false, true) => FASTER,
            (false, false) => 1.0,
        };
        self.rate = (self.rate * factor).clamp(RATE_LEAST, RATE_MOST);
        (self.slow, self.wanted, self.window_began) = (false, false, now);
        let people_talk = self.talk.goes_on(now);
        if people_talk != self.people_talk {
            self.people_talk = people_talk;
            self.change_rates(now);
        }
    }

    /// From now on turns are given out at the other rate.
    fn change_rates(&mut self, now: SystemTime) {
        self.other_until = self.next_turn.max(now);
        std::mem::swap(&mut self.rate, &mut self.other_rate);
        let faster = self.rate / self.other_rate;
        if faster > 1.0 {
            // Those who come now would wait longer than anybody may, where those before them are that many.
            self.next_turn = now + since(now, self.next_turn).div_f64(faster);
        }
    }

    /// How long it is until the next turn.
    fn until_turn(&mut self, now: SystemTime) -> Duration {
        // A turn later than any that is given out: the clock was set back.
        if since(now, self.next_turn) > 2 * WAIT_MAX {
            self.next_turn = now;
        }
        self.next_turn = self.next_turn.max(now - BURST);
        let wait = since(now, self.next_turn);
        if wait.is_zero() {
            return wait;
        }
        let past = since(self.began, now + wait).as_nanos() % TOGETHER.as_nanos();
        wait + TOGETHER - Duration::from_nanos(u64::try_from(past).unwrap_or(0))
    }

    fn wait_max(&self) -> Duration {
        WAIT_MAX.min(Duration::from_secs_f64(WAITING_MAX / self.rate))
    }

    /// A time of its own for one who is refused, in whole seconds, as `Retry-After` counts.
    fn send_away(&mut self, now: SystemTime) -> u16 {
        // No more in one second than may wait.
        let turn = Duration::from_secs_f64(1.0 / (self.rate * PROMISED).min(WAITING_MAX));
        // Those beyond the latest come back together: else whoever is refused much later would still wait for all that were.
        let latest = now + Duration::from_secs(u64::from(AWAY_SECONDS_MAX));
        self.next_return = self.next_return.max(now).min(latest) + turn;
        let away = since(now, self.next_return).as_secs_f64().ceil();
        // Cannot be negative, and a cast from a float saturates.
        (away as u16).clamp(1, AWAY_SECONDS_MAX)
    }
}

fn since(earlier: SystemTime, later: SystemTime) -> Duration {
    later.duration_since(earlier).unwrap_or_default()
}

#[cfg(test)]
#[path = "governor_tests.rs"]
mod tests;
