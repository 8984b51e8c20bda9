//! A watcher never sees somebody online later than the bound after the last login can have ended.

use super::convergence::last_seen;
use crate::history::{Asked, Gave, History, Person, Said};
use crate::world::BOUND;
use rvp::PresenceState;
use std::collections::BTreeSet;
use std::time::Duration;

/// Lifetimes are looked at once a second.
const ROUNDED: Duration = Duration::from_secs(1);

pub(super) fn check(history: &History) -> Vec<String> {
    let Some(bound) = history.bound() else {
        return Vec::new();
    };
    let settled = bound.saturating_sub(BOUND);
    let known = history.known();
    let people: BTreeSet<Person> = history.requests().iter().map(|request| request.who).collect();
    let mut wrong = Vec::new();
    for of in people.iter().copied() {
        let Some(gone) = gone(history, of) else { continue };
        let latest = gone.max(settled).saturating_add(ROUNDED + BOUND);
        let hears = history
            .heard()
            .filter(|(at, ..)| *at > latest)
            .filter(|(_, _, _, said, _)| is_online(said, of));
        wrong.extend(
            hears.map(|(at, who, ..)| format!("{who} hears at {at:?} that {of} is online, gone by {gone:?}")),
        );
        if latest > bound + ROUNDED {
            continue;
        }
        if known.get(of).is_some_and(|known| {
            known
                .seen
                .state
                .is_some_and(|state| state.shown() != PresenceState::Offline)
        }) {
            wrong.push(format!("{of} is online, gone by {gone:?}"));
        }
        for watcher in people
            .iter()
            .copied()
            .filter(|who| known.get(who).is_some_and(|known| !known.logins.is_empty()))
        {
            let last = last_seen(history, (of, watcher), bound + ROUNDED);
            let offline = |last: super::convergence::Last| last.states.contains(&PresenceState::Offline);
            let watches = known
                .get(of)
                .is_some_and(|known| known.watches.values().any(|whose| whose == watcher));
            if watches && last.is_some_and(|last| !offline(last)) {
                wrong.push(format!("{watcher} sees {of} online, gone by {gone:?}"));
            }
        }
    }
    wrong
}

fn is_online(said: &Said, whose: Person) -> bool {
    let online = |state: PresenceState| state.shown() != PresenceState::Offline;
    matches!(said, Said::Change { of, seen } if *of == whose && seen.state.is_some_and(online))
}

/// By when the last login of somebody has ended for certain. None if nobody outside can know: a state that is
/// set without a login lives by itself.
fn gone(history: &History, of: Person) -> Option<Duration> {
    let requests = history.requests();
    let own = || {
        requests
            .iter()
            .filter(|request| request.who == of && !request.is_refused())
    };
    let mut ends: Vec<Duration> = Vec::new();
    for request in own() {
        let Asked::LogOn { seconds } = request.asked else {
            continue;
        };
        let lives = Duration::from_secs(u64::from(*seconds));
        let Gave::Subscription(id) = request.gave else {
            // It may have been done, at any time.
            return None;
        };
        let renewed = own().filter(|other| matches!(other.asked, Asked::Renew { login, .. } if login == id));
        let off = own()
            .find(|other| other.is_done() && matches!(other.asked, Asked::LogOff { login } if login == id));
        let last = renewed
            .map(|renewal| renewal.latest())
            .chain([request.latest()])
            .max()?;
        ends.push(
            off.and_then(|off| off.ended)
                .unwrap_or_else(|| last.saturating_add(lives)),
        );
    }
    let (first, last) = (*ends.iter().min()?, *ends.iter().max()?);
    let sets = |asked: &Asked| matches!(asked, Asked::Set { .. });
    let sets_later = own().any(|request| sets(request.asked) && request.latest() >= first);
    (!sets_later).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Claim, Event, Known, Seen};
    use crate::invariants::{answered, at, heard, made_at};

    fn story(online: bool, told: &[(u64, PresenceState)]) -> History {
        let gave = || Gave::Subscription(7);
        let [a, b] = answered(1, "ann", Asked::LogOn { seconds: 4 }, (200, gave()));
        let [c, d] = answered(2, "bob", Asked::LogOn { seconds: 600 }, (200, gave()));
        let state = |state| Seen {
            state: Some(state),
            number: None,
        };
        let gave = Gave::Presence {
            subscription: 3,
            seen: state(PresenceState::Online),
        };
        let [e, f] = answered(3, "bob", Asked::Watch { whom: "ann" }, (207, gave));
        let beginning = [a, b, c, d, e, f].map(|event| (at(1), event));
        let told = told.iter().map(|(seconds, told)| {
            (
                at(*seconds),
                heard(
                    "bob",
                    7,
                    Said::Change {
                        of: "ann",
                        seen: state(*told),
                    },
                    true,
                ),
            )
        });
        let effective = if online {
            PresenceState::Online
        } else {
            PresenceState::Offline
        };
        let claimed = |of, known| Event::Claimed {
            home: "home-1".to_owned(),
            of,
            claim: Claim::Serves(known),
        };
        let watches = [(3, "bob".to_owned())].into();
        let ann = Known {
            seen: state(effective),
            watches,
            ..Known::default()
        };
        let bob = Known {
            logins: [7].into(),
            ..Known::default()
        };
        let end = [Event::Bound, claimed("ann", ann), claimed("bob", bob)].map(|event| (at(20), event));
        let mut history = made_at(beginning.into_iter().chain(told).chain(end));
        history.records.sort_by_key(|record| record.at);
        history
    }

    #[test]
    fn somebody_who_is_gone_and_seen_online_is_told() {
        let offline = (6, PresenceState::Offline);
        assert_eq!(check(&story(false, &[offline])), [""; 0]);
        assert_eq!(check(&story(true, &[offline])).len(), 1, "the home says online");
        assert_eq!(check(&story(false, &[])).len(), 1, "bob was never told");
        let comes_back = [offline, (22, PresenceState::Busy), (23, PresenceState::Offline)];
        assert_eq!(
            check(&story(false, &comes_back)).len(),
            1,
            "bob was told too late"
        );
    }
}
