use super::*;
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
    let bulk = write(Change::RenewSubscription(
        SubscriptionId::new(1).unwrap(),
        SystemTime::UNIX_EPOCH,
    ));
    let writes = match kind {
        Kind::Hasty => vec![hasty],
        Kind::Bulk => vec![bulk],
        Kind::Mixed => vec![hasty, bulk],
    };
    let (outcome, _) = oneshot::channel();
    Submission { writes, outcome }
}

fn numbers(group: &[Submission]) -> Vec<u64> {
    group
        .iter()
        .map(|submission| submission.writes[0].epoch)
        .collect()
}

fn filled(kinds: &[Kind]) -> Lanes {
    let mut lanes = Lanes::new();
    for (number, kind) in (0..).zip(kinds) {
        lanes.push(submission(*kind, number));
    }
    lanes
}

#[test]
fn what_is_hasty_overtakes_what_is_bulk() {
    let mut lanes = filled(&[Kind::Bulk, Kind::Bulk, Kind::Hasty]);
    assert_eq!(numbers(&lanes.group()), [2, 0, 1]);
}

#[test]
fn nothing_overtakes_what_is_both_or_nothing() {
    let mut lanes = filled(&[Kind::Bulk, Kind::Mixed, Kind::Hasty, Kind::Bulk]);
    assert_eq!(numbers(&lanes.group()), [0, 1, 2, 3]);
    let mut lanes = filled(&[Kind::Bulk]);
    let (outcome, _) = oneshot::channel();
    lanes.push(Submission {
        writes: Vec::new(),
        outcome,
    });
    lanes.push(submission(Kind::Hasty, 1));
    let last = lanes.group().pop().map(|last| last.writes.len());
    assert_eq!(last, Some(1), "the hasty one came behind");
}

#[test]
fn once_a_barrier_is_written_haste_is_possible_again() {
    let mut lanes = filled(&[Kind::Mixed]);
    lanes.group();
    lanes.push(submission(Kind::Bulk, 1));
    lanes.push(submission(Kind::Hasty, 2));
    assert_eq!(numbers(&lanes.group()), [2, 1]);
}

#[test]
fn beside_haste_little_bulk_goes_at_once_and_in_calm_much() {
    let mut lanes = filled(&[Kind::Bulk; 4 * GROUP_SUBMISSIONS_MAX]);
    assert_eq!(lanes.group().len(), GROUP_SUBMISSIONS_MAX);
    lanes.push(submission(Kind::Hasty, 0));
    assert_eq!(lanes.group().len(), 1 + BULK_BESIDE_HASTY_MAX);
    for _ in 1..GROUPS_UNTIL_CALM {
        // Refilled, so that there is always more than fits.
        lanes.push(submission(Kind::Bulk, 0));
        let taken = lanes.group().len();
        assert!(taken <= BULK_BESIDE_HASTY_MAX, "{taken}");
        for _ in 0..taken {
            lanes.push(submission(Kind::Bulk, 0));
        }
    }
    assert_eq!(lanes.group().len(), GROUP_SUBMISSIONS_MAX);
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Hasty), Just(Kind::Bulk), Just(Kind::Mixed)]
}

proptest! {
    /// Groups are taken while others are submitted. What two submissions of one kind, or one of both kinds and another,
    /// were in order, they are written in order; and all are written.
    #[test]
    fn only_what_is_hasty_overtakes_and_only_what_is_bulk(
        kinds in prop::collection::vec((kinds(), prop::bool::weighted(0.1)), 0..200),
    ) {
        let (mut lanes, mut written) = (Lanes::new(), Vec::new());
        for (number, (kind, take)) in (0..).zip(&kinds) {
            lanes.push(submission(*kind, number));
            if *take {
                written.extend(numbers(&lanes.group()));
            }
        }
        while lanes.len() > 0 {
            written.extend(numbers(&lanes.group()));
        }
        prop_assert_eq!(written.len(), kinds.len());
        let kind = |number: u64| kinds[usize::try_from(number).unwrap()].0;
        for (place, later) in written.iter().enumerate() {
            for earlier in &written[..place] {
                let overtook = earlier > later;
                prop_assert!(!overtook || (kind(*earlier) == Kind::Hasty && kind(*later) == Kind::Bulk));
            }
        }
    }
}
