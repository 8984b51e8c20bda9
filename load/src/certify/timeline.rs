//! What people noticed while something happened, by when their messages were due: whoever wrote while it was stuck waited,
//! also where the answer came when everything was well again.

use crate::{Outcome, Timed};
use serde::Serialize;
use std::time::Duration;

/// Messages of a slot, so that its slowest say something.
const MESSAGES: f64 = 20.0;
const SLOT_LEAST: f64 = 0.25;
/// How long everything must be as before.
const CALM: f64 = 2.0;
/// One in so many may be slow by chance, and one more.
const CHANCE: u64 = 100;

/// A talk in slots of equal length.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Timeline {
    /// When it began to happen, in seconds.
    pub began: f64,
    /// How long it took.
    pub took: f64,
    /// Slower than that is not as before.
    pub limit_ms: f64,
    /// Of 99 of a hundred, before it began.
    pub quiet_p99_ms: f64,
    /// The same of what was due while it happened.
    pub while_p99_ms: f64,
    /// In their order.
    pub slots: Vec<Slot>,
}

/// Messages that were due in a part of the time.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub struct Slot {
    /// Its beginning, in seconds.
    pub at: f64,
    /// How many were due.
    pub due: u64,
    /// Refused, or never answered.
    pub failed: u64,
    /// Acknowledged, but later than they may be.
    pub slow: u64,
    /// The median.
    pub p50_ms: f64,
    /// 99 of a hundred.
    pub p99_ms: f64,
    /// The slowest.
    pub max_ms: f64,
}

impl Timeline {
    /// Of messages at a rate, while something happened after so long, for so long. `promised_ms` is the p99 that is
    /// promised; where it was slower before, twice that is as before.
    #[must_use]
    pub fn new(log: &[Timed], rate: u32, (began, took): (Duration, Duration), promised_ms: f64) -> Self {
        let p99 = |which: &dyn Fn(Duration) -> bool| {
            let of = log.iter().filter(|one| which(one.due)).filter_map(millis);
            quantile(of.collect(), 0.99)
        };
        let quiet_p99_ms = p99(&|due| due < began);
        let while_p99_ms = p99(&|due| due >= began && due <= began + took);
        let limit_ms = promised_ms.max(2.0 * quiet_p99_ms);
        let length = (MESSAGES / f64::from(rate.max(1))).max(SLOT_LEAST);
        let count = log
            .iter()
            .map(|one| 1 + (one.due.as_secs_f64() / length) as usize)
            .max()
            .unwrap_or(0);
        let mut slots = vec![Vec::new(); count];
        for one in log {
            slots[(one.due.as_secs_f64() / length) as usize].push(*one);
        }
        let slots = (0_u32..)
            .zip(slots)
            .map(|(number, of)| Slot::new(f64::from(number) * length, &of, limit_ms))
            .collect();
        Self {
            began: began.as_secs_f64(),
            took: took.as_secs_f64(),
            limit_ms,
            quiet_p99_ms,
            while_p99_ms,
            slots,
        }
    }

    /// How long each slot is.
    #[must_use]
    pub fn slot_seconds(&self) -> f64 {
        match self.slots[..] {
            [first, second, ..] => second.at - first.at,
            _ => SLOT_LEAST,
        }
    }

    /// Seconds from when it began until all was as before, and stayed so; none when it never was.
    #[must_use]
    pub fn recovery_seconds(&self) -> Option<f64> {
        let length = self.slot_seconds();
        let calm = (CALM / length).ceil() as usize;
        let first = self.slots.iter().position(|slot| slot.at + length > self.began)?;
        let of = &self.slots[first..];
        let at = of
            .windows(calm)
            .position(|window| window.iter().all(Slot::is_as_before))?;
        Some(if at == 0 { 0.0 } else { of[at].at - self.began })
    }

    /// The slowest that was acknowledged, of what was due since it began.
    #[must_use]
    pub fn longest_ms(&self) -> f64 {
        let since = self
            .slots
            .iter()
            .filter(|slot| slot.at + self.slot_seconds() > self.began);
        since.map(|slot| slot.max_ms).fold(0.0, f64::max)
    }
}

