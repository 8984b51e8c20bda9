//! How evenly people are spread, and how few move when the members change: the two promises of placement.

use placement::{Assignment, Member, Members, Phase, Placement, SLOTS, Slot};
use std::sync::Arc;

fn member(id: &str, capacity: u32) -> Member {
    Member {
        phase: Phase::Active,
        ..Member::new(id.into(), "127.0.0.1:7400", "core", capacity)
    }
}

fn set(prefix: &str, homes: usize) -> Vec<Member> {
    (1..=homes)
        .map(|n| member(&format!("{prefix}{n}"), 10_000))
        .collect()
}

/// The owner of every slot, by id.
fn owners(members: &[Member]) -> Vec<String> {
    let placement = Placement::new(Arc::new(Members::new(1, members.to_vec())));
    let owner = |slot| placement.home_of_slot(slot).map(|home| home.id.to_string());
    Slot::all()
        .map(|slot| owner(slot).expect("every slot has an owner"))
        .collect()
}

fn assert_balanced(members: &[Member], owners: &[String]) {
    let total: f64 = members.iter().map(|member| f64::from(member.capacity)).sum();
    let mut load = std::collections::HashMap::<&str, f64>::new();
    for owner in owners {
        *load.entry(owner).or_default() += 1.0;
    }
    for member in members {
        let even = f64::from(SLOTS) * f64::from(member.capacity) / total;
        let held = load.get(member.id.as_str()).copied().unwrap_or_default();
        assert!(
            held < 1.05 * even + 1.0,
            "{} of {}: {held} slots, even {even}",
            member.id,
            members.len()
        );
    }
}

/// Slots that changed hands between two sets, over those that had to because `changing` is only in one of them.
fn movement(with: &[String], without: &[String], changing: &str) -> f64 {
    let moved = with.iter().zip(without).filter(|(a, b)| a != b).count();
    let needed = with.iter().filter(|owner| *owner == changing).count();
    moved as f64 / needed as f64
}

/// Grows a set one by one and looks at every step. A step is a joining one way and a leaving the other way.
fn assert_grows_well(prefix: &str, sizes: std::ops::RangeInclusive<usize>) {
    let all = set(prefix, *sizes.end());
    let mut before = owners(&all[..sizes.start() - 1]);
    for size in sizes {
        let now = owners(&all[..size]);
        assert_balanced(&all[..size], &now);
        let moved = movement(&now, &before, all[size - 1].id.as_str());
        assert!(
            moved <= 1.3,
            "{prefix}{size} joins or leaves: {moved:.3} of what must move"
        );
        before = now;
    }
}

#[test]
fn two_to_forty_members_are_balanced_and_move_little() {
    assert_grows_well("home-", 2..=40);
}

#[test]
fn forty_to_seventy_members_are_balanced_and_move_little() {
    assert_grows_well("home-", 41..=70);
}

#[test]
fn seventy_to_a_hundred_members_are_balanced_and_move_little() {
    assert_grows_well("home-", 71..=100);
}

#[test]
fn other_names_do_as_well() {
    assert_grows_well("eu-central.mail-", 2..=12);
    assert_grows_well("h", 60..=64);
    assert_grows_well("rack7-", 98..=100);
}

#[test]
fn any_member_may_be_the_one_that_leaves() {
    for (homes, leaving) in [(3, 1), (8, 5), (30, 7), (60, 31), (100, 50)] {
        let with = set("home-", homes);
        let mut without = with.clone();
        let gone = without.remove(leaving - 1);
        let moved = movement(&owners(&with), &owners(&without), gone.id.as_str());
        assert!(
            moved <= 1.3,
            "{} of {homes} leaves: {moved:.3} of what must move",
            gone.id
        );
    }
}

#[test]
fn draining_moves_what_leaving_moves() {
    let mut members = set("home-", 6);
    let left: Vec<Member> = members
        .iter()
        .filter(|member| member.id.as_str() != "home-3")
        .cloned()
        .collect();
    members[2].phase = Phase::Draining;
    assert_eq!(owners(&members), owners(&left));
}

#[test]
fn members_of_unequal_capacity_are_balanced_and_move_little() {
    for capacities in [[10_000, 5_000], [10_000, 2_000], [8_000, 7_000], [60, 40]] {
        let mut members = set("home-", 24);
        for (member, capacity) in members.iter_mut().zip(capacities.iter().cycle()) {
            member.capacity = *capacity;
        }
        let with = owners(&members);
        assert_balanced(&members, &with);
        for leaving in [0, 1] {
            let mut without = members.clone();
            let gone = without.remove(leaving);
            let moved = movement(&with, &owners(&without), gone.id.as_str());
            assert!(
                moved <= 1.3,
                "{capacities:?}: {} leaves, {moved:.3} of what must move",
                gone.id
            );
        }
    }
}

#[test]
fn nobody_changes_hands_when_nothing_changed_but_the_epoch() {
    let assignment = |epoch| Assignment::compute(&Members::new(epoch, set("home-", 5)));
    assert_eq!(assignment(1), assignment(2));
}
