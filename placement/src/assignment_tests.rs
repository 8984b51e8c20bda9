use super::*;
use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};
use std::collections::BTreeMap;

fn member(id: String, capacity: u32, phase: Phase) -> Member {
    Member {
        phase,
        ..Member::new(id.as_str().into(), "127.0.0.1:7400", "core", capacity)
    }
}

/// Slots owned by each member, in order of ids; every slot has at most one owner by construction.
fn loads(members: &Members) -> Vec<u64> {
    let assignment = Assignment::compute(members);
    let mut loads = vec![0; members.len()];
    for owner in Slot::all().filter_map(|slot| assignment.owner(slot)) {
        loads[usize::from(owner)] += 1;
    }
    loads
}

/// What the module promises as the bound: 1.05 of the even share among the receiving, and less than one slot.
fn bound(member: &Member, receiving: &[&Member]) -> u64 {
    let total: u64 = receiving.iter().map(|member| u64::from(member.capacity)).sum();
    (105 * u64::from(SLOTS) * u64::from(member.capacity)).div_ceil(100 * total)
}

fn any_phase() -> impl Strategy<Value = Phase> {
    prop_oneof![Just(Phase::Joining), Just(Phase::Active), Just(Phase::Draining)]
}

fn any_members() -> impl Strategy<Value = Vec<Member>> {
    let capacity = prop_oneof![Just(10_000_u32), 1..10_000_u32, Just(u32::MAX), Just(0)];
    proptest::collection::btree_map("[a-z0-9]{1,6}", (capacity, any_phase()), 0..12).prop_map(|by_id| {
        by_id
            .into_iter()
            .map(|(id, (capacity, phase))| member(id, capacity, phase))
            .collect()
    })
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(24))]

    #[test]
    fn the_order_in_which_members_are_known_does_not_matter(
        (members, shuffled) in any_members().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
    ) {
        let (one, other) = (Members::new(1, members), Members::new(9, shuffled));
        prop_assert_eq!(Assignment::compute(&one), Assignment::compute(&other));
    }

    #[test]
    fn every_slot_has_an_owner_that_may_have_it_and_nobody_has_more_than_their_room(all in any_members()) {
        let members = Members::new(1, all);
        let able = |member: &&Member| member.capacity > 0;
        let staying = |member: &&Member| member.phase != Phase::Draining;
        let mut receiving: Vec<&Member> = members.iter().filter(able).filter(staying).collect();
        if receiving.is_empty() {
            receiving = members.iter().filter(able).collect();
        }
        let loads = loads(&members);
        prop_assert_eq!(loads.iter().sum::<u64>(), if receiving.is_empty() { 0 } else { u64::from(SLOTS) });
        for (member, load) in members.iter().zip(loads) {
            if receiving.contains(&member) {
                prop_assert!(load <= bound(member, &receiving), "{} owns {}", member.id, load);
            } else {
                prop_assert_eq!(load, 0, "{} may own nothing", member.id);
            }
        }
    }
}

