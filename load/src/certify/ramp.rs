//! Which rate to try next: doubled until one breaks a promise, then halved into between what held and what broke, and at
//! last held once more. A rate at which a promise broke once is never taken for safe, nor is any above it.

/// Doubling, halving, holding again; bounded in steps.
#[derive(Clone, Debug)]
pub struct Ramp {
    first: u32,
    most: u32,
    steps_left: u32,
    /// Rates that held, ascending; all below the one that broke.
    held: Vec<u32>,
    /// The lowest that broke.
    broke: Option<u32>,
    confirmed: bool,
    trying: Option<Try>,
}

/// What to try.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Try {
    /// Messages a second.
    pub rate: u32,
    /// It has held before: this is to see whether it does again.
    pub again: bool,
}

/// What held and what broke may be apart by this part of what held.
const NEAR: u32 = 10;

impl Ramp {
    /// From a first rate up to a highest one, in at most so many steps.
    #[must_use]
    pub fn new(first: u32, most: u32, steps: u32) -> Self {
        let most = most.max(1);
        Self {
            first: first.clamp(1, most),
            most,
            steps_left: steps,
            held: Vec::new(),
            broke: None,
            confirmed: false,
            trying: None,
        }
    }

    /// The next rate to try; none when there is nothing more to learn, or no step left. Asked again, it says the same until
    /// it is told what came of it.
    pub fn next_try(&mut self) -> Option<Try> {
        if self.trying.is_none() && !self.confirmed && self.steps_left > 0 {
            self.trying = self.choose();
        }
        self.trying
    }

    fn choose(&self) -> Option<Try> {
        let top = self.held.last().copied();
        let first_time = |rate| Some(Try { rate, again: false });
        let again = |rate| Some(Try { rate, again: true });
        match (top, self.broke) {
            // What is found must have held twice: the last step is for that.
            (Some(top), _) if self.steps_left == 1 => again(top),
            (None, None) => first_time(self.first),
            (Some(top), None) if top >= self.most => again(top),
            (Some(top), None) => first_time(top.saturating_mul(2).min(self.most)),
            (None, Some(broke)) if broke <= 1 => None,
            (None, Some(broke)) => first_time(broke / 2),
            (Some(top), Some(broke)) if broke - top <= (top / NEAR).max(1) => again(top),
            (Some(top), Some(broke)) => first_time(top + (broke - top) / 2),
        }
    }

    /// What was tried held, or broke a promise.
    pub fn told(&mut self, held: bool) {
        let Some(Try { rate, again }) = self.trying.take() else {
            return;
        };
        self.steps_left -= 1;
        if !held {
            self.broke = Some(self.broke.map_or(rate, |broke| broke.min(rate)));
            self.held.retain(|held| *held < rate);
        } else if again {
            self.confirmed = true;
        } else {
            self.held.push(rate);
        }
    }

    /// The highest rate that held and at which nothing broke.
    #[must_use]
    pub fn safe(&self) -> Option<u32> {
        self.held.last().copied()
    }

