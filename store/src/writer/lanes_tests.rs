use super::super::pace::{MUCH, MUCH_BULK, PACE};
use super::*;
use allocation_counter::measure;
use proptest::prelude::*;
use rvp::{Principal, SubscriptionId};
use std::time::SystemTime;
use tokio::sync::oneshot;

/// A submission that is known by the display name or the subscription of this number.
fn submission(kind: Kind, number: u32) -> Submission {
    let write = |change| Write {
        principal: Principal::from_address("alice@im.example.com").unwrap(),
        slot: 1,
        epoch: u64::from(number),
        change,
    };
    let hasty = write(Change::PutDisplayName(String::new()));
    let bulk = write(Change::RemoveSubscription(SubscriptionId::new(1).unwrap()));
    let writes = match kind {
        Kind::Hasty => vec![hasty],
        Kind::Bulk => vec![bulk],
        Kind::Mixed => vec![hasty, bulk],
    };
    let (outcome, _) = oneshot::channel();
    Submission { writes, outcome }
}

fn numbers(group: &Group) -> Vec<u64> {
    group.writes.iter().map(|write| write.epoch).collect()
}

fn now() -> Instant {
    Instant::now()
}

fn push(lanes: &mut Lanes, kind: Kind, number: u32) {
    lanes.push(submission(kind, number), now());
}

fn filled(kinds: &[Kind]) -> Lanes {
    let mut lanes = Lanes::new();
    for (number, kind) in (0..).zip(kinds) {
        push(&mut lanes, *kind, number);
    }
    lanes
}

/// Begins whatever can be begun now.
fn begin(lanes: &mut Lanes) -> Vec<Group> {
    begin_at(lanes, now())
}

fn begin_at(lanes: &mut Lanes, now: Instant) -> Vec<Group> {
    std::iter::from_fn(|| lanes.begin(now)).collect()
}

fn shown(groups: &[Group]) -> Vec<Vec<u64>> {
    groups.iter().map(numbers).collect()
}

#[test]
fn what_is_hasty_is_written_beside_bulk_that_came_before() {
    let mut lanes = filled(&[Kind::Bulk, Kind::Bulk, Kind::Hasty]);
    assert_eq!(shown(&begin(&mut lanes)), [vec![2], vec![0, 1]]);
    push(&mut lanes, Kind::Hasty, 3);
    push(&mut lanes, Kind::Bulk, 4);
    assert!(begin(&mut lanes).is_empty(), "one of each at a time");
}

#[test]
fn bulk_waits_for_what_is_hasty_and_came_before() {
    let mut lanes = filled(&[Kind::Hasty, Kind::Bulk]);
    let groups = begin(&mut lanes);
    assert_eq!(shown(&groups), [[0]]);
    lanes.end(&groups[0]);
    assert_eq!(shown(&begin(&mut lanes)), [[1]]);
}

#[test]
fn nothing_is_written_beside_what_is_both_or_nothing() {
    let mut lanes = filled(&[Kind::Bulk, Kind::Mixed, Kind::Hasty, Kind::Bulk]);
    let groups = begin(&mut lanes);
    assert_eq!(shown(&groups), [[0, 1, 1, 2, 3]]);
    push(&mut lanes, Kind::Hasty, 4);
    assert!(begin(&mut lanes).is_empty());
    lanes.end(&groups[0]);
    assert_eq!(shown(&begin(&mut lanes)), [[4]]);

    let mut lanes = filled(&[Kind::Hasty]);
    let groups = begin(&mut lanes);
    let (outcome, _) = oneshot::channel();
    let writes = Vec::new();
    lanes.push(Submission { writes, outcome }, now());
    push(&mut lanes, Kind::Hasty, 1);
    assert!(begin(&mut lanes).is_empty());
    lanes.end(&groups[0]);
    assert_eq!(shown(&begin(&mut lanes)), [[1]], "behind the one without writes");
}

#[test]
fn once_a_barrier_is_written_haste_is_possible_again() {
    let mut lanes = filled(&[Kind::Mixed]);
    let groups = begin(&mut lanes);
    lanes.end(&groups[0]);
    push(&mut lanes, Kind::Bulk, 1);
    push(&mut lanes, Kind::Hasty, 2);
    assert_eq!(shown(&begin(&mut lanes)), [[2], [1]]);
}

#[test]
fn who_is_told_that_nothing_is_written_holds_nobody_up() {
    let mut lanes = filled(&[Kind::Mixed, Kind::Hasty, Kind::Mixed]);
    assert_eq!(lanes.take().count(), 3);
    push(&mut lanes, Kind::Bulk, 0);
    push(&mut lanes, Kind::Hasty, 1);
    assert_eq!(shown(&begin(&mut lanes)), [[1], [0]]);
}

