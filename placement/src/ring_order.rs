//! To whom slots would fall, one after the other: for whoever lends a slot, and for people who ask.

use crate::assignment::{Stretch, position, receivers, stretches};
use crate::{MemberId, Members, Slot};

/// The ring of a set of members. Takes some milliseconds to make.
pub struct RingOrder {
    ring: Vec<Stretch>,
    ids: Vec<MemberId>,
}

impl RingOrder {
    pub(crate) fn new(members: &Members) -> Self {
        let receivers = receivers(members);
        let ring = if receivers.is_empty() {
            Vec::new()
        } else {
            stretches(&receivers)
        };
        let ids = receivers
            .iter()
            .map(|receiver| receiver.member.id.clone())
            .collect();
        Self { ring, ids }
    }

    /// Everybody who may own slots, each once, in the order in which this slot would fall to them clockwise. The
    /// first of them that has room owns it, unless it is lent.
    #[must_use]
    pub fn of(&self, slot: Slot) -> Vec<MemberId> {
        let start = self.ring.partition_point(|stretch| stretch.end < position(slot));
        let clockwise = self.ring[start..].iter().chain(&self.ring[..start]);
        let mut order: Vec<usize> = Vec::with_capacity(self.ids.len());
        for stretch in clockwise {
            if order.len() == self.ids.len() {
                break;
            }
            if !order.contains(&stretch.receiver) {
                order.push(stretch.receiver);
            }
        }
        order
            .into_iter()
            .map(|receiver| self.ids[receiver].clone())
            .collect()
    }
}

impl std::fmt::Debug for RingOrder {
    /// Not thousands of stretches.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RingOrder")
            .field("ids", &self.ids)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Member, Phase, Placement};
    use std::collections::BTreeSet;
    use std::sync::Arc;

    #[test]
    fn it_names_everybody_once_and_mostly_the_owner_first() {
        let member = |n: u16| Member {
            phase: if n == 5 { Phase::Draining } else { Phase::Active },
            ..Member::new(
                format!("home-{n}").as_str().into(),
                "127.0.0.1:7400",
                "core",
                10_000,
            )
        };
        let placement = Placement::new(Arc::new(Members::new(1, (1..=5).map(member))));
        let ring = placement.ring_order();
        let mut first = 0;
        for slot in Slot::all() {
            let order = ring.of(slot);
            let distinct: BTreeSet<&MemberId> = order.iter().collect();
            assert_eq!(
                (order.len(), distinct.len()),
                (4, 4),
                "the draining one has no slots"
            );
            let owner = placement.home_of_slot(slot).unwrap();
            assert!(order.contains(&owner.id));
            first += usize::from(order[0] == owner.id);
        }
        assert!(
            first > Slot::all().len() * 8 / 10,
            "{first} have the first for an owner"
        );
    }

    #[test]
    fn without_members_there_is_no_order() {
        assert_eq!(RingOrder::new(&Members::default()).of(Slot::new(1).unwrap()), []);
    }
}