    /// Whether that has held twice.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        self.confirmed
    }

    /// Whether a rate has broken a promise: otherwise the highest one held.
    #[must_use]
    pub fn has_broken(&self) -> bool {
        self.broke.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Runs to the end with whatever says what held. Returns the rates that were tried.
    fn run(ramp: &mut Ramp, mut holds: impl FnMut(Try) -> bool) -> Vec<(Try, bool)> {
        let mut tried = Vec::new();
        while let Some(next) = ramp.next_try() {
            assert_eq!(ramp.next_try(), Some(next), "it says the same until it is told");
            let held = holds(next);
            ramp.told(held);
            tried.push((next, held));
        }
        tried
    }

    fn rates(tried: &[(Try, bool)]) -> Vec<u32> {
        tried.iter().map(|(tried, _)| tried.rate).collect()
    }

    #[test]
    fn it_doubles_then_halves_and_holds_once_more() {
        let mut ramp = Ramp::new(100, 100_000, 20);
        let tried = run(&mut ramp, |next| next.rate <= 730);
        assert_eq!(rates(&tried), [100, 200, 400, 800, 600, 700, 750, 700]);
        assert!(tried.last().unwrap().0.again);
        assert_eq!((ramp.safe(), ramp.is_confirmed()), (Some(700), true));
    }

    #[test]
    fn the_highest_rate_is_the_end() {
        let mut ramp = Ramp::new(50, 120, 20);
        assert_eq!(rates(&run(&mut ramp, |_| true)), [50, 100, 120, 120]);
        assert_eq!((ramp.safe(), ramp.has_broken()), (Some(120), false));
    }

    #[test]
    fn where_nothing_holds_nothing_is_safe() {
        let mut ramp = Ramp::new(50, 1_000, 20);
        assert_eq!(rates(&run(&mut ramp, |_| false)), [50, 25, 12, 6, 3, 1]);
        assert_eq!(ramp.safe(), None);
    }

    #[test]
    fn a_rate_that_does_not_hold_again_is_not_safe() {
        let mut ramp = Ramp::new(100, 200, 20);
        let tried = run(&mut ramp, |next| {
            !next.again && next.rate <= 200 || next.rate < 200
        });
        assert_eq!(rates(&tried)[..3], [100, 200, 200]);
        assert!(ramp.safe().unwrap() < 200 && ramp.is_confirmed());
    }

    #[test]
    fn the_last_step_is_for_holding_again() {
        let mut ramp = Ramp::new(10, 100_000, 4);
        assert_eq!(rates(&run(&mut ramp, |_| true)), [10, 20, 40, 40]);
        assert!(ramp.is_confirmed());
        let mut ramp = Ramp::new(10, 100_000, 0);
        assert_eq!((ramp.next_try(), ramp.safe()), (None, None));
    }

    #[test]
    fn what_was_not_asked_for_changes_nothing() {
        let mut ramp = Ramp::new(10, 100, 4);
        ramp.told(true);
        assert_eq!((ramp.safe(), ramp.next_try().unwrap().rate), (None, 10));
    }

    proptest! {
        /// Whatever holds and breaks, however contradictory.
        #[test]
        fn it_ends_and_never_takes_for_safe_what_broke(
            first in 0_u32..5_000,
            most in 0_u32..200_000,
            steps in 0_u32..60,
            answers in proptest::collection::vec(any::<bool>(), 60),
        ) {
            let mut ramp = Ramp::new(first, most, steps);
            let mut answers = answers.into_iter();
            let tried = run(&mut ramp, |_| answers.next().unwrap());
            prop_assert!(tried.len() <= steps as usize);
            prop_assert!(tried.iter().all(|(tried, _)| (1..=most.max(1)).contains(&tried.rate)));
            if let Some(safe) = ramp.safe() {
                let lowest = tried.iter().filter(|(_, held)| !held).map(|(tried, _)| tried.rate).min();
                prop_assert!(lowest.is_none_or(|broke| safe < broke));
                let times = tried.iter().filter(|(tried, held)| *held && tried.rate == safe).count();
                prop_assert!(times > usize::from(ramp.is_confirmed()));
            } else {
                prop_assert!(!ramp.is_confirmed());
            }
        }

        #[test]
        fn it_comes_near_to_a_sharp_edge_from_below(first in 1_u32..1_000, edge in 1_u32..100_000) {
            let mut ramp = Ramp::new(first, 100_000, 60);
            run(&mut ramp, |next| next.rate <= edge);
            let safe = ramp.safe().unwrap();
            prop_assert!(ramp.is_confirmed() && safe <= edge);
            prop_assert!(f64::from(safe) >= f64::from(edge) * 0.9 - 1.0, "{safe} of {edge}");
        }
    }
}
