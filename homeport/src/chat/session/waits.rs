//! How long to wait before the next attempt.

use rand::{Rng, RngExt};
use std::time::Duration;

/// The longest wait.
const MAX: Duration = Duration::from_secs(30);

/// A random part of a second, doubled with each attempt: many clients lose a router at the same moment.
#[derive(Default)]
pub(super) struct BackOff {
    attempts: u32,
}

impl BackOff {
    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(super) fn reset(&mut self) {
        self.attempts = 0;
    }

    pub(super) fn next(&mut self, rng: &mut impl Rng) -> Duration {
        let wait = doubled(Duration::from_millis(rng.random_range(1..=1000)), self.attempts);
        self.attempts = self.attempts.saturating_add(1);
        wait
    }
}

/// A wait after so many attempts before.
pub(super) fn doubled(first: Duration, attempts: u32) -> Duration {
    first
        .saturating_mul(1_u32.checked_shl(attempts).unwrap_or(u32::MAX))
        .min(MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn waits_double_up_to_half_a_minute_and_differ_between_clients() {
        let mut rng = StdRng::from_seed([7; 32]);
        let mut back_off = BackOff::default();
        for attempt in 0..40 {
            let wait = back_off.next(&mut rng);
            let longest = doubled(Duration::from_secs(1), attempt);
            assert!(wait > Duration::ZERO && wait <= longest, "{attempt}: {wait:?}");
        }
        assert_eq!(doubled(Duration::from_secs(1), 40), MAX);
        let firsts: std::collections::BTreeSet<_> =
            (0..20).map(|_| BackOff::default().next(&mut rng)).collect();
        assert!(firsts.len() > 15, "{firsts:?}");
    }
}