/// A renewal of a login that is held back, and behind a barrier something that makes the same login anew.
#[test]
fn renewals_go_before_what_nothing_overtakes() {
    let mut lanes = Lanes::new();
    for change in [
        Change::RenewLogin(SubscriptionId::new(1).unwrap(), SystemTime::UNIX_EPOCH),
        Change::RenewSubscription(SubscriptionId::new(1).unwrap(), SystemTime::UNIX_EPOCH),
    ] {
        let mut renewal = submission(Kind::Hasty, 7);
        renewal.writes[0].change = change;
        lanes.push(renewal, now());
    }
    assert!(begin(&mut lanes).is_empty());
    push(&mut lanes, Kind::Mixed, 1);
    let groups = begin(&mut lanes);
    assert_eq!(shown(&groups), [[7, 7, 1, 1]]);
    assert_eq!(groups[0].renewals, 2);
    assert_eq!(lanes.due(now()), None);
}

#[test]
fn beside_haste_little_bulk_goes_at_once_and_in_calm_much() {
    let mut lanes = filled(&[Kind::Bulk; 4 * GROUP_SUBMISSIONS_MAX]);
    let next = |hasty: usize, lanes: &mut Lanes| {
        let mut groups = begin(lanes);
        groups.iter().for_each(|group| lanes.end(group));
        assert_eq!(groups.len(), hasty + 1);
        let taken = groups.pop().unwrap().writes.len();
        // Refilled, so that there is always more than fits.
        (0..taken).for_each(|_| push(lanes, Kind::Bulk, 0));
        taken
    };
    assert_eq!(next(0, &mut lanes), GROUP_SUBMISSIONS_MAX);
    push(&mut lanes, Kind::Hasty, 0);
    for group in 0..GROUPS_UNTIL_CALM {
        let hasty = usize::from(group == 0);
        assert_eq!(next(hasty, &mut lanes), BULK_BESIDE_HASTY_MAX);
    }
    assert_eq!(next(0, &mut lanes), GROUP_SUBMISSIONS_MAX);
}

/// Somebody's login, which may wait a moment for others.
fn login(number: u32) -> Submission {
    patiently(Kind::Hasty, number)
}

/// The same of any kind.
fn patiently(kind: Kind, number: u32) -> Submission {
    let mut submission = submission(kind, number);
    for write in &mut submission.writes {
        if !is_bulk(&write.change) {
            write.change = Change::RemoveLogin(SubscriptionId::new(1).unwrap());
        }
    }
    submission
}

/// Writes so many logins from this time on.
fn log_ons(lanes: &mut Lanes, count: usize, now: Instant) {
    for _ in 0..count {
        lanes.push(login(0), now);
    }
    let groups = begin_at(lanes, now);
    groups.iter().for_each(|group| lanes.end(group));
    assert_eq!(groups.len(), 1);
}

#[test]
fn where_much_comes_the_next_waits_for_more() {
    let (mut lanes, now) = (Lanes::new(), now());
    log_ons(&mut lanes, MUCH, now);
    assert!(lanes.push(login(1), now), "to know when its turn is");
    assert!(begin_at(&mut lanes, now).is_empty());
    assert_eq!(lanes.due(now), Some(now + PACE));
    assert!(!lanes.push(login(2), now + PACE / 2), "of which nothing follows");
    assert!(begin_at(&mut lanes, now + PACE / 2).is_empty());
    let groups = begin_at(&mut lanes, now + PACE);
    assert_eq!(shown(&groups), [[1, 2]]);
    lanes.end(&groups[0]);
    // That was little.
    lanes.push(login(3), now + PACE);
    assert_eq!(shown(&begin_at(&mut lanes, now + PACE)), [[3]]);
}

#[test]
fn many_small_groups_within_a_moment_are_much() {
    let (mut lanes, now) = (Lanes::new(), now());
    (1..MUCH).for_each(|_| log_ons(&mut lanes, 1, now));
    log_ons(&mut lanes, 1, now + PACE / 2);
    lanes.push(login(1), now + PACE / 2);
    assert!(begin_at(&mut lanes, now + PACE).is_empty());
    assert_eq!(shown(&begin_at(&mut lanes, now + PACE / 2 + PACE)), [[1]]);
}

#[test]
fn what_is_not_of_a_log_on_waits_for_nothing_and_takes_along_what_waits() {
    for (impatient, written) in [(Kind::Hasty, vec![vec![1, 2]]), (Kind::Mixed, vec![vec![1]])] {
        let (mut lanes, now) = (Lanes::new(), now());
        log_ons(&mut lanes, MUCH, now);
        lanes.push(login(1), now);
        assert!(lanes.push(submission(impatient, 2), now));
        assert_eq!(shown(&begin_at(&mut lanes, now)), written);
    }
}

#[test]
fn at_the_end_nothing_waits_for_more() {
    let (mut lanes, now) = (Lanes::new(), now());
    log_ons(&mut lanes, MUCH, now);
    lanes.push(login(1), now);
    lanes.hurry(now);
    assert_eq!(shown(&begin_at(&mut lanes, now)), [[1]]);
}

