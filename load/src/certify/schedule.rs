//! What fits into the time that there is, said before anything begins.

use std::time::Duration;

/// To start a cluster, and to measure the floor.
const BEGIN: Duration = Duration::from_secs(5);
const START: Duration = Duration::from_secs(25);
/// What a step takes beside its seconds: its last answers.
const BETWEEN: Duration = Duration::from_secs(3);
/// The fewest steps that say something about messages.
const STEPS_LEAST: u32 = 4;
/// More than that are never needed: doubling and halving are done by then.
const STEPS_MOST: u32 = 40;
/// The least that people need to come.
const PEOPLE_LEAST: Duration = Duration::from_secs(10);
/// What each of these takes, the talk around it included.
const STORM: Duration = Duration::from_secs(30);
const DRAIN: Duration = Duration::from_secs(40);
const KILL: Duration = Duration::from_secs(40);
/// To let everybody go, to stop what was started, and to write.
const END: Duration = Duration::from_secs(10);
/// People may take one part of so many of what is left for them and messages.
const PEOPLE_PART: u32 = 3;

/// What is to fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Asked {
    /// All the time there is.
    pub budget: Duration,
    /// How long a rate has to hold.
    pub step: Duration,
    /// A cluster is started first.
    pub starts: bool,
    /// A home server is drained.
    pub drains: bool,
    /// A home server is killed.
    pub kills: bool,
}

/// How the time is divided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Schedule {
    asked: Asked,
    people: Duration,
}

impl Schedule {
    /// Divides the time.
    ///
    /// # Errors
    /// It is too little; says how much is enough.
    pub fn new(asked: Asked) -> Result<Self, String> {
        let begin = BEGIN + if asked.starts { START } else { Duration::ZERO };
        let step = asked.step + BETWEEN;
        let least = begin + PEOPLE_LEAST + step * STEPS_LEAST + reserve(&asked);
        if asked.budget < least {
            return Err(format!(
                "the budget of {} is too small: what is asked for takes at least {}",
                text(asked.budget),
                text(least)
            ));
        }
        let left = asked.budget - begin - step * STEPS_LEAST - reserve(&asked);
        let people = (left / PEOPLE_PART).max(PEOPLE_LEAST);
        Ok(Self { asked, people })
    }

    /// How long people may take to come.
    #[must_use]
    pub fn people(&self) -> Duration {
        self.people
    }

    /// How many rates can be tried in the time that is left of the budget, with what comes after them.
    #[must_use]
    pub fn steps(&self, left: Duration) -> u32 {
        let left = left.saturating_sub(reserve(&self.asked));
        let steps = left.as_secs_f64() / (self.asked.step + BETWEEN).as_secs_f64();
        (steps as u32).min(STEPS_MOST)
    }

    /// When what comes has to be at its end, so that what was started can be stopped in time.
    #[must_use]
    pub fn last(&self) -> Duration {
        self.asked.budget.saturating_sub(END)
    }

    /// What will be done, for people.
    #[must_use]
    pub fn sentence(&self, users: u32) -> String {
        let mut parts = vec![
            format!("up to {users} users"),
            format!("rates of messages for {} each", text(self.asked.step)),
            "a log-on storm".to_owned(),
        ];
        if self.asked.drains {
            parts.push("a drain".to_owned());
        }
        if self.asked.kills {
            parts.push("a killed home server".to_owned());
        }
        format!(
            "this takes at most {}: {}",
            text(self.asked.budget),
            parts.join(", ")
        )
    }
}

/// What is kept for what comes after the messages.
fn reserve(asked: &Asked) -> Duration {
    let if_wanted = |wanted, takes| if wanted { takes } else { Duration::ZERO };
    STORM + if_wanted(asked.drains, DRAIN) + if_wanted(asked.kills, KILL) + END
}

/// A time in whole seconds, for people.
fn text(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn asked(budget: u64, step: u64) -> Asked {
        Asked {
            budget: Duration::from_secs(budget),
            step: Duration::from_secs(step),
            starts: true,
            drains: true,
            kills: true,
        }
    }

    #[test]
    fn too_little_says_how_much_is_enough() {
        let said = Schedule::new(asked(30, 10)).unwrap_err();
        assert_eq!(
            said,
            "the budget of 30 s is too small: what is asked for takes at least 3 min 32 s"
        );
        assert!(Schedule::new(asked(212, 10)).is_ok());
        let less = Asked {
            starts: false,
            drains: false,
            kills: false,
            ..asked(110, 10)
        };
        assert!(Schedule::new(less).is_ok());
    }

    #[test]
    fn it_is_said_beforehand() {
        let schedule = Schedule::new(asked(600, 10)).unwrap();
        assert_eq!(
            schedule.sentence(2_000),
            "this takes at most 10 min: up to 2000 users, rates of messages for 10 s each, a log-on storm, a drain, a \
             killed home server"
        );
    }

    proptest! {
        /// Whatever fits leaves room for all that comes after it.
        #[test]
        fn the_parts_are_no_more_than_the_whole(budget in 1_u64..20_000, step in 1_u64..300) {
            if let Ok(schedule) = Schedule::new(asked(budget, step)) {
                let whole = Duration::from_secs(budget);
                let left = whole - BEGIN - START - schedule.people();
                let steps = schedule.steps(left);
                prop_assert!((STEPS_LEAST..=STEPS_MOST).contains(&steps));
                let taken = (Duration::from_secs(step) + BETWEEN) * steps + reserve(&schedule.asked);
                prop_assert!(taken <= left);
                prop_assert_eq!(schedule.steps(Duration::ZERO), 0);
            }
        }
    }
}
