//! A message that comes again, with the id that it had.

use super::say::{bob, carol, numbered, proved};
use super::stage::{ROUTER, Stage};
use crate::command::{DeliveryId, Verdict, Written};
use proto::Outcome;
use rvp::notification::AckType;
use rvp::{Fault, Method, Principal, Reply};

fn send(stage: &mut Stage, from: &Principal, id: &str) -> Verdict {
    stage.request_by(ROUTER, &proved(from), numbered(from, id))
}

fn first(stage: &mut Stage, id: &str) -> DeliveryId {
    stage.request_later(&proved(&bob()), numbered(&bob(), id))
}

#[test]
fn one_that_is_with_a_client_waits_for_the_same_answer() {
    let mut stage = Stage::new();
    stage.log_on(1);
    let delivery = first(&mut stage, "m-1");
    assert_eq!(send(&mut stage, &bob(), "m-1"), Verdict::Again(delivery));
    assert_eq!(stage.effects, [], "nobody is handed it again");
    stage.outcome(delivery, Outcome::Taken);
    assert_eq!(stage.answers(), [(delivery, Ok(Reply::Notified))]);
}

#[test]
fn one_that_was_delivered_is_answered_as_then() {
    let mut stage = Stage::new();
    stage.log_on(1);
    let delivery = first(&mut stage, "m-1");
    stage.outcome(delivery, Outcome::Taken);
    stage.later(599);
    assert_eq!(send(&mut stage, &bob(), "m-1"), Verdict::Known(Reply::Notified));
    assert_eq!(stage.effects, []);
    stage.later(1);
    first(&mut stage, "m-1");
    assert_eq!(stage.messages().len(), 1, "after ten minutes it is another one");
}

#[test]
fn one_that_was_not_delivered_is_tried_again() {
    for outcome in [Outcome::Busy, Outcome::Rejected, Outcome::Expired, Outcome::Left] {
        let mut stage = Stage::new();
        stage.log_on(1);
        let delivery = first(&mut stage, "m-1");
        stage.outcome(delivery, outcome);
        let again = first(&mut stage, "m-1");
        assert_ne!(delivery, again);
        assert_eq!(stage.messages()[0].2.attempt, again.0);
    }
}

#[test]
fn one_that_is_being_stored_is_stored_once() {
    let mut stage = Stage::new();
    let delivery = first(&mut stage, "m-1");
    assert_eq!(send(&mut stage, &bob(), "m-1"), Verdict::Again(delivery));
    assert_eq!(stage.asked.len(), 1);
    stage.store_answers(Written::Durable);
    assert_eq!(send(&mut stage, &bob(), "m-1"), Verdict::Known(Reply::Stored));
    assert_eq!(stage.messages.0.len(), 1);
}

#[test]
fn one_that_was_stored_and_taken_is_known_and_so_after_a_restart() {
    let mut stage = Stage::new();
    first(&mut stage, "m-1");
    stage.store_answers(Written::Durable);
    stage.restart();
    assert_eq!(send(&mut stage, &bob(), "m-1"), Verdict::Known(Reply::Stored));
    stage.log_on(1);
    stage.store_answers(Written::Durable);
    let delivery = stage.messages()[0].0;
    stage.outcome(delivery, Outcome::Taken);
    assert_eq!(send(&mut stage, &bob(), "m-1"), Verdict::Known(Reply::Stored));
    stage.store_answers(Written::Durable);
    stage.restart();
    assert_eq!(send(&mut stage, &bob(), "m-1"), Verdict::Known(Reply::Stored));
    stage.lapse_after(600);
    stage.store_answers(Written::Durable);
    assert!(stage.kept.kept.is_empty(), "after ten minutes it is forgotten");
    assert!(stage.wakes_in().is_empty());
}

#[test]
fn ids_are_each_senders_own() {
    let mut stage = Stage::new();
    stage.log_on(1);
    let [bobs, carols] =
        [bob(), carol()].map(|from| stage.request_later(&proved(&from), numbered(&from, "m-1")));
    assert_ne!(bobs, carols);
}

#[test]
fn a_single_hop_is_answered_at_once_again() {
    let mut stage = Stage::new();
    stage.log_on(1);
    let single = || {
        let Method::Notify(notify) = numbered(&bob(), "m-1") else {
            panic!("a message is sent by NOTIFY");
        };
        Method::Notify(rvp::method::Notify {
            ack: AckType::SingleHop,
            ..notify
        })
    };
    assert_eq!(stage.request(&proved(&bob()), single()), Ok(Reply::Notified));
    let again = stage.request_by(ROUTER, &proved(&bob()), single());
    assert_eq!(again, Verdict::Known(Reply::Notified));
    assert_eq!(stage.effects, []);
}

#[test]
fn one_that_a_store_has_twice_is_delivered_once() {
    let mut stage = Stage::new();
    first(&mut stage, "m-1");
    stage.store_answers(Written::Durable);
    let mut twin = stage.messages.0[&1].clone();
    twin.number = 2;
    stage.messages.0.insert(2, twin);
    let mut header = stage.kept.kept[0].clone();
    header.number = 2;
    stage.kept.kept.push(header);
    stage.restart();
    stage.store_answers(Written::Durable);
    assert_eq!(stage.messages.0.keys().collect::<Vec<_>>(), [&1]);
}

#[test]
fn a_blocked_sender_learns_nothing_by_sending_again() {
    let mut stage = Stage::new();
    stage.log_on(1);
    let delivery = first(&mut stage, "m-1");
    stage.outcome(delivery, Outcome::Taken);
    stage.change_access([super::say::block(&bob())]);
    assert_eq!(
        send(&mut stage, &bob(), "m-1"),
        Verdict::Now(Err(Fault::NotLoggedOn))
    );
}