/// Who logs on alone, and watches as many as most do, does not wait, nor does the next.
#[test]
fn the_contacts_of_one_are_not_much() {
    let (mut lanes, now) = (Lanes::new(), now());
    for _ in 0..MUCH_BULK - 1 {
        lanes.push(submission(Kind::Bulk, 0), now);
    }
    let groups = begin_at(&mut lanes, now);
    groups.iter().for_each(|group| lanes.end(group));
    lanes.push(submission(Kind::Bulk, 1), now + PACE / 2);
    assert_eq!(shown(&begin_at(&mut lanes, now + PACE / 2)), [[1]]);
}

/// Else whoever begins groups would look again and again.
#[test]
fn what_waits_for_the_other_lane_has_no_turn_of_its_own() {
    let (mut lanes, now) = (Lanes::new(), now());
    for _ in 0..MUCH_BULK {
        lanes.push(submission(Kind::Bulk, 0), now);
    }
    let groups = begin_at(&mut lanes, now);
    groups.iter().for_each(|group| lanes.end(group));
    lanes.push(login(1), now + PACE);
    assert_eq!(shown(&begin_at(&mut lanes, now + PACE)), [[1]]);
    lanes.push(submission(Kind::Bulk, 2), now + PACE);
    assert!(begin_at(&mut lanes, now + PACE).is_empty());
    assert_eq!(lanes.due(now + PACE), None);
}

/// Many wait, and are written. What is left is room for [`ROOM_KEPT`] in each lane.
#[test]
fn a_storm_leaves_no_room_behind() {
    const STORM: usize = 16_384;
    let mut lanes = filled(&[Kind::Bulk; STORM]);
    lanes.calm = 0;
    (0..STORM).for_each(|_| push(&mut lanes, Kind::Hasty, 0));
    let mut written = 0;
    while lanes.len() > 0 {
        for group in begin(&mut lanes) {
            written += group.writes.len();
            lanes.end(&group);
        }
    }
    assert_eq!(written, 2 * STORM);
    let left = -measure(|| drop(lanes)).bytes_current;
    println!("{left} octets");
    assert!(left <= LEFT_MAX, "{left} octets");
}

/// Of the storm: it was some sixty times as much.
const LEFT_MAX: i64 = 32 * 1024;

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Hasty), Just(Kind::Bulk), Just(Kind::Mixed)]
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Submit(Kind),
    Begin,
    /// Ends one of those under way.
    End(usize),
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => kinds().prop_map(Act::Submit),
        1 => Just(Act::Begin),
        1 => (0_usize..2).prop_map(Act::End),
    ]
}

/// When a submission was begun and ended, and where in its group it was.
#[derive(Clone, Copy, Debug)]
struct Written {
    begun: usize,
    ended: usize,
}

proptest! {
    /// Whatever was submitted first has ended before the other begins, or stands before it in the same group; only
    /// what is hasty need not wait for what is bulk. And all are written.
    #[test]
    fn only_what_is_hasty_overtakes_and_only_what_is_bulk(
        acts in prop::collection::vec(acts(), 0..200),
        patient: bool,
    ) {
        let (mut lanes, mut under_way) = (Lanes::new(), Vec::<(usize, Group)>::new());
        let (mut kinds, mut written) = (Vec::new(), Vec::<(u64, Written)>::new());
        let finish = [Act::Begin, Act::End(0)].repeat(acts.len() + 1);
        let mut now = now();
        for (time, act) in acts.into_iter().chain(finish).enumerate() {
            now += PACE / 4;
            match act {
                Act::Submit(kind) => {
                    let number = u32::try_from(kinds.len()).unwrap();
                    lanes.push(if patient { patiently(kind, number) } else { submission(kind, number) }, now);
                    kinds.push(kind);
                }
                Act::Begin => {
                    let begun = begin_at(&mut lanes, now);
                    under_way.extend(begun.into_iter().map(|group| (time, group)));
                }
                Act::End(which) if which < under_way.len() => {
                    let (begun, group) = under_way.remove(which);
                    lanes.end(&group);
                    let mut numbers = numbers(&group);
                    numbers.dedup();
                    prop_assert!(numbers.is_sorted());
                    written.extend(numbers.iter().map(|number| (*number, Written { begun, ended: time })));
                }
                Act::End(_) => {}
            }
        }
        written.sort_by_key(|(number, _)| *number);
        prop_assert_eq!(written.len(), kinds.len());
        let kind = |number: u64| kinds[usize::try_from(number).unwrap()];
        for (later, its) in &written {
            for (earlier, before) in written.iter().filter(|(earlier, _)| earlier < later) {
                let together = before.begun == its.begun && before.ended == its.ended;
                let free = kind(*earlier) == Kind::Bulk && kind(*later) == Kind::Hasty;
                prop_assert!(free || together || before.ended < its.begun, "{} and {}", earlier, later);
            }
        }
    }
}
