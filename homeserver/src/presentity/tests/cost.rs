//! What is hot costs few blocks of memory: it counts on any machine, and nothing may be added unseen.

use super::say::{alice, bob, flat, leased, message, numbered, proved, set, unsubscribe, watchers};
use super::stage::Stage;
use crate::presentity::Presentity;
use allocation_counter::measure;
use proto::Outcome;
use rvp::notification::AckType;
use rvp::{Identity, PresenceState, Principal};

/// Of a message to a client, until it is handed to the router.
const MESSAGE_MAX: u64 = 8;
/// Of a change, for all of its hundred watchers together.
const CHANGE_MAX: u64 = 12;
/// Octets that are held for somebody who is logged on once, shows one state and has twenty watchers, with the addresses
/// of these.
const PERSON_MAX: usize = 3_250;
/// The same without the addresses, which a shard holds once for all whom they watch.
const WITHOUT_ADDRESSES_MAX: usize = 1_950;
/// Octets that stay after a message was handed over.
const AFTER_MESSAGE_MAX: usize = 64;

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
    stage.watched_by(&watchers(100));
    let caller = proved(&alice());
    let cost = measure(|| {
        stage.request(&caller, set(flat(PresenceState::Busy))).unwrap();
    });
    println!("{} blocks for a change", cost.count_total);
    assert!(cost.count_total <= CHANGE_MAX, "{}", cost.count_total);
}

/// Alice with one login and one view, watched by these.
fn watched_by(watchers: &[Principal]) -> Stage {
    let mut stage = Stage::new();
    stage.log_on(1);
    stage.set(leased(PresenceState::Online));
    stage.watched_by(watchers);
    stage
}

/// Octets that are free when somebody is held no more, with the value itself.
fn held(presentity: Presentity) -> usize {
    let freed = -measure(|| drop(presentity)).bytes_current;
    usize::try_from(freed).unwrap() + size_of::<Presentity>()
}

#[test]
fn a_person_takes_little_memory_and_a_message_that_is_over_hardly_any() {
    let stage = watched_by(&watchers(20));
    let before = held(stage.into_presentity());
    let mut stage = watched_by(&watchers(20));
    let bobs = Identity::Person(bob());
    stage.request_later(&proved(&bob()), message(&bobs, AckType::DeepOr));
    let delivery = stage.messages()[0].0;
    stage.outcome(delivery, Outcome::Taken);
    assert_eq!(stage.answers().len(), 1);
    let after = held(stage.into_presentity());
    let shared = watchers(20);
    let without = held(watched_by(&shared).into_presentity());
    println!("{before} octets for a person, {after} after a message; {without} without addresses");
    assert!(before <= PERSON_MAX, "{before}");
    assert!(without <= WITHOUT_ADDRESSES_MAX, "{without}");
    assert!(shared.len() == 20, "held until here");
    assert!(after <= before + AFTER_MESSAGE_MAX, "{after} after {before}");
}

/// Once everybody has gone a person takes as much as before anybody came.
#[test]
fn who_was_there_leaves_no_room_behind() {
    let before = held(Stage::new().into_presentity());
    let mut stage = watched_by(&watchers(20));
    for watch in stage.kept.subscriptions.clone() {
        stage
            .request(&proved(&watch.watcher), unsubscribe(watch.id))
            .unwrap();
    }
    let login = stage.kept.logins[0].id;
    stage.request(&proved(&alice()), unsubscribe(login)).unwrap();
    let after = held(stage.into_presentity());
    println!("{before} octets for a person of before, {after} afterwards");
    assert!(after <= before, "{after} after {before}");
}

#[test]
fn a_message_that_was_delivered_long_ago_takes_no_memory() {
    let held_later = |is_delivered: bool| {
        let mut stage = Stage::new();
        stage.log_on(1);
        if is_delivered {
            let delivery = stage.request_later(&proved(&bob()), numbered(&bob(), "m-1"));
            stage.outcome(delivery, Outcome::Taken);
        }
        stage.lapse_after(600);
        held(stage.into_presentity())
    };
    assert!(held_later(true) <= held_later(false) + AFTER_MESSAGE_MAX);
}
