//! The door: new connections come in at an even pace.
//!
//! When thousands knock at one moment, as after a power cut, each costs us and the homes work that whoever is in would
//! have to wait for. So those who knock wait in the system's queue instead, some tenths of a second. The more of those who
//! came have not shown yet who they are, the longer: what homes cannot keep up with would only be refused.

use crate::threads::threads;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Between two connections, where one thread serves them: 8,000 a second, about as many log-ons as it could serve if it
/// did nothing else. Requests alone it could serve more of, but who sends many keeps the connection.
const EACH: Duration = Duration::from_micros(125);
/// The same where as many strangers are in as may be, with however many threads. Not longer, since strangers may never say
/// who they are, and others come through this door as well.
const CROWDED: Duration = Duration::from_millis(1);
/// Turns that nobody took are kept for so long: as many connections may come in at one moment.
const KEPT: Duration = Duration::from_millis(1);

/// Lets connections in.
pub(super) struct Door {
    each: Duration,
    next: Instant,
}

impl Door {
    /// A door as wide as there are threads to serve who comes in.
    pub(super) fn new() -> Self {
        Self::of(threads())
    }

    fn of(threads: usize) -> Self {
        Self {
            each: EACH / u32::try_from(threads).unwrap_or(u32::MAX),
            next: Instant::now(),
        }
    }

    /// Waits until the next may come in, while this part of the places for strangers is taken.
    pub(super) async fn opens(&mut self, crowd: f64) {
        let now = Instant::now();
        if let Some(earliest) = now.checked_sub(KEPT) {
            self.next = self.next.max(earliest);
        }
        self.next += self.each + CROWDED.saturating_sub(self.each).mul_f64(crowd);
        if self.next > now {
            sleep_until(self.next).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn many_who_knock_at_once_come_in_one_after_the_other() {
        for (threads, crowd, seconds) in [(1, 0.0, 1), (8, 1.0, 8)] {
            let mut door = Door::of(threads);
            let began = Instant::now();
            for _ in 0..8_000 {
                door.opens(crowd).await;
            }
            let (took, expected) = (began.elapsed(), Duration::from_secs(seconds));
            assert!(
                took > expected * 9 / 10 && took <= expected * 11 / 10,
                "{took:?} with {threads} and {crowd}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_comes_alone_does_not_wait() {
        let mut door = Door::new();
        for _ in 0..1_000 {
            tokio::time::advance(Duration::from_millis(2)).await;
            let came = Instant::now();
            door.opens(0.5).await;
            assert_eq!(came.elapsed(), Duration::ZERO);
        }
    }
}
