//! What was acknowledged and must survive is there at the end, whatever died meanwhile: logins, watches, and the
//! display name that was set last.

use crate::history::{Asked, Event, Gave, History, Known, Person, Request};
use std::collections::BTreeMap;
use std::time::Duration;

/// Watches of one person on another that live at a time; the oldest makes room (docs/protocol.md, 3.2).
const SAME_WATCHER_MAX: usize = 8;

pub(super) fn check(history: &History) -> Vec<String> {
    let known = history.known();
    let requests = history.requests();
    let attached = history.attached();
    let mut wrong = Vec::new();
    for request in requests.iter().filter(|request| request.is_done()) {
        let is_attached = attached.contains(request.who);
        let missing =
            if let (Asked::LogOn { seconds }, Gave::Subscription(login)) = (request.asked, request.gave) {
                let lives = request.began + Duration::from_secs(u64::from(*seconds)) > ends(history);
                let is_over = if is_attached {
                    is_left(&requests, request.who, *login)
                } else {
                    is_over(history, &requests, request.who, *login)
                };
                let expected = lives && !is_over;
                let there = known
                    .get(request.who)
                    .is_none_or(|known| known.logins.contains(login));
                (expected && !there).then(|| format!("login {login} of {}", request.who))
            } else if let (Asked::Watch { whom }, Gave::Presence { subscription, .. }) =
                (request.asked, request.gave)
            {
                let expected = if is_attached {
                    is_last_watch(&requests, request, whom)
                } else {
                    later_watches(&requests, request, whom) < SAME_WATCHER_MAX
                };
                let there = known
                    .get(whom)
                    .is_none_or(|known| known.watches.contains_key(subscription));
                (expected && !there).then(|| format!("watch {subscription} of {} on {whom}", request.who))
            } else {
                None
            };
        wrong.extend(
            missing.map(|missing| format!("{missing} was acknowledged at {:?} and is gone", request.ended)),
        );
    }
    wrong.extend(names(&requests, &known));
    wrong
}

/// When the run ended.
fn ends(history: &History) -> Duration {
    history.records.last().map(|record| record.at).unwrap_or_default()
}

