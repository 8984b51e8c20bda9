//! How long to wait before the next try.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(50);
/// Never longer, so that a process is back soon after etcd is.
const LONGEST: Duration = Duration::from_secs(2);

/// Waits that double up to a bound. Each is somewhere in its upper half, so that processes that failed together
/// do not all come back together.
#[derive(Debug)]
pub(crate) struct Backoff {
    rng: SmallRng,
    next: Duration,
}

impl Backoff {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: SmallRng::seed_from_u64(seed),
            next: FIRST,
        }
    }

    /// The next wait.
    pub(crate) fn wait(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(LONGEST);
        wait.mul_f64(self.rng.random_range(0.5..=1.0))
    }

    /// It worked: the next wait is a short one again.
    pub(crate) fn reset(&mut self) {
        self.next = FIRST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_begin_again_after_success() {
        let mut backoff = Backoff::new(7);
        for n in 0..20 {
            let whole = (FIRST * 2_u32.pow(n.min(10))).min(LONGEST);
            let wait = backoff.wait();
            assert!(wait >= whole / 2 && wait <= whole, "wait {n}: {wait:?}");
        }
        backoff.reset();
        assert!(backoff.wait() <= FIRST);
    }

    #[test]
    fn other_seeds_wait_otherwise() {
        assert_ne!(Backoff::new(1).wait(), Backoff::new(2).wait());
        assert_eq!(Backoff::new(1).wait(), Backoff::new(1).wait());
    }
}
