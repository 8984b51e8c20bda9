//! What a login hears of one person never goes back to an older version, and neither do the messages of one sender.
//!
//! Only versions that were acknowledged before the next was begun have an order that clients know of: a request
//! without an answer may be done at any later time.

use crate::history::{Asked, History, Person, Said};
use std::collections::BTreeMap;
use std::time::Duration;

pub(super) fn check(history: &History) -> Vec<String> {
    let requests = history.requests();
    // When each version and message was begun and acknowledged.
    let mut versions: BTreeMap<(Person, u32), (Duration, Duration)> = BTreeMap::new();
    let mut messages: BTreeMap<&str, (Duration, Duration)> = BTreeMap::new();
    let mut began: BTreeMap<&str, Duration> = BTreeMap::new();
    for request in &requests {
        if let Asked::Say { text, .. } = request.asked {
            began.entry(text).or_insert(request.began);
        }
    }
    for request in requests.iter().filter(|request| request.is_done()) {
        let times = (request.began, request.ended.unwrap_or(Duration::MAX));
        match request.asked {
            Asked::Set { number, .. } => drop(versions.insert((request.who, *number), times)),
            Asked::Say { text, .. } => {
                // What was sent several times may have been accepted the first time.
                let first = began.get(text.as_str()).copied().unwrap_or(request.began);
                messages.insert(text, (first, times.1));
            }
            Asked::LogOn { .. }
            | Asked::LogOff { .. }
            | Asked::Renew { .. }
            | Asked::Resume { .. }
            | Asked::Watch { .. }
            | Asked::Show { .. }
            | Asked::Block { .. } => {}
        }
    }
    let mut wrong = Vec::new();
    let mut newest: BTreeMap<(u32, Person, bool), (Duration, String)> = BTreeMap::new();
    for (at, who, login, said, _) in history.heard() {
        let (of, is_message, what, times) = match said {
            Said::Change { of, seen } => {
                let Some(number) = seen.number else { continue };
                (*of, false, format!("No. {number}"), versions.get(&(*of, number)))
            }
            Said::Message { from, text } => (*from, true, text.clone(), messages.get(text.as_str())),
        };
        let Some((began, acknowledged)) = times else {
            continue;
        };
        match newest.get(&(login, of, is_message)) {
            Some((later, heard)) if acknowledged < later => {
                wrong.push(format!("at {at:?} {who} hears {what:?} of {of} after {heard:?}"));
            }
            Some((later, _)) if began < later => {}
            Some(_) | None => drop(newest.insert((login, of, is_message), (*began, what))),
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Event, Seen};
    use crate::invariants::{asked, heard, made};
    use rvp::PresenceState;

    fn set(request: usize, number: u32, status: u16) -> [Event; 2] {
        asked(
            request,
            "ann",
            Asked::Set {
                state: PresenceState::Busy,
                number,
            },
            status,
        )
    }

    fn sees(login: u32, number: u32) -> Event {
        let seen = Seen {
            state: None,
            number: Some(number),
        };
        heard("bob", login, Said::Change { of: "ann", seen }, true)
    }

    #[test]
    fn an_older_version_after_a_newer_one_is_told() {
        let story = |status: u16, order: [(u32, u32); 2]| {
            let [a, b] = set(1, 1, status);
            let [c, d] = set(2, 2, 207);
            let [first, second] = order.map(|(login, number)| sees(login, number));
            made([a, b, c, d, first, second])
        };
        assert_eq!(check(&story(207, [(7, 1), (7, 2)])), [""; 0]);
        assert_eq!(check(&story(207, [(7, 2), (7, 1)])).len(), 1);
        assert_eq!(check(&story(207, [(7, 2), (8, 1)])), [""; 0], "another login");
        assert_eq!(
            check(&story(503, [(7, 2), (7, 1)])),
            [""; 0],
            "it may have been done later"
        );
    }

    #[test]
    fn messages_of_one_sender_that_change_places_are_told() {
        let say = |request, text: &str| {
            asked(
                request,
                "ann",
                Asked::Say {
                    to: "bob",
                    text: text.to_owned(),
                },
                200,
            )
        };
        let hears = |text: &str| {
            heard(
                "bob",
                7,
                Said::Message {
                    from: "ann",
                    text: text.to_owned(),
                },
                true,
            )
        };
        let ([a, b], [c, d]) = (say(1, "one"), say(2, "two"));
        let order = |first, second| {
            [
                a.clone(),
                b.clone(),
                c.clone(),
                d.clone(),
                hears(first),
                hears(second),
            ]
        };
        assert_eq!(check(&made(order("one", "two"))), [""; 0]);
        assert_eq!(check(&made(order("two", "one"))).len(), 1);
    }
}
