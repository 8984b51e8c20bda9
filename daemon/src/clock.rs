//! Time as a value somebody passes in.

use async_trait::async_trait;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// Tells the time and waits for it. Whoever needs time takes one of these, so tests decide what it is.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// The time of day. Never goes back within one process.
    fn now(&self) -> SystemTime;

    /// Returns once [`Clock::now`] is at least `at`; at once when that has passed.
    ///
    /// May be dropped at any time without effect.
    async fn sleep_until(&self, at: SystemTime);
}

/// The clock of a running process: the wall clock is read once, at the start, and carried on by the
/// monotonic clock.
///
/// A wall clock that an operator or a time service steps therefore neither ends leases early nor keeps them
/// alive. The price is that [`Clock::now`] keeps the error the wall clock had when the process started, and
/// drifts from it as the machine's oscillator does (about a second a week). Times written to the store are
/// compared only with lifetimes of minutes and more, so that is harmless.
///
/// The monotonic part is tokio's, so a test with paused time moves this clock too.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    wall: SystemTime,
    start: Instant,
}

impl SystemClock {
    /// Reads the wall clock, for the only time.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place where the time of day enters the process"
    )]
    pub fn new() -> Self {
        Self {
            wall: SystemTime::now(),
            start: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        let passed = self.start.elapsed();
        self.wall.checked_add(passed).unwrap_or(self.wall)
    }

    async fn sleep_until(&self, at: SystemTime) {
        let after_start = at.duration_since(self.wall).unwrap_or(Duration::ZERO);
        match self.start.checked_add(after_start) {
            Some(at) => tokio::time::sleep_until(at).await,
            // Later than the monotonic clock can express, so it never comes.
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_clock_moves_with_monotonic_time_only() {
        let clock = SystemClock::new();
        let before = clock.now();
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!(
            clock.now().duration_since(before).unwrap(),
            Duration::from_secs(3600)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleep_ends_when_the_clock_says_so() {
        let clock = SystemClock::new();
        let at = clock.now() + Duration::from_secs(90);
        clock.sleep_until(at).await;
        let late = clock.now().duration_since(at).unwrap();
        assert!(late < Duration::from_millis(10), "woke {late:?} late");
    }

    #[tokio::test(start_paused = true)]
    async fn a_time_that_has_passed_is_not_waited_for() {
        let clock = SystemClock::new();
        let before = clock.now();
        clock.sleep_until(SystemTime::UNIX_EPOCH).await;
        assert_eq!(clock.now(), before);
    }
}
