//! In a settled epoch each person is served by exactly one member.

use crate::history::{Claim, Event, History, Person, Record};
use std::collections::BTreeMap;

pub(super) fn check(history: &History) -> Vec<String> {
    let mut claims: BTreeMap<Person, Vec<(&str, &Claim)>> = BTreeMap::new();
    // What is asked again after the end is another question.
    let end = |record: &&Record| record.event != Event::LastWords;
    for record in history.records.iter().take_while(end) {
        if let Event::Claimed { home, of, claim } = &record.event {
            claims.entry(of).or_default().push((home, claim));
        }
    }
    let serves = |claim: &Claim| matches!(claim, Claim::Serves(_));
    let wrong = claims.iter().filter(|(_, claims)| {
        claims.iter().filter(|(_, claim)| serves(claim)).count() != 1
            || claims.iter().any(|(_, claim)| matches!(claim, Claim::Silent(_)))
    });
    wrong
        .map(|(of, claims)| format!("{of} is not served by one home: {claims:?}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Known;
    use crate::invariants::made;

    fn claimed(home: &str, claim: Claim) -> Event {
        Event::Claimed {
            home: home.to_owned(),
            of: "ann",
            claim,
        }
    }

    #[test]
    fn one_home_and_no_other() {
        let serves = || Claim::Serves(Known::default());
        let sound = made([claimed("home-1", serves()), claimed("home-2", Claim::Moved)]);
        assert_eq!(check(&sound), [""; 0]);
        for claims in [
            [serves(), serves()],
            [Claim::Moved, Claim::Moved],
            [serves(), Claim::Silent("503".to_owned())],
        ] {
            let [one, other] = claims;
            let broken = made([claimed("home-1", one), claimed("home-2", other)]);
            assert_eq!(check(&broken).len(), 1, "{broken:?}");
        }
    }
}
