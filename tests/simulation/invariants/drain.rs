//! A home server that drains holds nobody afterwards, leaves no task behind, and has ended within its deadline: as
//! long as it can reach the members, the store and the others, and there are others.

use crate::faults::{MEMBERS, STORE};
use crate::history::{Event, History};
use crate::roles::DRAIN_DEADLINE;
use std::time::Duration;

/// What it takes beside the deadline to notice that it has passed.
const SLACK: Duration = Duration::from_millis(500);

pub(super) fn check(history: &History) -> Vec<String> {
    let mut wrong = Vec::new();
    for (place, record) in history.records.iter().enumerate() {
        let Event::DrainBegan { home } = &record.event else {
            continue;
        };
        let until = record.at + DRAIN_DEADLINE + SLACK;
        let ended = history.records[place..].iter().find_map(|record| {
            let Event::DrainEnded {
                home: other,
                left,
                online,
                subscriptions,
            } = &record.event
            else {
                return None;
            };
            (other == home).then_some((record.at, left, *online, *subscriptions))
        });
        let end = ended.as_ref().map_or(until, |(at, ..)| *at);
        if is_excused(history, home, (record.at, end)) {
            continue;
        }
        let Some((at, left, online, subscriptions)) = ended else {
            wrong.push(format!(
                "{home} began to drain at {:?} and has not ended",
                record.at
            ));
            continue;
        };
        if at > until {
            wrong.push(format!("{home} drained for {:?}", at - record.at));
        }
        if !left.is_empty() {
            wrong.push(format!(
                "{home} has drained and left running: {}",
                left.join(", ")
            ));
        }
        if online != 0 || subscriptions != 0 {
            wrong.push(format!(
                "{home} has drained and holds {online} people, {subscriptions} subscriptions"
            ));
        }
    }
    wrong
}

/// Whether the home itself died, or could not reach what it needs. Others that it cannot reach do not excuse it:
/// it hands nothing to them.
fn is_excused(history: &History, home: &str, span: (Duration, Duration)) -> bool {
    history.was_broken(home, &[MEMBERS, STORE], span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::{at, made_at};

    fn drained(seconds: u64, left: &[&str], people: (i64, i64)) -> History {
        let home = || "home-1".to_owned();
        let left = left.iter().map(|task| (*task).to_owned()).collect();
        let (online, subscriptions) = people;
        let ended = Event::DrainEnded {
            home: home(),
            left,
            online,
            subscriptions,
        };
        made_at([
            (at(1), Event::DrainBegan { home: home() }),
            (at(1 + seconds), ended),
        ])
    }

    #[test]
    fn a_drain_that_leaves_something_or_lasts_too_long_is_told() {
        assert_eq!(check(&drained(9, &[], (0, 0))), [""; 0]);
        assert_eq!(check(&drained(12, &[], (0, 0))).len(), 1);
        assert_eq!(check(&drained(9, &["shard"], (0, 0))).len(), 1);
        assert_eq!(check(&drained(9, &[], (1, 0))).len(), 1);
        assert_eq!(check(&drained(9, &[], (0, 1))).len(), 1);
    }

    #[test]
    fn only_what_a_drain_needs_excuses_it() {
        let story = |ends: [&str; 2]| {
            let mut history = drained(12, &[], (0, 0));
            let breaks = Event::Broken {
                ends: ends.map(str::to_owned).into(),
                broken: true,
            };
            history
                .records
                .insert(0, made_at([(at(0), breaks)]).records.remove(0));
            history
        };
        assert_eq!(check(&story(["home-1", MEMBERS])), [""; 0]);
        assert_eq!(check(&story(["home-1", "home-2"])).len(), 1);
    }

    #[test]
    fn a_drain_without_an_end_is_told() {
        let history = made_at([(
            at(1),
            Event::DrainBegan {
                home: "home-1".to_owned(),
            },
        )]);
        assert_eq!(check(&history).len(), 1);
    }
}
