//! 200 to a message that asks for `DeepOr` means that some client of the recipient took it, and no client gets a
//! message twice.

use crate::history::{Asked, History, Said};
use std::collections::BTreeMap;

pub(super) fn check(history: &History) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut times: BTreeMap<(u32, &str), usize> = BTreeMap::new();
    let mut taken: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for (at, who, login, said, takes) in history.heard() {
        let Said::Message { text, .. } = said else {
            continue;
        };
        let heard = times.entry((login, text)).or_default();
        *heard += 1;
        if *heard > 1 {
            wrong.push(format!("{who} hears {text:?} {heard} times at login {login}"));
        }
        if takes {
            taken.entry(text).or_default().push((at, who));
        }
    }
    for request in history.requests() {
        let Asked::Say { to, text } = request.asked else {
            continue;
        };
        if !request.is_done() {
            continue;
        }
        let ended = request.ended.unwrap_or_default();
        let took = taken.get(text.as_str()).into_iter().flatten();
        if !took.into_iter().any(|(at, who)| who == to && *at <= ended) {
            wrong.push(format!("{text:?} is acknowledged and {to} never took it"));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Event;
    use crate::invariants::{asked, at, heard, made_at};

    fn say() -> Asked {
        Asked::Say {
            to: "bob",
            text: "hello".to_owned(),
        }
    }

    fn message(who: &'static str, taken: bool) -> Event {
        heard(
            who,
            7,
            Said::Message {
                from: "ann",
                text: "hello".to_owned(),
            },
            taken,
        )
    }

    #[test]
    fn an_acknowledged_message_was_taken_by_its_recipient_before() {
        let [began, ended] = asked(1, "ann", say(), 200);
        let story = |hears: Event, when: u64| {
            let events = [(at(1), began.clone()), (at(when), hears), (at(3), ended.clone())];
            let mut history = made_at(events);
            history.records.sort_by_key(|record| record.at);
            history
        };
        assert_eq!(check(&story(message("bob", true), 2)), [""; 0]);
        assert_eq!(
            check(&story(message("bob", false), 2)).len(),
            1,
            "it was not taken"
        );
        assert_eq!(check(&story(message("cid", true), 2)).len(), 1, "another took it");
        assert_eq!(
            check(&story(message("bob", true), 4)).len(),
            1,
            "it came after the answer"
        );
    }

    #[test]
    fn a_message_that_comes_twice_is_told_whatever_its_sender_heard() {
        let [began, ended] = asked(1, "ann", say(), 412);
        let twice = [(at(2), message("bob", false)), (at(3), message("bob", true))];
        let [first, second] = twice;
        let history = made_at([(at(1), began), first, (at(2), ended), second]);
        assert_eq!(check(&history).len(), 1);
    }
}
