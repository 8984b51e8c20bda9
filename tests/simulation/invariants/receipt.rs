//! 200 to a message that asks for `DeepOr` means that a client of the recipient took it, 202 that it is kept: so
//! whatever was acknowledged was taken once, or is kept once. Nothing is taken twice, however often it was sent.
//!
//! A client that took a message may have said so in vain: when its router was lost, or the way between them. Nobody
//! can know then, and it is handed over again. An attached client knows it again, so it shows it once all the same.

use crate::history::{Asked, Event, History, Person, Said};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a client may take to say that it took a message, and a router to be told.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// A client took a message.
#[derive(Clone, Copy)]
struct Take<'h> {
    at: Duration,
    who: Person,
    router: &'h str,
}

pub(super) fn check(history: &History) -> Vec<String> {
    let (taken, kept, attached) = (taken(history), kept(history), history.attached());
    let mut wrong = Vec::new();
    for (text, takes) in &taken {
        let certain = |take: &&Take<'_>| attached.contains(take.who) || !said_in_vain(history, take);
        let certain = takes.iter().filter(certain).count();
        let is_kept = kept.get(text).copied().unwrap_or_default();
        if certain > 1 {
            wrong.push(format!("{text:?} is taken {certain} times"));
        }
        if certain > 0 && is_kept > 0 && !is_excused(history, takes) {
            wrong.push(format!("{text:?} is taken, and kept all the same"));
        }
    }
    for (text, times) in kept.iter().filter(|(_, times)| **times > 1) {
        wrong.push(format!("{text:?} is kept {times} times"));
    }
    for request in history.requests().iter().filter(|request| request.is_done()) {
        let Asked::Say { to, text } = request.asked else {
            continue;
        };
        let ended = request.ended.unwrap_or_default();
        let by_then = |take: &&Take<'_>| request.status != Some(200) || take.at <= ended;
        let takes = taken.get(text.as_str()).into_iter().flatten().filter(by_then);
        let took = takes.into_iter().any(|take| take.who == *to);
        // What is kept, and was known when it came again, is answered as it was then.
        let is_kept = request.status == Some(202) && kept.contains_key(text.as_str());
        if !took && !is_kept {
            wrong.push(format!("{text:?} is acknowledged, and {to} never took it"));
        }
    }
    wrong
}

fn taken(history: &History) -> BTreeMap<&str, Vec<Take<'_>>> {
    let mut taken: BTreeMap<&str, Vec<Take<'_>>> = BTreeMap::new();
    for record in &history.records {
        if let Event::Heard {
            who,
            router,
            said: Said::Message { text, .. },
            taken: true,
            ..
        } = &record.event
        {
            let (at, who) = (record.at, *who);
            taken.entry(text).or_default().push(Take { at, who, router });
        }
    }
    taken
}

/// How often each message is kept at the end.
fn kept(history: &History) -> BTreeMap<&str, usize> {
    let mut kept = BTreeMap::new();
    for record in &history.records {
        if let Event::Kept { texts, .. } = &record.event {
            texts
                .iter()
                .for_each(|text| *kept.entry(text.as_str()).or_default() += 1);
        }
    }
    kept
}

/// Whether the router may not have heard that the client took it, or was lost with what it knew.
fn said_in_vain(history: &History, take: &Take<'_>) -> bool {
    history.was_broken(take.router, &[take.who], (take.at, take.at + ANSWER_WAIT))
}

/// Whether a home may have been lost before it was durable that the message was taken.
fn is_excused(history: &History, takes: &[Take<'_>]) -> bool {
    let breaks = |event: &Event| matches!(event, Event::Broken { broken: true, .. });
    takes.iter().any(|take| {
        let span = take.at.saturating_sub(ANSWER_WAIT)..=take.at + ANSWER_WAIT;
        history
            .records
            .iter()
            .any(|record| span.contains(&record.at) && breaks(&record.event))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
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

    fn is_kept() -> Event {
        Event::Kept {
            of: "bob",
            texts: vec!["hello".to_owned()],
        }
    }

    fn broken(end: &str) -> Event {
        Event::Broken {
            ends: vec![end.to_owned()],
            broken: true,
        }
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
    fn a_stored_message_is_taken_later_or_kept() {
        let story = |then: &[Event]| {
            let [began, ended] = asked(1, "ann", say(), 202);
            let events = [began, ended].into_iter().chain(then.iter().cloned());
            made_at((1..).map(at).zip(events))
        };
        assert_eq!(check(&story(&[])).len(), 1, "it is lost");
        assert_eq!(check(&story(&[is_kept()])), [""; 0]);
        assert_eq!(check(&story(&[message("bob", true)])), [""; 0]);
        assert_eq!(check(&story(&[is_kept(), is_kept()])).len(), 1, "twice");
        let both = [message("bob", true), is_kept()];
        assert_eq!(check(&story(&both)).len(), 1, "it will come again");
        let lost = [broken("home-1"), message("bob", true), is_kept()];
        assert_eq!(check(&story(&lost)), [""; 0], "its home was lost");
    }

    #[test]
    fn a_message_that_is_taken_twice_is_told_unless_its_router_could_not_know() {
        let story = |between: Event| {
            let [began, ended] = asked(1, "ann", say(), 412);
            let [first, second] = [(); 2].map(|()| message("bob", true));
            let events = [
                (at(1), began),
                (at(2), first),
                (at(3), between),
                (at(4), ended),
                (at(20), second),
            ];
            made_at(events)
        };
        assert_eq!(check(&story(message("bob", false))).len(), 1);
        assert_eq!(check(&story(broken("router-2"))).len(), 1);
        assert_eq!(check(&story(broken("router-1"))), [""; 0]);
    }
}
