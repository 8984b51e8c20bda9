//! Slots that members lend to each other.
//!
//! A loan names the borrower, so that everybody computes the same whatever else changes: "the next one with room"
//! would move on whenever somebody's room does. The borrower may lend on. Part of [`crate::PLACEMENT_VERSION`].

use crate::{Member, Members, Slot};
use std::collections::BTreeSet;

/// Gives the slots that are lent to who has them. `owners` are positions in the order of ids, by slot number, and
/// `receives` says who may have slots.
pub(crate) fn apply(members: &Members, receives: &[bool], owners: &mut [u16]) {
    let lent: BTreeSet<Slot> = members
        .iter()
        .flat_map(|member| member.lent.keys().copied())
        .collect();
    for slot in lent {
        let owner = &mut owners[usize::from(slot.number())];
        *owner = follow(members, receives, slot, *owner);
    }
}

/// Who has a slot in the end. Nobody has it twice, so a circle of loans ends where it would close.
fn follow(members: &Members, receives: &[bool], slot: Slot, owner: u16) -> u16 {
    let mut had = BTreeSet::from([owner]);
    let mut owner = owner;
    while let Some(borrower) = members.at(owner).and_then(|owner| borrower(members, owner, slot))
        && receives
            .get(usize::from(borrower))
            .is_some_and(|receives| *receives)
        && had.insert(borrower)
    {
        owner = borrower;
    }
    owner
}

fn borrower(members: &Members, owner: &Member, slot: Slot) -> Option<u16> {
    members.position(owner.lent.get(&slot)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Assignment, MemberId, Phase};

    fn slot() -> Slot {
        Slot::new(99).unwrap()
    }

    /// Members a to d, of which some lend the slot.
    fn members(loans: &[(&str, &str)]) -> Vec<Member> {
        let mut members: Vec<Member> = ["a", "b", "c", "d"]
            .map(|id| Member {
                phase: Phase::Active,
                ..Member::new(id.into(), "127.0.0.1:7400", "core", 10_000)
            })
            .into();
        for (from, to) in loans {
            let lender = members.iter_mut().find(|member| member.id.as_str() == *from);
            lender.unwrap().lent.insert(slot(), (*to).into());
        }
        members
    }

    fn home(members: &[Member]) -> MemberId {
        let set = Members::new(1, members.to_vec());
        let owner = Assignment::compute(&set).owner(slot()).unwrap();
        set.at(owner).unwrap().id.clone()
    }

    /// The owner without loans, and the others.
    fn names() -> (String, Vec<String>) {
        let owner = home(&members(&[])).to_string();
        let others = ["a", "b", "c", "d"].map(str::to_owned);
        let others = others.into_iter().filter(|id| *id != owner).collect();
        (owner, others)
    }

    #[test]
    fn who_borrows_has_the_slot_and_may_lend_it_on() {
        let (owner, others) = names();
        let once = members(&[(&owner, &others[0])]);
        assert_eq!(home(&once).as_str(), others[0]);
        let twice = members(&[(&owner, &others[0]), (&others[0], &others[1])]);
        assert_eq!(home(&twice).as_str(), others[1]);
    }

    #[test]
    fn who_does_not_have_a_slot_cannot_lend_it() {
        let (owner, others) = names();
        assert_eq!(home(&members(&[(&others[0], &others[1])])).as_str(), owner);
    }

    #[test]
    fn a_circle_ends() {
        let (owner, others) = names();
        let circle = members(&[(&owner, &others[0]), (&others[0], &owner)]);
        assert_eq!(home(&circle).as_str(), others[0]);
        let itself = members(&[(&owner, &owner)]);
        assert_eq!(home(&itself).as_str(), owner);
    }

    #[test]
    fn a_borrower_that_is_gone_or_going_has_nothing() {
        let (owner, others) = names();
        let mut lent = members(&[(&owner, &others[0])]);
        lent.iter_mut()
            .find(|member| member.id.as_str() == others[0])
            .unwrap()
            .phase = Phase::Draining;
        assert_eq!(home(&lent).as_str(), owner);
        lent.retain(|member| member.id.as_str() != others[0]);
        assert_eq!(home(&lent).as_str(), owner);
    }

    #[test]
    fn loans_move_nothing_but_what_is_lent() {
        let (owner, others) = names();
        let owners = |members: Vec<Member>| {
            let assignment = Assignment::compute(&Members::new(1, members));
            Slot::all().map(|slot| assignment.owner(slot)).collect::<Vec<_>>()
        };
        let (before, after) = (owners(members(&[])), owners(members(&[(&owner, &others[0])])));
        let moved = Slot::all()
            .zip(before.iter().zip(&after))
            .filter(|(_, (a, b))| a != b);
        assert_eq!(moved.map(|(slot, _)| slot).collect::<Vec<_>>(), [slot()]);
    }
}
