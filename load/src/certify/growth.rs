//! How many people to have online next: evenly up to the most, since memory is to be seen growing with them.

use super::Promises;

/// Steps from nobody to everybody.
const STEPS: u32 = 8;
/// With fewer people more than at the beginning, what each takes cannot be told from chance.
pub(super) const TELLING: u32 = 100;

/// Grows until a promise breaks.
#[derive(Clone, Debug)]
pub struct Growth {
    most: u32,
    steps: Vec<u32>,
    /// People and octets when the first had come and talked: what the server takes for whoever comes first is no
    /// measure of the others.
    base: Option<(u32, u64)>,
    safe: u32,
    broken: bool,
}

impl Growth {
    /// Up to so many.
    #[must_use]
    pub fn new(most: u32) -> Self {
        let mut steps: Vec<u32> = (1..=STEPS)
            .map(|step| u32::try_from(u64::from(most) * u64::from(step) / u64::from(STEPS)).unwrap_or(most))
            .filter(|users| *users >= 2)
            .rev()
            .collect();
        steps.dedup();
        Self {
            most,
            steps,
            base: None,
            safe: 0,
            broken: false,
        }
    }

    /// How many are to be there next; none when there is nothing more to learn.
    pub fn next_users(&mut self) -> Option<u32> {
        if self.broken { None } else { self.steps.pop() }
    }

    /// So many are there, the server has made so much memory, and nobody or somebody was not let in. Returns the octets that
    /// each has taken, and what broke.
    pub fn told(
        &mut self,
        users: u32,
        memory: Option<u64>,
        failed: Option<&str>,
        promises: &Promises,
    ) -> (Option<f64>, Option<String>) {
        let each = match (self.base, memory) {
            (Some((first, base)), Some(memory)) if users > first => {
                Some(memory.saturating_sub(base) as f64 / f64::from(users - first))
            }
            (None, Some(memory)) => {
                self.base = Some((users, memory));
                None
            }
            (_, _) => None,
        };
        let is_telling = self.base.is_some_and(|(first, _)| users >= first + TELLING);
        let broken = match (failed, each) {
            (Some(why), _) => Some(format!("not all were let in: {why}")),
            (None, Some(each)) if is_telling => promises.memory_broken(each),
            (None, _) => None,
        };
        if broken.is_none() {
            self.safe = self.safe.max(users);
        } else {
            self.broken = true;
        }
        (each, broken)
    }

    /// The most people with whom nothing broke.
    #[must_use]
    pub fn safe(&self) -> u32 {
        self.safe
    }

    /// Whether all came that were to come.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.safe >= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMISES: Promises = Promises {
        p99_ms: 10.0,
        error_share: 0.001,
        memory_bytes: 10_000,
        recovery_seconds: 5.0,
    };

    fn steps(most: u32) -> Vec<u32> {
        let mut growth = Growth::new(most);
        std::iter::from_fn(|| growth.next_users()).collect()
    }

    #[test]
    fn people_come_in_even_steps_up_to_the_most() {
        assert_eq!(steps(800), [100, 200, 300, 400, 500, 600, 700, 800]);
        assert_eq!(steps(20), [2, 5, 7, 10, 12, 15, 17, 20]);
        assert_eq!(steps(2), [2]);
    }

    #[test]
    fn what_each_takes_is_counted_beyond_the_first() {
        let mut growth = Growth::new(1_600);
        let mut told = |users, memory| growth.told(users, Some(memory), None, &PROMISES);
        assert_eq!(told(200, 50_000_000), (None, None));
        assert_eq!(told(400, 51_000_000), (Some(5_000.0), None));
        let (each, broken) = told(600, 56_000_000);
        assert_eq!(each, Some(15_000.0));
        assert_eq!(
            broken.as_deref(),
            Some("14.6 KiB of memory a user, more than 9.8")
        );
        assert_eq!(
            (growth.safe(), growth.next_users(), growth.is_whole()),
            (400, None, false)
        );
    }

    #[test]
    fn a_few_more_people_tell_nothing() {
        let mut growth = Growth::new(20);
        growth.told(2, Some(1_000_000), None, &PROMISES);
        assert_eq!(growth.told(20, Some(9_000_000), None, &PROMISES).1, None);
        assert!(growth.is_whole());
    }

    #[test]
    fn who_is_not_let_in_ends_it() {
        let mut growth = Growth::new(800);
        assert_eq!(growth.told(100, None, None, &PROMISES), (None, None));
        let (_, broken) = growth.told(150, None, Some("the home is full"), &PROMISES);
        assert!(broken.unwrap().contains("the home is full"));
        assert_eq!((growth.safe(), growth.next_users()), (100, None));
    }
}
