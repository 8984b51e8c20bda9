//! Where messages are archived, what a client was handed, or what is kept, is in the archive, whether or not its sender was
//! told; so is what was acknowledged. The chain holds.

use crate::history::{Asked, Event, History, Said};
use std::collections::BTreeSet;

pub(super) fn check(history: &History) -> Vec<String> {
    let mut wrong = Vec::new();
    for record in &history.records {
        if let Event::Archived { texts, broken } = &record.event {
            wrong.extend(
                broken
                    .iter()
                    .map(|broken| format!("the chain is broken: {broken}")),
            );
            let texts: BTreeSet<&str> = texts.iter().map(String::as_str).collect();
            let missing = delivered(history)
                .into_iter()
                .filter(|text| !texts.contains(text));
            wrong.extend(missing.map(|text| format!("{text:?} is not in the archive")));
        }
    }
    wrong
}

/// Everything that was handed to a client, is kept, or was acknowledged.
fn delivered(history: &History) -> BTreeSet<&str> {
    let mut texts = BTreeSet::new();
    for record in &history.records {
        if let Event::Heard {
            said: Said::Message { text, .. },
            ..
        } = &record.event
        {
            texts.insert(text.as_str());
        }
        if let Event::Kept { texts: kept, .. } = &record.event {
            texts.extend(kept.iter().map(String::as_str));
        }
    }
    for request in history.requests().iter().filter(|request| request.is_done()) {
        if let Asked::Say { text, .. } = request.asked {
            texts.insert(text);
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::{asked, at, heard, made_at};

    fn story(archived: &[&str], events: &[Event]) -> History {
        let archived = Event::Archived {
            texts: archived.iter().map(|text| (*text).to_owned()).collect(),
            broken: None,
        };
        let events = events.iter().cloned().chain([archived]);
        made_at((1..).map(at).zip(events))
    }

    #[test]
    fn what_was_heard_kept_or_acknowledged_is_in_the_archive() {
        let text = || "hello".to_owned();
        let message = Said::Message {
            from: "ann",
            text: text(),
        };
        let is_kept = Event::Kept {
            of: "bob",
            texts: vec![text()],
        };
        let say = Asked::Say {
            to: "bob",
            text: text(),
        };
        let acknowledged = asked(1, "ann", say.clone(), 202);
        for events in [
            &[heard("bob", 7, message, false)][..],
            &[is_kept][..],
            &acknowledged[..],
        ] {
            assert_eq!(check(&story(&["hello"], events)), [""; 0]);
            assert_eq!(check(&story(&[], events)).len(), 1);
        }
        assert_eq!(
            check(&story(&[], &asked(1, "ann", say, 412))),
            [""; 0],
            "it was refused"
        );
    }

    #[test]
    fn a_broken_chain_is_told() {
        let broken = Event::Archived {
            texts: Vec::new(),
            broken: Some("entry 3 is missing".to_owned()),
        };
        assert_eq!(check(&made_at([(at(1), broken)])).len(), 1);
    }
}
