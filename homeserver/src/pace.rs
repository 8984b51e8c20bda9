//! How many requests a second there are, for whoever asks now and then.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// What an average is taken over, at least.
const WINDOW: Duration = Duration::from_secs(2);

/// Counts, and knows the average of the last seconds. Cloning copies a pointer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pace {
    windows: Arc<Mutex<Windows>>,
}

#[derive(Debug, Default)]
struct Windows {
    /// When the present window began, and what was counted in it; none before anything was.
    present: Option<(Instant, u64)>,
    /// A second's average in the one before.
    before: f64,
}

impl Pace {
    /// One more.
    pub(crate) fn count(&self) {
        self.at(Instant::now(), 1);
    }

    /// How many a second there were in the last window that is over.
    pub(crate) fn per_second(&self) -> u32 {
        // A cast from a float saturates, and this is never negative.
        self.at(Instant::now(), 0).round() as u32
    }

    fn at(&self, now: Instant, more: u64) -> f64 {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let (began, counted) = windows.present.unwrap_or((now, 0));
        let passed = now.saturating_duration_since(began);
        windows.present = if passed < WINDOW {
            Some((began, counted + more))
        } else {
            windows.before = counted as f64 / passed.as_secs_f64();
            Some((now, more))
        };
        windows.before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_the_average_of_the_last_window() {
        let pace = Pace::default();
        for _ in 0..100 {
            pace.count();
            tokio::time::advance(Duration::from_millis(100)).await;
        }
        assert_eq!(pace.per_second(), 10);
        tokio::time::advance(Duration::from_secs(100)).await;
        pace.per_second();
        tokio::time::advance(WINDOW).await;
        assert_eq!(pace.per_second(), 0);
    }
}
