//! Nobody is told that somebody is offline whose session goes on, however often its connection breaks: for whoever is
//! attached, between a state that was answered and the next that hides the person.

use super::session::last_sign;
use crate::history::{Asked, Gave, History, Person, Request, Said};
use attachment::limits::RESUME_WITHIN;
use rvp::PresenceState;
use std::collections::BTreeSet;
use std::time::Duration;

/// How late an older change may come, where one was hidden before: as long as anything is broken.
const LATE: Duration = Duration::from_secs(8);

/// A time for which it is certain that a person is seen.
struct Seen {
    from: Duration,
    until: Duration,
    /// From when on an older change cannot come any more.
    settled: Duration,
}

pub(super) fn check(history: &History) -> Vec<String> {
    let requests = history.requests();
    let hear = history.heard().map(|(_, who, ..)| who);
    let people: BTreeSet<Person> = requests.iter().map(|request| request.who).chain(hear).collect();
    let mut wrong = Vec::new();
    for of in history.attached() {
        let over = over(history, &requests, of);
        for mut span in seen(&requests, of) {
            if let Some(over) = over.iter().find(|over| **over > span.from) {
                span.until = span.until.min(*over);
            }
            for watcher in people.iter().copied().filter(|watcher| *watcher != of) {
                if !ever_blocks(&requests, of, watcher) {
                    wrong.extend(told(history, &requests, (of, watcher), &span));
                }
            }
        }
    }
    wrong
}

/// When the time was over to come back to each session that could not be gone on with, at the earliest.
fn over(history: &History, requests: &[Request<'_>], of: Person) -> Vec<Duration> {
    let own = requests.iter().filter(|request| request.who == of);
    let over = own.filter_map(|request| match (request.asked, request.gave) {
        (Asked::Resume { login }, Gave::Subscription(other)) if login != other => {
            Some(last_sign(history, of, *login, request.began) + RESUME_WITHIN)
        }
        _ => None,
    });
    over.collect()
}

/// When somebody is seen for certain.
fn seen(requests: &[Request<'_>], of: Person) -> Vec<Seen> {
    let own = || {
        requests
            .iter()
            .filter(|request| request.who == of && !request.is_refused())
    };
    let hides = |request: &&Request<'_>| {
        matches!(request.asked, Asked::LogOff { .. })
            || matches!(request.asked, Asked::Show { state } if state.shown() == PresenceState::Offline)
    };
    let shows = |request: &&Request<'_>| matches!(request.asked, Asked::Show { state } if state.shown() != PresenceState::Offline);
    let mut spans = Vec::new();
    for shown in own().filter(shows).filter(|request| request.is_done()) {
        let (mut earlier, mut later) = (
            own().filter(hides).filter(|other| other.number < shown.number),
            own().filter(hides).filter(|other| other.number > shown.number),
        );
        let from = shown.ended.unwrap_or(Duration::MAX);
        let was_hidden = earlier.clone().next().is_some();
        if earlier.all(|other| other.latest() <= shown.began) {
            spans.push(Seen {
                from,
                until: later.next().map_or(Duration::MAX, |other| other.began),
                settled: if was_hidden { from + LATE } else { from },
            });
        }
    }
    spans
}

fn ever_blocks(requests: &[Request<'_>], of: Person, watcher: Person) -> bool {
    requests.iter().any(|request| {
        request.who == of && matches!(request.asked, Asked::Block { whom, .. } if *whom == watcher)
    })
}

/// What a watcher is told in that time that is not so.
fn told(
    history: &History,
    requests: &[Request<'_>],
    (of, watcher): (Person, Person),
    span: &Seen,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut saw: BTreeSet<u32> = BTreeSet::new();
    for (at, who, login, said, _) in history.heard() {
        let Said::Change { of: other, seen } = said else {
            continue;
        };
        let Some(state) = seen.state.filter(|_| who == watcher && *other == of) else {
            continue;
        };
        if at <= span.settled || at >= span.until {
            continue;
        }
        if state.shown() != PresenceState::Offline {
            saw.insert(login);
        } else if saw.contains(&login) {
            wrong.push(format!("{watcher} is told at {at:?} that {of} is offline"));
        }
    }
    for request in requests.iter().filter(|request| request.who == watcher) {
        let answered = request.ended.unwrap_or(Duration::MAX);
        let is_it = matches!(request.asked, Asked::Watch { whom } if *whom == of);
        if !is_it || request.began <= span.from || answered >= span.until {
            continue;
        }
        if let Gave::Presence { seen, .. } = request.gave
            && seen
                .state
                .is_some_and(|state| state.shown() == PresenceState::Offline)
        {
            wrong.push(format!(
                "{watcher} is answered at {answered:?} that {of} is offline"
            ));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Event, Seen};
    use crate::invariants::{answered, asked, heard, made};

    fn cast() -> Event {
        Event::Cast {
            attached: vec!["ann"],
        }
    }

    fn shows(request: usize, state: PresenceState) -> [Event; 2] {
        asked(request, "ann", Asked::Show { state }, 200)
    }

    fn sees(state: PresenceState) -> Event {
        let seen = Seen {
            state: Some(state),
            number: None,
        };
        heard("bob", 9, Said::Change { of: "ann", seen }, true)
    }

    fn watches(state: PresenceState) -> [Event; 2] {
        let seen = Seen {
            state: Some(state),
            number: None,
        };
        let gave = Gave::Presence {
            subscription: 3,
            seen,
        };
        answered(9, "bob", Asked::Watch { whom: "ann" }, (200, gave))
    }

    #[test]
    fn offline_between_two_states_is_told() {
        let [a, b] = shows(1, PresenceState::Busy);
        let (busy, offline) = (sees(PresenceState::Busy), sees(PresenceState::Offline));
        let [c, d] = watches(PresenceState::Offline);
        let story = |then: &[Event]| {
            made(
                [cast(), a.clone(), b.clone()]
                    .into_iter()
                    .chain(then.iter().cloned()),
            )
        };
        assert_eq!(check(&story(std::slice::from_ref(&busy))), [""; 0]);
        assert_eq!(check(&story(&[busy.clone(), offline.clone()])).len(), 1);
        assert_eq!(
            check(&story(std::slice::from_ref(&offline))),
            [""; 0],
            "it may be from before"
        );
        assert_eq!(check(&story(&[c, d])).len(), 1, "the home was asked");
        let nobody = made([a.clone(), b.clone(), busy, offline]);
        assert_eq!(check(&nobody), [""; 0], "ann is called back");
    }

    #[test]
    fn whoever_hides_logs_off_or_blocks_is_offline() {
        let [a, b] = shows(1, PresenceState::Busy);
        let hides = shows(2, PresenceState::Invisible);
        let off = asked(2, "ann", Asked::LogOff { login: 7 }, 200);
        let whom = "bob";
        let blocks = asked(2, "ann", Asked::Block { whom, blocked: true }, 200);
        for [c, d] in [hides, off, blocks] {
            let events = [
                cast(),
                a.clone(),
                b.clone(),
                sees(PresenceState::Busy),
                c,
                sees(PresenceState::Offline),
                d,
            ];
            assert_eq!(check(&made(events)), [""; 0]);
        }
    }
}