/// Whether a login may have ended before its time: its client asked for it, or could not be reached.
fn is_over(history: &History, requests: &[Request<'_>], who: Person, login: u32) -> bool {
    let ended = requests
        .iter()
        .any(|request| *request.asked == Asked::LogOff { login });
    let away =
        |event: &Event| matches!(event, Event::Listener { who: other, listens: false } if *other == who);
    let cut = |event: &Event| matches!(event, Event::Broken { ends, broken: true } if ends.iter().any(|end| end == who));
    let lost = history
        .records
        .iter()
        .any(|record| away(&record.event) || cut(&record.event));
    ended || lost
}

/// Whether an attached client has logged off, or has another login and left this one: it logged on anew without a word, or
/// came back when its time was over ("session" says whether it was). That its connection was lost is no reason.
fn is_left(requests: &[Request<'_>], who: Person, login: u32) -> bool {
    let own = || requests.iter().filter(|request| request.who == who);
    let is_it = |request: &&Request<'_>| *request.gave == Gave::Subscription(login);
    let last = own().filter(is_it).map(|request| request.number).max();
    own().any(|request| {
        let logs_on = matches!(request.asked, Asked::LogOn { .. });
        let resumes = *request.asked == Asked::Resume { login };
        *request.asked == Asked::LogOff { login }
            || (logs_on && Some(request.number) > last)
            || (resumes && matches!(request.gave, Gave::Subscription(new) if *new != login))
    })
}

/// Whether an attached client has neither watched the same person again, which ends the watch of before where there is
/// another one, nor logged off, which ends all of them.
fn is_last_watch(requests: &[Request<'_>], watch: &Request<'_>, of: Person) -> bool {
    let ends = |request: &Request<'_>| {
        matches!(request.asked, Asked::LogOff { .. }) || *request.asked == Asked::Watch { whom: of }
    };
    let mut later = requests.iter().filter(|request| request.number > watch.number);
    !later.any(|request| request.who == watch.who && ends(request))
}

/// How many watches may have been made after this one.
fn later_watches(requests: &[Request<'_>], watch: &Request<'_>, of: Person) -> usize {
    let same = |request: &&Request<'_>| {
        request.who == watch.who
            && *request.asked == Asked::Watch { whom: of }
            && request.number > watch.number
    };
    requests.iter().filter(same).count()
}

/// The last name that was acknowledged, or one of which it is not known when it was set, if it was.
fn names(requests: &[Request<'_>], known: &BTreeMap<Person, &Known>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (who, known) in known {
        let set = |request: &&Request<'_>| request.who == *who && matches!(request.asked, Asked::Set { .. });
        let all: Vec<_> = requests
            .iter()
            .filter(set)
            .filter(|request| !request.is_refused())
            .collect();
        let Some(last) = all
            .iter()
            .filter(|request| request.is_done())
            .max_by_key(|request| request.began)
        else {
            continue;
        };
        let number = |request: &Request<'_>| request.asked.number();
        // Of what was answered 503 it is only known that nobody promised anything.
        let possible = all
            .iter()
            .filter(|request| !request.is_done())
            .map(|request| number(request));
        let possible: Vec<_> = possible.chain([number(last)]).collect();
        if known.seen.number.is_some() && !possible.contains(&known.seen.number) {
            let (is, should) = (known.seen.number, number(last));
            wrong.push(format!(
                "the name of {who} is No. {is:?}, and No. {should:?} was acknowledged"
            ));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Claim, Seen};
    use crate::invariants::{answered, asked, made};
    use rvp::PresenceState;

    fn end(known: Known) -> Event {
        Event::Claimed {
            home: "home-1".to_owned(),
            of: "ann",
            claim: Claim::Serves(known),
        }
    }

    #[test]
    fn a_login_that_is_gone_is_told_unless_its_client_was() {
        let [a, b] = answered(
            1,
            "ann",
            Asked::LogOn { seconds: 600 },
            (200, Gave::Subscription(7)),
        );
        let there = Known {
            logins: [7].into(),
            ..Known::default()
        };
        assert_eq!(check(&made([a.clone(), b.clone(), end(there)])), [""; 0]);
        assert_eq!(
            check(&made([a.clone(), b.clone(), end(Known::default())])).len(),
            1
        );
        let away = Event::Listener {
            who: "ann",
            listens: false,
        };
        assert_eq!(
            check(&made([a.clone(), b.clone(), away, end(Known::default())])),
            [""; 0]
        );
        let [c, d] = asked(2, "ann", Asked::LogOff { login: 7 }, 503);
        assert_eq!(check(&made([a, b, c, d, end(Known::default())])), [""; 0]);
    }

    #[test]
    fn a_watch_that_is_gone_is_told() {
        let gave = Gave::Presence {
            subscription: 3,
            seen: Seen::default(),
        };
        let [a, b] = answered(1, "bob", Asked::Watch { whom: "ann" }, (207, gave));
        let there = Known {
            watches: [(3, "bob".to_owned())].into(),
            ..Known::default()
        };
        assert_eq!(check(&made([a.clone(), b.clone(), end(there)])), [""; 0]);
        assert_eq!(check(&made([a, b, end(Known::default())])).len(), 1);
    }

    #[test]
    fn a_name_older_than_the_last_acknowledged_is_told() {
        let set = |number: u32, status: u16| {
            let request = number as usize;
            asked(
                request,
                "ann",
                Asked::Set {
                    state: PresenceState::Busy,
                    number,
                },
                status,
            )
        };
        let story = |statuses: [u16; 2], number: u32| {
            let ([a, b], [c, d]) = (set(1, statuses[0]), set(2, statuses[1]));
            let seen = Seen {
                state: None,
                number: Some(number),
            };
            made([
                a,
                b,
                c,
                d,
                end(Known {
                    seen,
                    ..Known::default()
                }),
            ])
        };
        assert_eq!(check(&story([207, 207], 2)), [""; 0]);
        assert_eq!(check(&story([207, 207], 1)).len(), 1);
        assert_eq!(check(&story([207, 503], 1)), [""; 0]);
        assert_eq!(
            check(&story([503, 207], 1)),
            [""; 0],
            "it may have been done later"
        );
        assert_eq!(check(&story([403, 207], 1)).len(), 1, "it was refused");
    }
}
