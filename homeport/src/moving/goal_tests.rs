use super::*;
use crate::cluster::Unanswered;
use proto::operator::HomeLoad;

fn placement(phase: Phase, others: Phase) -> Placement {
    let member = |(id, phase): (&str, Phase)| Member {
        phase,
        ..Member::new(id.into(), "127.0.0.1:7400", "core", 10_000)
    };
    let members = [("home-1", phase), ("home-2", others), ("home-3", others)].map(member);
    Placement::new(Arc::new(Members::new(7, members)))
}

fn count(placement: &Placement, id: &str) -> u32 {
    u32::try_from(placement.slots_of(&id.into()).len()).unwrap()
}

/// Everybody serves what this placement gives them, with one person in each slot of these.
fn loads(placement: &Placement, people: &[Slot]) -> Loads {
    let load = |member: &Member| {
        let slots = placement.slots_of(&member.id);
        let online_by_slot: Vec<(u16, u32)> = people
            .iter()
            .filter(|slot| slots.contains(slot))
            .map(|slot| (slot.number(), 1))
            .collect();
        let load = HomeLoad {
            online: u32::try_from(online_by_slot.len()).unwrap(),
            slots: u32::try_from(slots.len()).unwrap(),
            online_by_slot,
            ..HomeLoad::default()
        };
        (member.id.to_string(), Ok(load))
    };
    placement.members().iter().map(load).collect()
}

fn change(loads: &mut Loads, id: &str, change: impl FnOnce(&mut HomeLoad)) {
    change(loads.get_mut(id).unwrap().as_mut().unwrap());
}

fn home_1(placement: &Placement) -> &Member {
    placement.members().get(&"home-1".into()).unwrap()
}

#[test]
fn a_drain_is_done_when_the_others_serve_everything() {
    let (before, after) = (
        placement(Phase::Active, Phase::Active),
        placement(Phase::Draining, Phase::Active),
    );
    let whole = count(&before, "home-1");
    let people: Vec<Slot> = before.slots_of(&"home-1".into()).into_iter().take(5).collect();
    let started = loads(&before, &people);
    let goal = Goal::new(home_1(&before), Towards::Others, &before, &started);
    assert_eq!(goal.slots(), u64::from(whole));

    let told_nobody = goal.look(&before, &started).unwrap();
    assert_eq!((told_nobody.slots_moved, told_nobody.users_left), (0, 5));
    assert_eq!(told_nobody.missing, ["home-1 is still active"]);

    // All know, nobody has moved.
    let began = goal.look(&after, &started).unwrap();
    assert_eq!(
        (began.slots_moved, began.users_moved, began.users_left),
        (0, 0, 5)
    );
    assert!(
        began
            .missing
            .contains(&format!("home-1 has yet to give {whole} slots away")),
        "{began:?}"
    );

    // It has given everything away, and one of the others lacks ten.
    let mut nearly = loads(&after, &people);
    change(&mut nearly, "home-3", |load| load.slots -= 10);
    let picture = goal.look(&after, &nearly).unwrap();
    assert_eq!(picture.missing, ["home-3 has yet to take 10 slots over"]);
    assert_eq!(
        (picture.slots_moved, picture.users_moved),
        (u64::from(whole) - 10, 5)
    );
    assert_eq!(picture.users_left, 0);

    let done = goal.look(&after, &loads(&after, &people)).unwrap();
    assert!(done.is_reached(), "{done:?}");
    assert_eq!(
        done.text(),
        format!("{whole}/{whole} slots, 5 people moved, 0 left")
    );
}