/// Members of a small world, so that loans meet: chains, circles, loans to oneself, to those who are not there or
/// drain, and of slots that somebody else owns.
fn any_lenders() -> impl Strategy<Value = Vec<Member>> {
    let capacity = prop_oneof![4 => Just(10_000_u32), 1 => Just(0)];
    let phase = prop_oneof![3 => Just(Phase::Active), 1 => Just(Phase::Draining)];
    let members = proptest::collection::btree_map("[a-e]", (capacity, phase), 1..6);
    let loans = proptest::collection::vec(("[a-e]", 0..6_u16, "[a-f]"), 0..60);
    (members, loans).prop_map(|(members, loans)| {
        let mut members: Vec<Member> = members
            .into_iter()
            .map(|(id, (capacity, phase))| member(id, capacity, phase))
            .collect();
        for (from, number, to) in loans {
            let lender = members.iter_mut().find(|member| member.id.as_str() == from);
            if let (Some(lender), Some(slot)) = (lender, Slot::new(number)) {
                lender.lent.insert(slot, to.as_str().into());
            }
        }
        members
    })
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]

    #[test]
    fn loans_give_every_slot_to_the_last_of_its_chain_and_move_no_other(
        (lenders, shuffled) in any_lenders().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
    ) {
        let bare = lenders.iter().cloned().map(|member| Member { lent: BTreeMap::new(), ..member });
        let (base, members) = (Members::new(1, bare), Members::new(1, lenders));
        let (before, after) = (Assignment::compute(&base), Assignment::compute(&members));
        prop_assert_eq!(&after, &Assignment::compute(&Members::new(2, shuffled)));
        let receiving: Vec<u16> = receivers(&members).iter().map(|receiver| receiver.position).collect();
        for slot in Slot::all() {
            let (Some(dealt), Some(owner)) = (before.owner(slot), after.owner(slot)) else {
                prop_assert!(receiving.is_empty());
                continue;
            };
            // The chain as loans say it, however long: whoever is met twice closes it.
            let mut chain = vec![dealt];
            loop {
                let last = members.at(chain[chain.len() - 1]).unwrap();
                let next = last.lent.get(&slot).and_then(|to| members.position(to));
                match next.filter(|next| receiving.contains(next) && !chain.contains(next)) {
                    Some(next) => chain.push(next),
                    None => break,
                }
            }
            prop_assert_eq!(Some(&owner), chain.last(), "slot {}", slot);
        }
    }
}

#[test]
fn a_single_member_owns_everything() {
    let alone = Members::new(1, [member("home-1".into(), 1, Phase::Joining)]);
    assert_eq!(loads(&alone), [u64::from(SLOTS)]);
}

#[test]
fn if_all_are_draining_they_keep_serving() {
    let both = |phase| Members::new(1, ["a", "b"].map(|id| member(id.into(), 10_000, phase)));
    let draining = Assignment::compute(&both(Phase::Draining));
    assert_eq!(draining, Assignment::compute(&both(Phase::Active)));
}

#[test]
fn only_capacity_and_drain_matter_to_who_owns_what() {
    let set = |address: &str, phase| {
        let mut members = ["a", "b", "c"].map(|id| member(id.into(), 10_000, phase));
        members[0].address = address.into();
        members[1].zone = address.into();
        Members::new(1, members)
    };
    let before = Assignment::compute(&set("127.0.0.1:1", Phase::Joining));
    assert_eq!(before, Assignment::compute(&set("127.0.0.1:2", Phase::Active)));
}

#[test]
fn small_capacities_are_shared_as_well_as_large_ones() {
    // A trial runs with a cap of 50: the same shares as with 10,000, because only proportions count.
    let set = |capacity: u32| {
        Members::new(
            1,
            (1..=6).map(|n| member(format!("home-{n}"), capacity, Phase::Active)),
        )
    };
    assert_eq!(Assignment::compute(&set(50)), Assignment::compute(&set(10_000)));
}

#[test]
fn a_boundless_capacity_makes_a_bounded_ring() {
    let members = Members::new(1, [member("a".into(), u32::MAX, Phase::Active)]);
    let ring = ring(&receivers(&members));
    assert_eq!(u64::try_from(ring.vnodes()).unwrap(), VIRTUAL_NODES_MAX);
}

#[test]
fn the_ring_keeps_every_virtual_node() {
    let set = Members::new(
        1,
        (0..5).map(|n| member(format!("home-{n}"), 10_000, Phase::Active)),
    );
    let receivers = receivers(&set);
    assert_eq!(
        u64::try_from(ring(&receivers).vnodes()).unwrap(),
        5 * VIRTUAL_NODES_PER_UNIT
    );
    let stretches = stretches(&receivers);
    assert!(stretches.is_sorted_by_key(|stretch| stretch.end));
    assert_eq!(stretches.last().map(|stretch| stretch.end), Some(u64::MAX));
}

#[test]
fn no_more_members_receive_slots_than_there_are_slots() {
    let crowd = Members::new(
        1,
        (0..=SLOTS).map(|n| member(format!("{n:05}"), 1, Phase::Active)),
    );
    let receivers = receivers(&crowd);
    assert_eq!(receivers.len(), usize::from(SLOTS));
    assert!(receivers.iter().all(|receiver| receiver.position != NOBODY));
    assert!(rooms(&receivers).iter().sum::<u64>() >= u64::from(SLOTS));
}
