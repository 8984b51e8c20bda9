//! What is hot costs few instructions: see `tests/instructions/callgrind.rs`. A command is one call of the core.

use super::say::{alice, bob, flat, message, proved, set, watchers};
use super::stage::Stage;
use proto::Outcome;
use rvp::notification::AckType;
use rvp::{Identity, PresenceState};

#[path = "../../../../tests/instructions/callgrind.rs"]
pub(crate) mod callgrind;

const COMMAND: &str = "Presentity::apply";

/// Each of two commands: it is asked, and a client has it.
#[test]
fn messages_are_delivered() {
    let mut stage = Stage::new();
    stage.log_on(1);
    let (caller, bobs) = (proved(&bob()), Identity::Person(bob()));
    for _ in 0..50 {
        let delivery = stage.request_later(&caller, message(&bobs, AckType::DeepOr));
        stage.outcome(delivery, Outcome::Taken);
        assert_eq!(stage.answers().len(), 1);
    }
}

#[test]
fn hundred_watch() {
    let mut stage = Stage::new();
    stage.log_on(1);
    stage.watched_by(&watchers(100));
}

/// Twenty watchers, so that most of it are the changes, each of two commands: it is asked, and everybody is told.
#[test]
fn changes_are_told() {
    let mut stage = Stage::new();
    stage.log_on(1);
    stage.watched_by(&watchers(20));
    for _ in 0..100 {
        for state in [PresenceState::Busy, PresenceState::Online] {
            stage.request(&proved(&alice()), set(flat(state))).unwrap();
        }
    }
}

#[test]
fn deciding_takes_few_instructions() {
    for (scenario, most_for_tests, most_for_release) in [
        ("messages_are_delivered", 9_700, 2_200),
        ("hundred_watch", 21_000, 3_250),
        ("changes_are_told", 18_600, 2_900),
    ] {
        println!("{scenario}:");
        let counted = callgrind::count(&format!("presentity::tests::instructions::{scenario}"));
        counted.expect(&[(COMMAND, most_for_tests, most_for_release)]);
    }
}
