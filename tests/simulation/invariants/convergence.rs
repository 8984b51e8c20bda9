//! Once everything is mended and settled, every watcher's last value equals the effective value within the bound.

use super::rights::is_blocked;
use crate::history::{Asked, Event, Gave, History, Known, Person, Said};
use rvp::PresenceState;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub(super) fn check(history: &History) -> Vec<String> {
    let Some(bound) = history.bound() else {
        return Vec::new();
    };
    let known = history.known();
    let mut wrong = Vec::new();
    for (of, watcher) in pairs(&known) {
        let Some(blocked) = is_blocked(history, of, watcher) else {
            continue;
        };
        let Some(last) = last_seen(history, (of, watcher), bound) else {
            continue;
        };
        let effective = &known[of].seen;
        let state = if blocked {
            Some(PresenceState::Offline)
        } else {
            effective.state.map(PresenceState::shown)
        };
        if !state.is_none_or(|state| last.states.contains(&state)) {
            let seen = names(&last.states);
            wrong.push(format!(
                "{watcher} sees {of} as {seen}, but it is {}",
                names(&state.into_iter().collect())
            ));
        }
        if !blocked
            && !effective
                .number
                .is_none_or(|number| last.numbers.contains(&number))
        {
            wrong.push(format!(
                "{watcher} sees No. {:?} of {of}, but it is {:?}",
                last.numbers, effective.number
            ));
        }
    }
    wrong
}

/// Whoever is watched by somebody who is logged on, and the watcher.
fn pairs(known: &BTreeMap<Person, &Known>) -> Vec<(Person, Person)> {
    let mut pairs = Vec::new();
    for (of, state) in known {
        let watchers: BTreeSet<&str> = state.watches.values().map(String::as_str).collect();
        let logged_on = known.iter().filter(|(_, known)| !known.logins.is_empty());
        pairs.extend(
            logged_on
                .filter(|(who, _)| watchers.contains(*who))
                .map(|(who, _)| (*of, *who)),
        );
    }
    pairs
}

/// What may be the last that a watcher saw: more than one where two came on different ways at the same time.
#[derive(Default)]
pub(super) struct Last {
    pub(super) states: BTreeSet<PresenceState>,
    pub(super) numbers: BTreeSet<u32>,
}

/// What a watcher had last seen of somebody at a time. None if that cannot be known from outside, because it
/// has not watched again since it last logged on or off, or came back.
pub(super) fn last_seen(history: &History, (of, watcher): (Person, Person), time: Duration) -> Option<Last> {
    let requests = history.requests();
    let own = requests.iter();
    let own: Vec<_> = own
        .filter(|request| request.who == watcher && request.began <= time)
        .collect();
    let began_anew = |asked: &Asked| {
        matches!(
            asked,
            Asked::LogOn { .. } | Asked::Resume { .. } | Asked::LogOff { .. }
        )
    };
    // By the order in which they were asked: a client may ask to watch and to log off at one moment.
    let since = own.iter().rposition(|request| began_anew(request.asked))?;
    let watched = own[since + 1..]
        .iter()
        .filter(|request| request.ended.is_some_and(|ended| ended <= time))
        .filter(|request| matches!(request.asked, Asked::Watch { whom } if *whom == of))
        .rfind(|request| request.is_done())?;
    let mut last = Last::default();
    let answered = watched.ended.unwrap_or(time);
    if let Gave::Presence { seen, .. } = watched.gave {
        last.states.extend(seen.state.map(PresenceState::shown));
        last.numbers.extend(seen.number);
    }
    for record in history
        .records
        .iter()
        .filter(|record| record.at > watched.began && record.at <= time)
    {
        let Event::Heard {
            who,
            said: Said::Change { of: other, seen },
            ..
        } = &record.event
        else {
            continue;
        };
        if *who != watcher || *other != of {
            continue;
        }
        // While the answer was on its way, nobody outside knows which of the two was first.
        let replaces = record.at > answered;
        if let Some(state) = seen.state {
            replace(&mut last.states, state, replaces);
        }
        if let Some(number) = seen.number {
            replace(&mut last.numbers, number, replaces);
        }
    }
    Some(last)
}

fn replace<T: Ord>(last: &mut BTreeSet<T>, new: T, replaces: bool) {
    if replaces {
        last.clear();
    }
    last.insert(new);
}

fn names(states: &BTreeSet<PresenceState>) -> String {
    states
        .iter()
        .map(|state| state.name())
        .collect::<Vec<_>>()
        .join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Claim, Record, Seen};
    use crate::invariants::{answered, asked, heard, made};

    fn seen(state: PresenceState, number: u32) -> Seen {
        Seen {
            state: Some(state),
            number: Some(number),
        }
    }

    /// bob watches ann and is told busy; then he hears something, and then this is so.
    fn story(hears: Option<Seen>, effective: Seen) -> History {
        let [a, b] = asked(1, "bob", Asked::LogOn { seconds: 60 }, 200);
        let gave = Gave::Presence {
            subscription: 3,
            seen: seen(PresenceState::Busy, 1),
        };
        let [c, d] = answered(2, "bob", Asked::Watch { whom: "ann" }, (207, gave));
        let hears = hears.map(|seen| heard("bob", 7, Said::Change { of: "ann", seen }, true));
        let claimed = |of, known| Event::Claimed {
            home: "home-1".to_owned(),
            of,
            claim: Claim::Serves(known),
        };
        let watches = BTreeMap::from([(3, "bob".to_owned())]);
        let ann = Known {
            seen: effective,
            watches,
            ..Known::default()
        };
        let bob = Known {
            logins: BTreeSet::from([7]),
            ..Known::default()
        };
        let end = [Event::Bound, claimed("ann", ann), claimed("bob", bob)];
        made([a, b, c, d].into_iter().chain(hears).chain(end))
    }

    #[test]
    fn a_watcher_who_sees_something_else_is_told() {
        let (busy, away) = (seen(PresenceState::Busy, 1), seen(PresenceState::Away, 2));
        assert_eq!(check(&story(None, busy)), [""; 0]);
        assert_eq!(check(&story(Some(away), away)), [""; 0]);
        assert_eq!(check(&story(None, away)).len(), 2, "state and number");
        assert_eq!(check(&story(Some(away), busy)).len(), 2);
        assert_eq!(
            check(&story(None, seen(PresenceState::Busy, 2))).len(),
            1,
            "the number alone"
        );
    }

    #[test]
    fn what_comes_after_the_bound_is_too_late() {
        let away = seen(PresenceState::Away, 2);
        let mut history = story(Some(away), away);
        let late = history.records.len() - 4;
        history.records[late].at = history.bound().unwrap() + Duration::from_secs(1);
        assert_eq!(check(&history).len(), 2);
    }

    #[test]
    fn whoever_logs_off_at_the_moment_of_asking_sees_nothing() {
        let away = seen(PresenceState::Away, 2);
        let mut history = story(None, away);
        let [off, gone] = asked(3, "bob", Asked::LogOff { login: 7 }, 200);
        let off = made([off, gone]).records;
        // Both are asked at once, and then answered.
        let (watch, watched) = (2, 3);
        let (asked_at, answered_at) = (history.records[watch].at, history.records[watched].at);
        for (record, at) in off.into_iter().zip([asked_at, answered_at]) {
            let after = history.records.iter().rposition(|other| other.at <= at).unwrap();
            history.records.insert(after + 1, Record { at, ..record });
        }
        assert_eq!(check(&history), [""; 0]);
    }
}
