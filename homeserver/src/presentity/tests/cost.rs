//! What is hot costs few blocks of memory: it counts on any machine, and nothing may be added unseen.

use super::say::{bob, flat, message, person, proved, set, watch};
use super::stage::Stage;
use allocation_counter::measure;
use rvp::notification::AckType;
use rvp::{Identity, PresenceState};

/// Of a message to a client, until it is handed to the router.
const MESSAGE_MAX: u64 = 8;
/// Of a change, for all of its hundred watchers together.
const CHANGE_MAX: u64 = 27;

#[test]
fn a_message_takes_few_blocks() {
    let mut stage = Stage::new();
    stage.log_on(1);
    let (caller, bobs) = (proved(&bob()), Identity::Person(bob()));
    let message = message(&bobs, AckType::DeepOr);
    let cost = measure(|| {
        stage.request_later(&caller, message);
    });
    assert_eq!(stage.messages().len(), 1);
    assert!(cost.count_total <= MESSAGE_MAX, "{}", cost.count_total);
}

#[test]
fn a_change_for_a_hundred_watchers_takes_few_blocks() {
    let mut stage = Stage::new();
    stage.log_on(1);
    for number in 0..100 {
        let watcher = person(&format!("watcher{number}"));
        stage.request(&proved(&watcher), watch(&watcher)).unwrap();
    }
    let caller = proved(&super::say::alice());
    let cost = measure(|| {
        stage.request(&caller, set(flat(PresenceState::Busy))).unwrap();
    });
    assert!(cost.count_total <= CHANGE_MAX, "{}", cost.count_total);
}
