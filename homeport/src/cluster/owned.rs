//! Who has how many slots, with and without loans.

use membership::{Member, Members, Placement, Slot};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The number of slots that each member owns, by id; members that own none are not there.
pub(crate) fn owned(placement: &Placement) -> BTreeMap<String, usize> {
    let mut owned = BTreeMap::new();
    for home in Slot::all().filter_map(|slot| placement.home_of_slot(slot)) {
        match owned.get_mut(home.id.as_str()) {
            Some(count) => *count += 1,
            None => drop(owned.insert(home.id.to_string(), 1)),
        }
    }
    owned
}

/// The placement if nobody lent anything.
pub(crate) fn without_loans(placement: &Placement) -> Placement {
    let members = placement.members();
    let bare = members.iter().map(|member| Member {
        lent: BTreeMap::new(),
        ..member.clone()
    });
    Placement::new(Arc::new(Members::new(members.epoch(), bare)))
}

/// Loans of a member that count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Loans {
    /// Slots of its own that others have.
    pub(crate) lent: usize,
    /// Slots of others that it has.
    pub(crate) borrowed: usize,
}

/// The loans that count, by id; members without any are not there.
pub(crate) fn loans(placement: &Placement) -> BTreeMap<String, Loans> {
    let mut loans: BTreeMap<String, Loans> = BTreeMap::new();
    if placement.members().iter().all(|member| member.lent.is_empty()) {
        return loans;
    }
    let bare = without_loans(placement);
    for slot in Slot::all() {
        let (Some(lender), Some(home)) = (bare.home_of_slot(slot), placement.home_of_slot(slot)) else {
            continue;
        };
        if lender.id != home.id {
            loans.entry(lender.id.to_string()).or_default().lent += 1;
            loans.entry(home.id.to_string()).or_default().borrowed += 1;
        }
    }
    loans
}

#[cfg(test)]
mod tests {
    use super::*;
    use membership::{MemberId, Phase, SLOTS};

    fn members() -> Vec<Member> {
        let member = |id: &str| Member {
            phase: Phase::Active,
            ..Member::new(id.into(), "127.0.0.1:7400", "core", 10)
        };
        ["a", "b", "c"].map(member).into()
    }

    #[test]
    fn loans_that_count_are_counted_on_both_sides() {
        let bare = Placement::new(Arc::new(Members::new(1, members())));
        assert!(loans(&bare).is_empty());
        let (own, foreign) = (bare.slots_of(&"a".into()), bare.slots_of(&"b".into()));
        let mut members = members();
        let to: MemberId = "c".into();
        // One that is not a's is in its record too: it does not count.
        members[0].lent = [own[0], own[1], foreign[0]].map(|slot| (slot, to.clone())).into();
        let lending = Placement::new(Arc::new(Members::new(2, members)));
        let (lent, borrowed) = (Loans { lent: 2, borrowed: 0 }, Loans { lent: 0, borrowed: 2 });
        assert_eq!(
            loans(&lending),
            BTreeMap::from([("a".to_owned(), lent), ("c".to_owned(), borrowed)])
        );
        let (before, after) = (owned(&bare), owned(&lending));
        assert_eq!((before["a"] - 2, before["c"] + 2), (after["a"], after["c"]));
        assert_eq!(after.values().sum::<usize>(), usize::from(SLOTS));
        assert_eq!(owned(&without_loans(&lending)), before);
    }
}
