//! Messages are conserved: whatever clients, the store and the process do, what a sender was told is delivered or
//! kept is so, once, in order; and where messages are archived, nobody is handed one that is not.

mod reached;
mod world;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proto::Outcome;
use rvp::notification::AckType;
use world::{Act, StoreDoes, World};

fn act() -> impl Strategy<Value = Act> {
    let outcomes = vec![
        Outcome::Taken,
        Outcome::Taken,
        Outcome::Taken,
        Outcome::Unreachable,
        Outcome::Unreachable,
        Outcome::Expired,
        Outcome::Rejected,
        Outcome::Left,
        Outcome::Busy,
    ];
    let store = vec![
        StoreDoes::Answer,
        StoreDoes::Answer,
        StoreDoes::Answer,
        StoreDoes::Fail,
        StoreDoes::FailAndHaveDone,
    ];
    let ack = select(AckType::ALL.to_vec());
    prop_oneof![
        12 => (any::<bool>(), ack).prop_map(|(bob, ack)| Act::Send { bob, ack }),
        6 => any::<usize>().prop_map(Act::SendAgain),
        16 => (any::<usize>(), select(outcomes)).prop_map(|(which, outcome)| Act::Outcome(which, outcome)),
        16 => select(store).prop_map(Act::Store),
        4 => (1_u64..20).prop_map(Act::Pass),
        3 => (1_u16..4).prop_map(Act::LogOn),
        2 => any::<usize>().prop_map(Act::LogOff),
        1 => (0_usize..4, any::<u8>()).prop_map(|(done, taking)| Act::Restart { done, taking }),
    ]
}

/// Half of what is usual; `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig {
        cases: usual.cases / 2,
        failure_persistence: None,
        ..usual
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_acknowledged_comes_once_and_in_order(archives in any::<bool>(), acts in vec(act(), 20..120)) {
        let mut world = World::new(archives);
        for act in &acts {
            world.act(act);
            world.check_bounds();
            world.check_ledger();
        }
        world.mend();
        world.check_ledger();
        world.check_conserved();
        world.check_archive();
    }
}

#[test]
fn the_world_reaches_what_the_property_is_about() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut reached = reached::Reached::default();
    for round in 0..192 {
        let acts = vec(act(), 20..120).new_tree(&mut runner).unwrap().current();
        let mut world = World::new(round % 2 == 0);
        acts.iter().for_each(|act| world.act(act));
        world.mend();
        reached.add(world.reached());
    }
    reached.check();
}