impl Slot {
    fn new(at: f64, of: &[Timed], limit_ms: f64) -> Self {
        let took: Vec<f64> = of.iter().filter_map(millis).collect();
        let slow = took.iter().filter(|took| **took > limit_ms).count() as u64;
        let failed = (of.len() - took.len()) as u64;
        Self {
            at,
            due: of.len() as u64,
            failed,
            slow,
            p50_ms: quantile(took.clone(), 0.5),
            p99_ms: quantile(took.clone(), 0.99),
            max_ms: quantile(took, 1.0),
        }
    }

    /// Whether nothing failed and no more were slow than are by chance.
    fn is_as_before(&self) -> bool {
        self.failed == 0 && self.slow <= 1 + self.due / CHANCE
    }
}

fn millis(one: &Timed) -> Option<f64> {
    match one.outcome {
        Outcome::Done(took) => Some(took.as_secs_f64() * 1e3),
        Outcome::Open | Outcome::Refused => None,
    }
}

fn quantile(mut of: Vec<f64>, share: f64) -> f64 {
    of.sort_by(f64::total_cmp);
    let place = (of.len() as f64 * share).ceil() as usize;
    of.get(place.saturating_sub(1)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 100 a second for twenty seconds; the outcome of each by when it was due.
    fn log(outcome: impl Fn(f64) -> Outcome) -> Vec<Timed> {
        (0..2_000_u32)
            .map(|number| Timed {
                due: Duration::from_millis(u64::from(number) * 10),
                outcome: outcome(f64::from(number) / 100.0),
            })
            .collect()
    }

    fn done(millis: f64) -> Outcome {
        Outcome::Done(Duration::from_secs_f64(millis / 1e3))
    }

    fn timeline(outcome: impl Fn(f64) -> Outcome) -> Timeline {
        let happened = (Duration::from_secs(5), Duration::from_secs(1));
        Timeline::new(&log(outcome), 100, happened, 10.0)
    }

    #[test]
    fn what_nobody_noticed_took_no_time() {
        let timeline = timeline(|_| done(3.0));
        assert_eq!(timeline.slots.len(), 80);
        assert!((timeline.limit_ms - 10.0).abs() < 1e-9 && (timeline.quiet_p99_ms - 3.0).abs() < 1e-9);
        assert_eq!(timeline.recovery_seconds(), Some(0.0));
    }

    #[test]
    fn who_wrote_while_it_was_stuck_counts_and_not_when_the_answer_came() {
        // Stuck from 5.1 s to 9 s: whoever wrote waits until then.
        let stuck = |at: f64| {
            done(if (5.1..9.0).contains(&at) {
                (9.0 - at) * 1e3
            } else {
                3.0
            })
        };
        let timeline = timeline(stuck);
        assert_eq!(timeline.recovery_seconds(), Some(4.0));
        // Of the second in which it happened: the first tenth was as before, and then whoever wrote waited until 9 s.
        assert!(
            (3_880.0..3_900.1).contains(&timeline.while_p99_ms),
            "{}",
            timeline.while_p99_ms
        );
        assert!(
            (3_890.0..3_910.0).contains(&timeline.longest_ms()),
            "{}",
            timeline.longest_ms()
        );
    }

    #[test]
    fn refusals_and_silence_are_not_as_before() {
        let refused = timeline(|at| {
            if (5.0..7.0).contains(&at) {
                Outcome::Refused
            } else {
                done(3.0)
            }
        });
        assert_eq!(refused.recovery_seconds(), Some(2.0));
        assert_eq!(refused.slots.iter().map(|slot| slot.failed).sum::<u64>(), 200);
        let silent = timeline(|at| if at > 6.0 { Outcome::Open } else { done(3.0) });
        assert_eq!(silent.recovery_seconds(), None);
    }

    #[test]
    fn one_slow_message_is_chance() {
        let slow = |at: f64| done(if (at - 8.0).abs() < 0.005 { 50.0 } else { 3.0 });
        assert_eq!(timeline(slow).recovery_seconds(), Some(0.0));
    }

    #[test]
    fn where_it_was_slower_before_twice_that_is_as_before() {
        let timeline = timeline(|at| done(if at < 5.0 { 8.0 } else { 15.0 }));
        assert!((timeline.limit_ms - 16.0).abs() < 1e-9);
        assert_eq!(timeline.recovery_seconds(), Some(0.0));
    }

    #[test]
    fn nothing_is_a_timeline_too() {
        let empty = Timeline::new(&[], 100, (Duration::ZERO, Duration::ZERO), 10.0);
        assert_eq!((empty.recovery_seconds(), empty.slots.len()), (None, 0));
    }
}
