//! What must hold, and whether it did.

use crate::Spell;
use serde::Serialize;

/// How far messages may go out late, as a part of the promised p99: more, and it is the generator that is measured.
const LATE: f64 = 0.5;
/// How much of what was due must have been sent.
const SENT: f64 = 0.9;

/// What must hold.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Promises {
    /// Of a hundred messages 99 are acknowledged within so long.
    pub p99_ms: f64,
    /// At most this part of all messages is refused or has no answer.
    pub error_share: f64,
    /// Octets of the server's memory for each user who is online.
    pub memory_bytes: u64,
    /// It is as before so long after many log on at once, or a home server drains or dies.
    pub recovery_seconds: f64,
}

impl Promises {
    /// What broke while people talked, in words; none when everything held.
    #[must_use]
    pub fn broken_by(&self, spell: &Spell) -> Option<String> {
        let counts = &spell.counts;
        let wrong = [
            (counts.lost, "lost"),
            (counts.doubled, "heard twice"),
            (counts.reordered, "out of order"),
            (counts.strange, "not as they were sent"),
        ];
        let mut broken: Vec<String> = wrong
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if spell.users_gone > 0 {
            broken.push(format!("{} users could not go on", spell.users_gone));
        }
        let share = error_share(spell);
        if share > self.error_share {
            broken.push(format!(
                "{} refused and {} without an answer, more than {}",
                counts.refused,
                counts.unanswered,
                percent(self.error_share)
            ));
        }
        if spell.broken_off {
            broken.push("answers stayed away".to_owned());
        }
        let due = f64::from(spell.rate) * spell.seconds;
        if (counts.sent as f64) < due * SENT - 1.0 && !spell.broken_off {
            broken.push(format!("only {} of {due:.0} could be sent", counts.sent));
        }
        if spell.times.p99_ms > self.p99_ms {
            let late = if spell.times.late_p99_ms > self.p99_ms * LATE {
                " (the generator was late itself: it, or its machine, is at its end)"
            } else {
                ""
            };
            broken.push(format!(
                "p99 {:.1} ms, more than {:.1}{late}",
                spell.times.p99_ms, self.p99_ms
            ));
        }
        if counts.acknowledged == 0 {
            broken.push("nothing was acknowledged".to_owned());
        }
        (!broken.is_empty()).then(|| broken.join("; "))
    }

    /// What broke when each user takes so many octets.
    #[must_use]
    pub fn memory_broken(&self, each: f64) -> Option<String> {
        (each > self.memory_bytes as f64).then(|| {
            format!(
                "{:.1} KiB of memory a user, more than {:.1}",
                each / 1024.0,
                self.memory_bytes as f64 / 1024.0
            )
        })
    }
}

/// The part of what was sent that was refused or has no answer.
pub(super) fn error_share(spell: &Spell) -> f64 {
    let failed = spell.counts.refused + spell.counts.unanswered;
    failed as f64 / spell.counts.sent.max(1) as f64
}

pub(super) fn percent(share: f64) -> String {
    let text = format!("{:.3}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{PROMISES, spell};
    use super::*;

    fn said(change: impl FnOnce(&mut Spell)) -> Option<String> {
        let mut spell = spell(100);
        change(&mut spell);
        PROMISES.broken_by(&spell)
    }

    #[test]
    fn what_is_as_promised_holds() {
        assert_eq!(said(|_| {}), None);
        assert_eq!(
            said(|spell| spell.times.p99_ms = 10.0),
            None,
            "at most is not less"
        );
        assert_eq!(
            said(|spell| spell.counts.refused = 1),
            None,
            "one of a thousand may be"
        );
    }

    #[test]
    fn each_promise_breaks_in_words() {
        let part = |change: fn(&mut Spell), part: &str| {
            let said = said(change).unwrap_or_default();
            assert!(said.contains(part), "{part:?} is missing in {said:?}");
        };
        part(|spell| spell.times.p99_ms = 10.1, "p99 10.1 ms, more than 10.0");
        part(
            |spell| (spell.times.p99_ms, spell.times.late_p99_ms) = (20.0, 15.0),
            "the generator was late",
        );
        part(|spell| spell.counts.lost = 1, "1 lost");
        part(|spell| spell.counts.doubled = 2, "2 heard twice");
        part(|spell| spell.counts.reordered = 3, "3 out of order");
        part(|spell| spell.counts.strange = 4, "4 not as they were sent");
        part(
            |spell| spell.counts.refused = 2,
            "2 refused and 0 without an answer, more than 0.1 %",
        );
        part(|spell| spell.counts.unanswered = 2, "2 without an answer");
        part(|spell| spell.users_gone = 1, "1 users could not go on");
        part(|spell| spell.broken_off = true, "answers stayed away");
        part(|spell| spell.counts.sent = 800, "only 800 of 1000 could be sent");
        part(|spell| spell.counts.acknowledged = 0, "nothing was acknowledged");
    }

    #[test]
    fn shares_are_written_without_what_says_nothing() {
        assert_eq!(
            [0.001, 0.05, 1.0, 0.0].map(percent),
            ["0.1 %", "5 %", "100 %", "0 %"]
        );
    }
}
