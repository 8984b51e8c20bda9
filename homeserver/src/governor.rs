//! How many log-ons are let in a second, and when everybody else is to come back.
//!
//! The rate is measured, not configured: it goes up while those who are let in are answered quickly and some are
//! refused, and down when answers become slow. Whoever is refused gets a second of their own in which to come
//! back, so that those who were refused together do not come back together. A quarter of the rate is kept for
//! those who come meanwhile.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// Log-ons a second to begin with: what two cores have been seen to take.
const RATE_FIRST: f64 = 2_000.0;
const RATE_LEAST: f64 = 20.0;
const RATE_MOST: f64 = 50_000.0;
/// Log-ons that may come at one moment, in seconds of the rate.
const BURST_SECONDS: f64 = 0.25;
/// How often the rate is looked at.
const WINDOW: Duration = Duration::from_millis(200);
/// An answer that takes longer says that there are too many.
const SLOW: Duration = Duration::from_millis(250);
const FASTER: f64 = 1.2;
const SLOWER: f64 = 0.7;
/// The part of the rate that is promised to those who come back.
const PROMISED: f64 = 0.75;
/// Nobody is sent away for longer.
const AWAY_SECONDS_MAX: u16 = 300;

/// Lets log-ons in. Cloning copies a pointer.
#[derive(Clone, Debug)]
pub(crate) struct Governor {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    rate: f64,
    tokens: f64,
    refilled: SystemTime,
    window_began: SystemTime,
    /// In this window.
    refused: bool,
    slow: bool,
    /// When the next who is refused is to come back.
    next_return: SystemTime,
    sent_away: u64,
}

impl Governor {
    pub(crate) fn new(now: SystemTime) -> Self {
        let state = State {
            rate: RATE_FIRST,
            tokens: RATE_FIRST * BURST_SECONDS,
            refilled: now,
            window_began: now,
            refused: false,
            slow: false,
            next_return: now,
            sent_away: 0,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Shows the rate among these metrics, and how many were sent away.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register_collector(Box::new(self.clone()));
    }

    /// Lets a log-on in, or says in how many seconds to come back.
    pub(crate) fn admit(&self, now: SystemTime) -> Result<(), u16> {
        let mut state = self.state();
        state.adapt(now);
        state.refill(now);
        if state.tokens >= 1.0 {
            state.tokens -= 1.0;
            return Ok(());
        }
        state.refused = true;
        state.sent_away += 1;
        Err(state.send_away(now))
    }

    /// A log-on that was let in has been answered.
    pub(crate) fn answered(&self, now: SystemTime, took: Duration) {
        let mut state = self.state();
        state.slow |= took > SLOW;
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
        if since(self.window_began, now) < WINDOW {
            return;
        }
        let factor = match (self.slow, self.refused) {
            (true, _) => SLOWER,
            (false, true) => FASTER,
            (false, false) => 1.0,
        };
        self.rate = (self.rate * factor).clamp(RATE_LEAST, RATE_MOST);
        (self.window_began, self.slow, self.refused) = (now, false, false);
    }

    fn refill(&mut self, now: SystemTime) {
        let passed = since(self.refilled, now).as_secs_f64();
        let most = (self.rate * BURST_SECONDS).max(1.0);
        self.tokens = (self.tokens + passed * self.rate).min(most);
        self.refilled = self.refilled.max(now);
    }

    /// A time of its own for one who is refused, in whole seconds, as `Retry-After` counts.
    fn send_away(&mut self, now: SystemTime) -> u16 {
        let turn = Duration::from_secs_f64(1.0 / (self.rate * PROMISED));
        self.next_return = self.next_return.max(now) + turn;
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
