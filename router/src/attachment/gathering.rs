//! Whether a client is told changes at once, or later together with those that come meanwhile.
//!
//! To write to a connection costs some ten times as much as one change more in what is written. A client that is told
//! more than a few times in a row watches people who change all the time: nobody reads that more often than
//! [`EVERY`], so it is told about that often, of each presentity the newest. Messages, and answers, never wait; what is written
//! with a message does not count.

use std::time::Duration;
use tokio::time::Instant;

/// How often whoever was told much is told again, on average.
const EVERY: Duration = Duration::from_millis(500);

/// How often in a row somebody is told at once. For each half second without a change it is once more, up to this.
const AT_ONCE: u32 = 3;

/// When a client is told changes.
#[derive(Debug)]
pub(super) struct Gathering {
    /// Each telling moves it on by [`EVERY`], from now if it lies in the past. While it is more than two such steps ahead
    /// changes wait.
    paid: Instant,
}

impl Gathering {
    /// Of somebody who has just logged on, most often in the morning with many others: as if told much already.
    pub(super) fn new(now: Instant) -> Self {
        let paid = now + EVERY * (AT_ONCE - 1);
        Self { paid }
    }

    /// The client is told changes. Until when those that come now wait for others, if they do.
    pub(super) fn told(&mut self, now: Instant) -> Option<Instant> {
        // What went along with something else cost hardly anything.
        if self.until(now).is_none() {
            self.paid = self.paid.max(now) + EVERY;
        }
        self.until(now)
    }

    /// Until when changes wait for others, if they do.
    pub(super) fn until(&self, now: Instant) -> Option<Instant> {
        let until = self.paid.checked_sub(EVERY * (AT_ONCE - 1))?;
        (until > now).then_some(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log-on, and when its client has been told nothing for long.
    fn rested() -> (Gathering, Instant) {
        let now = Instant::now();
        (Gathering::new(now), now + EVERY * AT_ONCE)
    }

    /// What is told at these times, in milliseconds, and whether changes wait afterwards.
    fn told(at: &[u64]) -> Vec<bool> {
        let (mut gathering, begin) = rested();
        let mut told = |at: &u64| gathering.told(begin + Duration::from_millis(*at)).is_some();
        at.iter().map(&mut told).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_few_changes_are_told_at_once_and_then_two_times_a_second() {
        assert_eq!(told(&[0, 1, 2]), [false, false, true]);
        assert_eq!(
            told(&[0, 0, 0, 500, 1_000, 1_500]),
            [false, false, true, true, true, true]
        );
        // Whoever is told a little less often than that never waits.
        assert!(
            told(&(0..100).map(|number| number * 501).collect::<Vec<_>>())
                .iter()
                .all(|waits| !waits)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_left_in_peace_is_told_at_once_again() {
        assert_eq!(told(&[0, 0, 0, 1_000, 1_000]), [false, false, true, false, true]);
        assert_eq!(
            told(&[0, 0, 0, 9_000, 9_000, 9_000]),
            [false, false, true, false, false, true]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_just_logged_on_is_told_two_times_a_second() {
        let now = Instant::now();
        let mut gathering = Gathering::new(now);
        assert_eq!(gathering.until(now), None, "the first at once");
        for half in 0..4 {
            assert_eq!(gathering.told(now + EVERY * half), Some(now + EVERY * (half + 1)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_goes_along_with_something_else_does_not_count() {
        let (mut gathering, begin) = rested();
        let waits: Vec<bool> = (0..AT_ONCE).map(|_| gathering.told(begin).is_some()).collect();
        assert_eq!(waits, [false, false, true]);
        let until = gathering.until(begin);
        assert_eq!(until, Some(begin + EVERY));
        assert_eq!(gathering.told(begin + EVERY / 2), until, "with a message");
        assert_eq!(gathering.until(begin + EVERY / 2), until);
        assert_eq!(gathering.until(begin + EVERY), None);
    }
}
