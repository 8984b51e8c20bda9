//! Who is home to whom at an epoch.

use crate::{Assignment, Member, MemberId, Members, RingOrder, Slot};
use rvp::Principal;
use std::sync::Arc;

/// The assignment of an epoch together with the members it was computed from. Never changes.
#[derive(Debug, Clone)]
pub struct Placement {
    members: Arc<Members>,
    assignment: Assignment,
}

impl Placement {
    /// Computes the placement of a set of members. Takes some milliseconds; `membership::Placements` does it
    /// once per set.
    #[must_use]
    pub fn new(members: Arc<Members>) -> Self {
        let assignment = Assignment::compute(&members);
        Self { members, assignment }
    }

    /// The epoch of the members.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.members.epoch()
    }

    /// The members, including those that own nothing.
    #[must_use]
    pub fn members(&self) -> &Arc<Members> {
        &self.members
    }

    /// The home of a person; nobody only when there is no member that could own slots.
    #[must_use]
    pub fn home_of(&self, principal: &Principal) -> Option<&Member> {
        self.home_of_slot(Slot::of(principal))
    }

    /// The owner of a slot; nobody only when there is no member that could own slots.
    #[must_use]
    pub fn home_of_slot(&self, slot: Slot) -> Option<&Member> {
        self.members.at(self.assignment.owner(slot)?)
    }

    /// The ring of the members, for who wants to know where slots would go.
    #[must_use]
    pub fn ring_order(&self) -> RingOrder {
        RingOrder::new(&self.members)
    }

    /// The slots that a member owns, by number; none for a member that is not there.
    #[must_use]
    pub fn slots_of(&self, id: &MemberId) -> Vec<Slot> {
        Slot::all()
            .filter(|slot| self.home_of_slot(*slot).is_some_and(|home| home.id == *id))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Phase;

    fn placement(phases: &[(&str, Phase)]) -> Placement {
        let member = |(id, phase): &(&str, Phase)| Member {
            phase: *phase,
            ..Member::new((*id).into(), "127.0.0.1:7400", "core", 10_000)
        };
        Placement::new(Arc::new(Members::new(3, phases.iter().map(member))))
    }

    #[test]
    fn everybody_has_the_home_of_their_slot() {
        let placement = placement(&[
            ("a", Phase::Active),
            ("b", Phase::Joining),
            ("c", Phase::Draining),
        ]);
        assert_eq!(placement.epoch(), 3);
        let alice = Principal::from_address("alice@im.example.com").unwrap();
        let home = placement.home_of(&alice).unwrap();
        assert!(placement.slots_of(&home.id).contains(&Slot::of(&alice)));
        let owned = |id: &str| placement.slots_of(&id.into()).len();
        assert_eq!(owned("a") + owned("b"), Slot::all().len());
        assert_eq!(owned("c"), 0);
        assert_eq!(owned("d"), 0);
    }

    #[test]
    fn without_members_nobody_has_a_home() {
        let placement = placement(&[]);
        assert!(Slot::all().all(|slot| placement.home_of_slot(slot).is_none()));
        assert_eq!(
            placement.home_of(&Principal::from_address("alice@im.example.com").unwrap()),
            None
        );
    }
}
