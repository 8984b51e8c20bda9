//! Nothing is delivered that the access list forbade when it was done: neither a message of somebody who is blocked,
//! nor what was set meanwhile to somebody who is.

use super::rights::blocked;
use crate::history::{Asked, History, Person, Request, Said};
use std::collections::BTreeSet;
use std::time::Duration;

pub(super) fn check(history: &History) -> Vec<String> {
    let requests = history.requests();
    let people: BTreeSet<Person> = requests.iter().flat_map(parties).collect();
    let mut wrong = Vec::new();
    for (by, whom) in people
        .iter()
        .flat_map(|by| people.iter().map(move |whom| (*by, *whom)))
    {
        for span in blocked(history, by, whom) {
            for request in &requests {
                let ended = request.ended.unwrap_or(Duration::MAX);
                if request.began < span.0 || ended > span.1 {
                    continue;
                }
                match request.asked {
                    // What was sent before is sent again, and may have been accepted then.
                    Asked::Say { text, .. } if was_sent_before(&requests, request, text) => {}
                    Asked::Say { to, text } if request.who == whom && *to == by => {
                        if request.is_done() || hears(history, by, span, |said| is_message(said, text)) {
                            wrong.push(format!("{whom} is blocked, and {by} got {text:?}"));
                        }
                    }
                    Asked::Set { number, .. } if request.who == by => {
                        if hears(history, whom, span, |said| is_version(said, by, *number)) {
                            wrong.push(format!("{whom} is blocked, and was told No. {number} of {by}"));
                        }
                    }
                    Asked::Say { .. }
                    | Asked::Set { .. }
                    | Asked::LogOn { .. }
                    | Asked::LogOff { .. }
                    | Asked::Renew { .. }
                    | Asked::Resume { .. }
                    | Asked::Watch { .. }
                    | Asked::Show { .. }
                    | Asked::Block { .. } => {}
                }
            }
        }
    }
    wrong
}

fn was_sent_before(requests: &[Request<'_>], request: &Request<'_>, text: &str) -> bool {
    let is_it = |other: &Request<'_>| matches!(other.asked, Asked::Say { text: other, .. } if other == text);
    requests
        .iter()
        .any(|other| other.number < request.number && is_it(other))
}

/// Who asks, and whom it may be about to block.
fn parties(request: &Request<'_>) -> impl Iterator<Item = Person> + use<> {
    let whom = if let Asked::Block { whom, .. } = request.asked {
        Some(*whom)
    } else {
        None
    };
    [request.who].into_iter().chain(whom)
}

/// Whether somebody hears something before the block ends.
fn hears(history: &History, who: Person, span: (Duration, Duration), what: impl Fn(&Said) -> bool) -> bool {
    history
        .heard()
        .any(|(at, hearer, _, said, _)| hearer == who && at < span.1 && what(said))
}

fn is_message(said: &Said, text: &str) -> bool {
    matches!(said, Said::Message { text: heard, .. } if heard == text)
}

fn is_version(said: &Said, whose: Person, number: u32) -> bool {
    matches!(said, Said::Change { of, seen } if *of == whose && seen.number == Some(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Event, Seen};
    use crate::invariants::{asked, heard, made};
    use rvp::PresenceState;

    fn block(blocked: bool) -> [Event; 2] {
        asked(1, "ann", Asked::Block { whom: "bob", blocked }, 200)
    }

    #[test]
    fn a_message_of_somebody_who_is_blocked_is_told() {
        let say = |status| {
            asked(
                2,
                "bob",
                Asked::Say {
                    to: "ann",
                    text: "hello".to_owned(),
                },
                status,
            )
        };
        let hears = || {
            heard(
                "ann",
                7,
                Said::Message {
                    from: "bob",
                    text: "hello".to_owned(),
                },
                true,
            )
        };
        let story = |blocked: bool, status: u16| {
            let ([a, b], [c, d]) = (block(blocked), say(status));
            made([a, b, c, hears(), d])
        };
        assert_eq!(check(&story(true, 200)).len(), 1);
        assert_eq!(check(&story(true, 412)).len(), 1, "it was refused and delivered");
        assert_eq!(check(&story(false, 200)), [""; 0]);
        let ([a, b], [c, d]) = (block(true), say(412));
        assert_eq!(check(&made([a, b, c, d])), [""; 0]);
    }

    #[test]
    fn what_is_told_to_somebody_who_is_blocked_is_told() {
        let story = |blocked: bool| {
            let [a, b] = block(blocked);
            let [c, d] = asked(
                2,
                "ann",
                Asked::Set {
                    state: PresenceState::Busy,
                    number: 5,
                },
                207,
            );
            let seen = Seen {
                state: None,
                number: Some(5),
            };
            made([
                a,
                b,
                c,
                d,
                heard("bob", 7, Said::Change { of: "ann", seen }, true),
            ])
        };
        assert_eq!(check(&story(true)).len(), 1);
        assert_eq!(check(&story(false)), [""; 0]);
    }
}