#[test]
fn a_drain_waits_for_messages_and_for_who_does_not_answer() {
    let (before, after) = (
        placement(Phase::Active, Phase::Active),
        placement(Phase::Draining, Phase::Active),
    );
    let goal = Goal::new(home_1(&before), Towards::Others, &before, &loads(&before, &[]));
    let mut seen = loads(&after, &[]);
    change(&mut seen, "home-1", |load| load.messages_in_flight = 2);
    assert_eq!(
        goal.look(&after, &seen).unwrap().missing,
        ["2 messages of home-1 wait for their clients"]
    );
    // Of others they are no matter.
    let mut seen = loads(&after, &[]);
    change(&mut seen, "home-2", |load| load.messages_in_flight = 2);
    assert!(goal.look(&after, &seen).unwrap().is_reached());
    seen.insert("home-3".to_owned(), Err(Unanswered::Late));
    assert_eq!(
        goal.look(&after, &seen).unwrap().missing,
        ["home-3 does not answer (no answer in 3 s)"]
    );
}

#[test]
fn when_everybody_drains_nobody_is_empty() {
    let before = placement(Phase::Active, Phase::Active);
    let goal = Goal::new(home_1(&before), Towards::Others, &before, &loads(&before, &[]));
    let nobody = placement(Phase::Draining, Phase::Draining);
    let picture = goal.look(&nobody, &loads(&nobody, &[])).unwrap();
    assert_eq!(picture.missing, ["no other member is active any more"]);
}

#[test]
fn who_has_left_is_not_watched() {
    let before = placement(Phase::Active, Phase::Active);
    let goal = Goal::new(home_1(&before), Towards::Others, &before, &loads(&before, &[]));
    let others = before
        .members()
        .iter()
        .filter(|member| member.id.as_str() != "home-1");
    let left = Placement::new(Arc::new(Members::new(8, others.cloned())));
    assert_eq!(goal.look(&left, &loads(&left, &[])), None);
}

#[test]
fn a_drain_that_was_begun_before_has_what_is_left_to_move() {
    let draining = placement(Phase::Draining, Phase::Active);
    let mut seen = loads(&draining, &[]);
    change(&mut seen, "home-1", |load| (load.slots, load.online) = (40, 3));
    let goal = Goal::new(home_1(&draining), Towards::Others, &draining, &seen);
    assert_eq!(goal.slots(), 40);
    let picture = goal.look(&draining, &seen).unwrap();
    assert_eq!(
        (picture.slots_moved, picture.users_moved, picture.users_left),
        (0, 0, 3)
    );
    let done = goal.look(&draining, &loads(&draining, &[])).unwrap();
    assert!(done.is_reached());
    assert_eq!((done.slots_moved, done.users_moved), (40, 3));
}

#[test]
fn an_undrain_is_done_when_the_member_serves_its_share_again() {
    let (before, after) = (
        placement(Phase::Draining, Phase::Active),
        placement(Phase::Active, Phase::Active),
    );
    let share = count(&after, "home-1");
    let people: Vec<Slot> = after.slots_of(&"home-1".into()).into_iter().take(4).collect();
    let started = loads(&before, &people);
    let goal = Goal::new(home_1(&before), Towards::Itself, &before, &started);
    assert_eq!(goal.slots(), u64::from(share));
    let picture = goal.look(&before, &started).unwrap();
    assert_eq!(picture.missing, ["home-1 is still draining"]);
    assert_eq!(
        (picture.slots_moved, picture.users_moved, picture.users_left),
        (0, 0, 4)
    );
    let half = goal.look(&after, &started).unwrap();
    assert_eq!(half.slots_moved, 0);
    assert!(
        half.missing
            .contains(&format!("home-1 has yet to take {share} slots over"))
    );
    let done = goal.look(&after, &loads(&after, &people)).unwrap();
    assert!(done.is_reached(), "{done:?}");
    assert_eq!(
        (done.slots_moved, done.users_moved, done.users_left),
        (u64::from(share), 4, 0)
    );
    // Again is no mistake, and moves nothing.
    let again = Goal::new(home_1(&after), Towards::Itself, &after, &loads(&after, &people));
    assert_eq!(again.slots(), 0);
    let again = again.look(&after, &loads(&after, &people)).unwrap();
    assert!(again.is_reached() && again.users_moved == 0);
}
