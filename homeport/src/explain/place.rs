//! Which home a person has, and why: computed from the members alone.

use crate::cluster::without_loans;
use membership::{Placement, SLOTS, Slot};
use rvp::Principal;
use serde::Serialize;

/// Where a person is. The fields are what `--json` shows.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Place {
    /// Of the members.
    pub(super) epoch: u64,
    pub(super) slot: u16,
    pub(super) slots: u16,
    /// To whom the slot would fall, one after the other.
    pub(super) ring_order: Vec<String>,
    /// Who has it.
    pub(super) home: Option<String>,
    pub(super) phase: Option<&'static str>,
    pub(super) address: Option<String>,
    /// Who would have it if nobody lent anything, if that is somebody else.
    pub(super) lent_by: Option<String>,
}

impl Place {
    /// The place of a person.
    pub(super) fn new(person: &Principal, placement: &Placement) -> Self {
        let slot = Slot::of(person);
        let home = placement.home_of_slot(slot);
        let is_lent = placement
            .members()
            .iter()
            .any(|member| member.lent.contains_key(&slot));
        let lender = is_lent.then(|| without_loans(placement)).and_then(|bare| {
            let lender = bare.home_of_slot(slot).map(|lender| lender.id.to_string());
            lender.filter(|lender| home.is_some_and(|home| home.id.as_str() != lender))
        });
        let ring_order = placement.ring_order().of(slot);
        Self {
            epoch: placement.epoch(),
            slot: slot.number(),
            slots: SLOTS,
            ring_order: ring_order.iter().map(ToString::to_string).collect(),
            home: home.map(|home| home.id.to_string()),
            phase: home.map(|home| home.phase.as_str()),
            address: home.map(|home| home.address.clone()),
            lent_by: lender,
        }
    }

    /// Who has it and why, for people.
    pub(super) fn home_text(&self) -> String {
        let (Some(home), Some(phase), Some(address)) = (&self.home, self.phase, &self.address) else {
            return "none".to_owned();
        };
        let why = match (&self.lent_by, self.ring_order.first()) {
            (Some(lender), _) => format!("; lent by {lender}, which has hardly any room"),
            (None, Some(first)) if first != home => format!("; {first} has its share without it"),
            (None, _) => String::new(),
        };
        format!("{home} ({phase}, {address}){why}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use membership::{Member, Members, Phase};
    use std::sync::Arc;

    fn members() -> Vec<Member> {
        let member = |id: &str| Member {
            phase: Phase::Active,
            ..Member::new(id.into(), format!("{id}:7400"), "core", 10_000)
        };
        ["home-1", "home-2", "home-3"].map(member).into()
    }

    fn placement(members: Vec<Member>) -> Placement {
        Placement::new(Arc::new(Members::new(9, members)))
    }

    #[test]
    fn the_home_is_the_one_that_the_cluster_computes() {
        let alice = Principal::from_address("alice@im.example.com").unwrap();
        let placement = placement(members());
        let place = Place::new(&alice, &placement);
        let home = placement.home_of(&alice).unwrap();
        assert_eq!((place.epoch, place.slot), (9, Slot::of(&alice).number()));
        assert_eq!(place.home.as_deref(), Some(home.id.as_str()));
        assert_eq!((place.ring_order.len(), &place.lent_by), (3, &None));
        assert!(
            place
                .home_text()
                .starts_with(&format!("{0} (active, {0}:7400)", home.id))
        );
    }

    #[test]
    fn a_loan_names_who_lends() {
        let alice = Principal::from_address("alice@im.example.com").unwrap();
        let owner = placement(members()).home_of(&alice).unwrap().id.clone();
        let mut lending = members();
        let borrower = lending
            .iter()
            .find(|member| member.id != owner)
            .unwrap()
            .id
            .clone();
        let lender = lending.iter_mut().find(|member| member.id == owner).unwrap();
        lender.lent.insert(Slot::of(&alice), borrower.clone());
        let place = Place::new(&alice, &placement(lending));
        assert_eq!(place.home.as_deref(), Some(borrower.as_str()));
        assert_eq!(place.lent_by.as_deref(), Some(owner.as_str()));
        assert!(place.home_text().contains(&format!("lent by {owner}")));
    }

    #[test]
    fn who_is_first_in_the_ring_may_have_no_room() {
        // With three, everybody happens to have room.
        let ten = (0..10).map(|number| Member {
            id: format!("home-{number}").as_str().into(),
            ..members()[0].clone()
        });
        let placement = placement(ten.collect());
        let ring = placement.ring_order();
        let is_passed_over = |person: &Principal| {
            let slot = Slot::of(person);
            placement
                .home_of_slot(slot)
                .is_some_and(|home| ring.of(slot).first() != Some(&home.id))
        };
        let person = (0..10_000)
            .map(|number| Principal::from_address(&format!("person{number}@im.example.com")).unwrap())
            .find(is_passed_over)
            .expect("the bound moves some slots");
        let place = Place::new(&person, &placement);
        let said = format!("{} has its share without it", place.ring_order[0]);
        assert!(place.home_text().contains(&said), "{}", place.home_text());
    }
}
