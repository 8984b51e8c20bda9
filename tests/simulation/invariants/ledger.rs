//! Messages are conserved at each home: what came in was delivered, stored, refused, has expired, or is under way; and
//! when everybody has an answer, nothing is under way.

use crate::history::{Event, History, Ledger};

pub(super) fn check(history: &History) -> Vec<String> {
    let counted = history.records.iter().filter_map(|record| {
        let Event::Counted { home, ledger } = &record.event else {
            return None;
        };
        Some((home, ledger))
    });
    let wrong = counted.filter(|(_, ledger)| !ledger.as_ref().is_some_and(is_balanced));
    wrong
        .map(|(home, ledger)| format!("{home} says of its messages: {ledger:?}"))
        .collect()
}

fn is_balanced(ledger: &Ledger) -> bool {
    ledger.in_flight == 0 && ledger.accepted == ledger.ended
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::made;

    #[test]
    fn a_message_that_is_not_accounted_for_is_told() {
        let counted = |ledger| {
            made([Event::Counted {
                home: "home-1".to_owned(),
                ledger,
            }])
        };
        let story = |accepted, ended, in_flight| {
            counted(Some(Ledger {
                accepted,
                ended,
                in_flight,
            }))
        };
        assert_eq!(check(&story(5, 5, 0)), [""; 0]);
        assert_eq!(check(&story(5, 4, 0)).len(), 1);
        assert_eq!(check(&story(5, 4, 1)).len(), 1, "nobody waits for it");
        assert_eq!(check(&counted(None)).len(), 1);
    }
}
