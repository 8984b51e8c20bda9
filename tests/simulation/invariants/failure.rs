//! Nothing panics, nothing ends but for a lost lease, nothing says what clients cannot read, and the members
//! settle once everything is mended.

use crate::history::{Event, History};

pub(super) fn check(history: &History) -> Vec<String> {
    let wrong = history.records.iter().filter_map(|record| {
        if let Event::Failed { role, reason } = &record.event {
            Some(format!("{role}: {reason}"))
        } else if let Event::NeverSettled(why) = &record.event {
            Some(format!("the members do not settle: {why}"))
        } else {
            None
        }
    });
    wrong.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::made;

    #[test]
    fn a_failure_and_unsettled_members_are_told() {
        let failed = Event::Failed {
            role: "home-1".to_owned(),
            reason: "panic: no".to_owned(),
        };
        let broken = made([failed, Event::NeverSettled("home-1 is behind".to_owned())]);
        assert_eq!(check(&broken).len(), 2);
        assert_eq!(check(&made([Event::Mended])), [""; 0]);
    }
}
