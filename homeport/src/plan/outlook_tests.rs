use super::*;
use membership::{Member, Members, Phase, SLOTS};
use std::sync::Arc;

fn placement(ids: &[&str]) -> Placement {
    let member = |id: &&str| Member {
        phase: Phase::Active,
        ..Member::new((*id).into(), "127.0.0.1:7400", "core", 6_000)
    };
    Placement::new(Arc::new(Members::new(1, ids.iter().map(member))))
}

/// One person in each slot, two in every tenth.
fn online() -> Vec<u32> {
    (0..u32::from(SLOTS))
        .map(|slot| 1 + u32::from(slot % 10 == 0))
        .collect()
}

#[test]
fn what_moves_is_what_has_another_home_afterwards() {
    let (before, after, online) = (placement(&["a", "b"]), placement(&["a", "b", "c"]), online());
    let outlook = Outlook::new(&before, &after, &online);
    let gone: Vec<Slot> = Slot::all()
        .filter(|slot| before.home_of_slot(*slot).unwrap().id != after.home_of_slot(*slot).unwrap().id)
        .collect();
    let users: u64 = gone
        .iter()
        .map(|slot| u64::from(online[usize::from(slot.number())]))
        .sum();
    assert_eq!(
        (outlook.slots_moved, outlook.users_moved),
        (gone.len() as u64, users)
    );
    let to_c = gone
        .iter()
        .filter(|slot| after.home_of_slot(**slot).unwrap().id.as_str() == "c");
    let told = outlook.moves.iter().filter(|flow| flow.to == "c");
    assert_eq!(told.map(|flow| flow.slots).sum::<u64>(), to_c.count() as u64);
    assert!(
        outlook
            .moves
            .iter()
            .all(|flow| flow.from != "c" && flow.from != flow.to)
    );
}

#[test]
fn nothing_and_nobody_is_lost_in_the_sums() {
    let (before, after, online) = (placement(&["a", "b", "c"]), placement(&["a", "b"]), online());
    let outlook = Outlook::new(&before, &after, &online);
    let everybody: u64 = online.iter().copied().map(u64::from).sum();
    for shares in [
        outlook
            .members
            .iter()
            .filter_map(|fill| fill.before)
            .collect::<Vec<_>>(),
        outlook.members.iter().filter_map(|fill| fill.after).collect(),
    ] {
        assert_eq!(
            shares.iter().map(|share| share.slots).sum::<u64>(),
            u64::from(SLOTS)
        );
        assert_eq!(shares.iter().map(|share| share.users).sum::<u64>(), everybody);
    }
    let c = outlook.members.iter().find(|fill| fill.id == "c").unwrap();
    let from_c: u64 = outlook
        .moves
        .iter()
        .filter(|flow| flow.from == "c")
        .map(|flow| flow.slots)
        .sum();
    assert_eq!((c.before.unwrap().slots, c.after), (from_c, None));
}

#[test]
fn who_would_have_too_many_people_is_named() {
    // 18,023 people are too many for two who let 6,000 in each, and just enough for none of three.
    let outlook = Outlook::new(
        &placement(&["a", "b", "c", "d"]),
        &placement(&["a", "b"]),
        &online(),
    );
    assert_eq!(
        outlook.over().map(|fill| fill.id.as_str()).collect::<Vec<_>>(),
        ["a", "b"]
    );
    let four = Outlook::new(
        &placement(&["a", "b"]),
        &placement(&["a", "b", "c", "d"]),
        &online(),
    );
    assert_eq!(four.over().count(), 0);
    assert!(four.members[0].before.unwrap().over_capacity);
}
