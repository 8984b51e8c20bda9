//! How long to wait before a process is started again.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const MAX: Duration = Duration::from_secs(30);
/// Who lived so long is not one that dies at once each time.
const STEADY: Duration = Duration::from_secs(60);

/// The pauses of one process: longer each time, up to a bound, until it has lived for a while.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Backoff {
    /// The pause after it has lived so long.
    pub(super) fn after(&mut self, lived: Duration) -> Duration {
        let pause = if lived >= STEADY { FIRST } else { self.next };
        self.next = (pause * 2).min(MAX);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound_until_it_has_lived_for_a_while() {
        let mut backoff = Backoff::default();
        let pauses: Vec<f32> = (0..8)
            .map(|_| backoff.after(Duration::from_secs(59)).as_secs_f32())
            .collect();
        assert_eq!(pauses, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
        assert_eq!(backoff.after(STEADY), FIRST);
        assert_eq!(backoff.after(Duration::ZERO), 2 * FIRST);
    }
}
