//! Messages for who cannot be reached: kept, and delivered in order to whoever logs on.

use super::asked::Question;
use super::kept;
use super::say::{alice, bob, carol, notify, numbered, proved, unsubscribe};
use super::stage::Stage;
use crate::OfflinePolicy;
use crate::command::{Command, DeliveryId, Effect, KeptEnded, Written};
use proto::Outcome;
use rvp::notification::{AckType, MessageKind};
use rvp::{Fault, Identity, Method, Principal, Reply};
use std::time::Duration;
use store::Durable;

/// A message of somebody, which is not answered at once.
fn send(stage: &mut Stage, from: &Principal, id: &str) -> DeliveryId {
    stage.request_later(&proved(from), numbered(from, id))
}

/// The same, and the store has it.
fn store(stage: &mut Stage, from: &Principal, id: &str) {
    let delivery = send(stage, from, id);
    stage.store_answers(Written::Durable);
    assert_eq!(stage.answers(), [(delivery, Ok(Reply::Stored))]);
}

/// The delivery and id of the one message that clients were handed.
fn handed(stage: &Stage) -> (DeliveryId, String) {
    let [(delivery, _, message)] = &stage.messages()[..] else {
        panic!("not one message: {:?}", stage.messages());
    };
    (*delivery, message.id.as_ref().unwrap().to_string())
}

/// Clients take whatever they are handed; the ids, in that order.
fn take_all(stage: &mut Stage) -> Vec<String> {
    let mut taken = Vec::new();
    while !stage.messages().is_empty() {
        let (delivery, id) = handed(stage);
        taken.push(id);
        stage.outcome(delivery, Outcome::Taken);
        let mut effects = std::mem::take(&mut stage.effects);
        stage.store_answers(Written::Durable);
        effects.append(&mut stage.effects);
        stage.effects = effects;
    }
    taken
}

#[test]
fn what_is_kept_is_answered_when_it_is_durable_and_delivered_at_the_next_log_on() {
    let mut stage = Stage::new();
    let delivery = send(&mut stage, &bob(), "m-1");
    assert_eq!(stage.answers(), [], "not before it is durable");
    stage.store_answers(Written::Durable);
    assert_eq!(stage.answers(), [(delivery, Ok(Reply::Stored))]);
    assert_eq!(stage.messages(), []);
    store(&mut stage, &carol(), "m-2");
    store(&mut stage, &bob(), "m-3");
    assert_eq!(stage.explained().kept_count, 3);
    stage.log_on(1);
    assert_eq!(stage.messages(), [], "they are read first");
    stage.store_answers(Written::Durable);
    assert_eq!(take_all(&mut stage), ["m-1", "m-2", "m-3"]);
    assert_eq!(stage.explained().kept_count, 0);
    assert!(stage.messages.0.is_empty(), "what was taken is gone");
    assert!(stage.kept.kept.iter().all(|each| each.taken.is_some()));
}

#[test]
fn more_than_one_reading_comes_in_order_as_well() {
    let mut stage = Stage::new();
    let ids: Vec<_> = (10..30).map(|number| format!("m-{number}")).collect();
    for id in &ids {
        store(&mut stage, &bob(), id);
    }
    stage.log_on(1);
    stage.store_answers(Written::Durable);
    assert_eq!(take_all(&mut stage), ids);
}

#[test]
fn the_rest_stays_in_order_when_a_client_goes_after_half() {
    let mut stage = Stage::new();
    for id in ["m-1", "m-2", "m-3", "m-4"] {
        store(&mut stage, &bob(), id);
    }
    let login = stage.log_on(1);
    stage.store_answers(Written::Durable);
    for id in ["m-1", "m-2"] {
        let (delivery, first) = handed(&stage);
        assert_eq!(first, id);
        stage.outcome(delivery, Outcome::Taken);
    }
    let (delivery, third) = handed(&stage);
    assert_eq!(third, "m-3");
    stage.outcome(delivery, Outcome::Unreachable);
    stage.apply(Command::CallBackLost(login));
    stage.store_answers(Written::Durable);
    stage.restart();
    stage.log_on(2);
    stage.store_answers(Written::Durable);
    assert_eq!(take_all(&mut stage), ["m-3", "m-4"]);
}

#[test]
fn what_comes_while_a_backlog_is_delivered_goes_behind_it() {
    let mut stage = Stage::new();
    store(&mut stage, &bob(), "m-1");
    stage.log_on(1);
    stage.store_answers(Written::Durable);
    let (first, _) = handed(&stage);
    for (from, id) in [(bob(), "m-2"), (carol(), "m-3")] {
        let delivery = send(&mut stage, &from, id);
        assert_eq!(stage.messages(), []);
        stage.store_answers(Written::Durable);
        assert_eq!(stage.answers(), [(delivery, Ok(Reply::Stored))]);
    }
    stage.outcome(first, Outcome::Taken);
    stage.store_answers(Written::Durable);
    assert_eq!(take_all(&mut stage), ["m-2", "m-3"]);
    send(&mut stage, &bob(), "m-4");
    assert_eq!(handed(&stage).1, "m-4", "and then at once");
}

#[test]
fn what_no_client_could_be_handed_is_kept_behind_what_its_sender_sent_before() {
    let mut stage = Stage::new();
    stage.log_on(1);
    let sent = ["m-1", "m-2", "m-3"].map(|id| send(&mut stage, &bob(), id));
    stage.outcome(sent[1], Outcome::Unreachable);
    assert!(stage.asked.is_empty(), "the first may yet be taken");
    stage.outcome(sent[0], Outcome::Unreachable);
    assert!(stage.asked.is_empty(), "so may the third");
    stage.outcome(sent[2], Outcome::Unreachable);
    stage.store_answers(Written::Durable);
    assert_eq!(stage.answers(), sent.map(|id| (id, Ok(Reply::Stored))));
    let order: Vec<_> = stage.messages.0.values().map(|each| each.id.as_str()).collect();
    assert_eq!(order, ["m-1", "m-2", "m-3"]);
}

#[test]
fn what_was_overtaken_is_not_kept() {
    for late in [false, true] {
        let mut stage = Stage::new();
        stage.log_on(1);
        let [first, second] = ["m-1", "m-2"].map(|id| send(&mut stage, &bob(), id));
        let outcomes = [(first, Outcome::Unreachable), (second, Outcome::Taken)];
        let order = if late { [1, 0] } else { [0, 1] };
        let mut answers = Vec::new();
        for place in order {
            stage.outcome(outcomes[place].0, outcomes[place].1);
            answers.append(&mut stage.answers());
        }
        answers.sort_by_key(|(id, _)| *id);
        let expected = [(first, Err(Fault::NotLoggedOn)), (second, Ok(Reply::Notified))];
        assert_eq!(answers, expected);
    }
}

#[test]
fn a_client_that_cannot_be_reached_is_tried_again_later_and_later() {
    let mut stage = Stage::new();
    store(&mut stage, &bob(), "m-1");
    stage.log_on(1);
    stage.store_answers(Written::Durable);
    for seconds in [5, 10, 20] {
        let (delivery, _) = handed(&stage);
        stage.outcome(delivery, Outcome::Unreachable);
        stage.lapse_after(seconds - 1);
        assert!(stage.asked.is_empty(), "not yet");
        stage.lapse_after(1);
        stage.store_answers(Written::Durable);
    }
    stage.outcome(handed(&stage).0, Outcome::Busy);
    stage.log_on(2);
    stage.store_answers(Written::Durable);
    assert_eq!(
        stage.messages().len(),
        2,
        "whoever logs on does not wait, and both are tried"
    );
}

#[test]
fn who_comes_meanwhile_does_not_wait_for_a_client_that_cannot_be_reached() {
    let mut stage = Stage::new();
    store(&mut stage, &bob(), "m-1");
    stage.log_on(1);
    stage.store_answers(Written::Durable);
    let (delivery, _) = handed(&stage);
    stage.log_on(2);
    stage.store_answers(Written::Durable);
    stage.outcome(delivery, Outcome::Unreachable);
    stage.store_answers(Written::Durable);
    let again: Vec<_> = stage
        .messages()
        .into_iter()
        .map(|(_, _, message)| message.id)
        .collect();
    assert_eq!(again.len(), 2, "both are handed it: {again:?}");
    assert_eq!(again[0].as_ref().unwrap().to_string(), "m-1");
    // That neither can be reached counts.
    let (delivery, _, _) = stage.messages()[0].clone();
    stage.outcome(delivery, Outcome::Unreachable);
    stage.outcome(delivery, Outcome::Unreachable);
    stage.store_answers(Written::Durable);
    assert_eq!(stage.messages(), []);
    stage.lapse_after(5);
    stage.store_answers(Written::Durable);
    assert_eq!(stage.messages().len(), 2);
}

#[test]
fn what_a_client_refuses_is_for_the_next_and_does_not_hold_up_the_others() {
    for outcome in [Outcome::Rejected, Outcome::Left] {
        let mut stage = Stage::new();
        store(&mut stage, &bob(), "m-1");
        store(&mut stage, &bob(), "m-2");
        stage.log_on(1);
        stage.store_answers(Written::Durable);
        stage.outcome(handed(&stage).0, outcome);
        assert_eq!(take_all(&mut stage), ["m-2"]);
        send(&mut stage, &bob(), "m-3");
        stage.outcome(handed(&stage).0, Outcome::Taken);
        stage.log_on(2);
        stage.store_answers(Written::Durable);
        assert_eq!(stage.messages()[0].2.id.as_ref().unwrap().as_str(), "m-1");
    }
}

#[test]
fn what_is_left_without_an_answer_is_passed_over_after_three_times() {
    let mut stage = Stage::new();
    store(&mut stage, &bob(), "m-1");
    store(&mut stage, &bob(), "m-2");
    stage.log_on(1);
    for seconds in [5, 10] {
        stage.store_answers(Written::Durable);
        stage.outcome(handed(&stage).0, Outcome::Expired);
        stage.lapse_after(seconds);
    }
    stage.store_answers(Written::Durable);
    stage.outcome(handed(&stage).0, Outcome::Expired);
    assert_eq!(take_all(&mut stage), ["m-2"]);
}

#[test]
fn beyond_the_quota_the_sender_is_told_why() {
    let offline = OfflinePolicy {
        count: 2,
        bytes: 40,
        ..OfflinePolicy::default()
    };
    let stage = || Stage::under(Durable::new(kept::account(&alice())), offline);
    let mut full = stage();
    store(&mut full, &bob(), "m-1");
    send(&mut full, &bob(), "m-2");
    let answer = full.request(&proved(&carol()), numbered(&carol(), "m-3"));
    assert_eq!(
        answer,
        Err(Fault::KeptFull),
        "also while the second is not durable yet"
    );
    full.store_answers(Written::Durable);
    let mut heavy = stage();
    store(&mut heavy, &bob(), "m-1");
    let large = |octets| {
        let mut notify = notify(&Identity::Person(bob()), AckType::DeepOr, MessageKind::Text);
        notify.notification.document = vec![b'x'; octets].into();
        Method::Notify(notify)
    };
    assert_eq!(heavy.request(&proved(&bob()), large(24)), Err(Fault::KeptFull));
    heavy.request_later(&proved(&bob()), large(23));
    let mut unreached = stage();
    unreached.log_on(1);
    let sent = ["m-1", "m-2", "m-3"].map(|id| send(&mut unreached, &bob(), id));
    for id in sent {
        unreached.outcome(id, Outcome::Unreachable);
    }
    let answers = unreached.answers();
    assert_eq!(answers, [(sent[2], Err(Fault::KeptFull))]);
}

#[test]
fn what_is_too_old_is_dropped() {
    let offline = OfflinePolicy {
        age: Duration::from_secs(1_000),
        ..OfflinePolicy::default()
    };
    let mut stage = Stage::under(Durable::new(kept::account(&alice())), offline);
    store(&mut stage, &bob(), "m-1");
    assert!(stage.wakes_in().contains(&1_000));
    stage.later(500);
    store(&mut stage, &bob(), "m-2");
    stage.lapse_after(500);
    assert!(stage.effects.contains(&Effect::KeptEnded(KeptEnded::Expired)));
    stage.store_answers(Written::Durable);
    stage.log_on(1);
    stage.store_answers(Written::Durable);
    assert_eq!(take_all(&mut stage), ["m-2"]);
}

#[test]
fn that_somebody_types_or_has_left_is_never_kept() {
    for kind in [MessageKind::Typing, MessageKind::Leave] {
        let method = || Method::Notify(notify(&Identity::Person(bob()), AckType::DeepOr, kind));
        let mut stage = Stage::new();
        assert_eq!(stage.request(&proved(&bob()), method()), Err(Fault::NotLoggedOn));
        store(&mut stage, &bob(), "m-1");
        stage.log_on(1);
        stage.store_answers(Written::Durable);
        let delivery = stage.request_later(&proved(&bob()), method());
        assert_eq!(
            handed_without_id(&stage),
            delivery,
            "it does not wait for the backlog"
        );
        stage.outcome(delivery, Outcome::Unreachable);
        assert_eq!(stage.answers(), [(delivery, Err(Fault::NotLoggedOn))]);
    }
}

fn handed_without_id(stage: &Stage) -> DeliveryId {
    let [(delivery, _, message)] = &stage.messages()[..] else {
        panic!("not one message");
    };
    assert_eq!(message.id, None);
    *delivery
}

#[test]
fn a_domain_that_keeps_nothing_refuses_at_once_and_still_delivers_what_it_kept() {
    let mut stage = Stage::new();
    store(&mut stage, &bob(), "m-1");
    let offline = OfflinePolicy {
        keep: false,
        ..OfflinePolicy::default()
    };
    let mut later = Stage::under(stage.kept.clone(), offline);
    later.messages = stage.messages;
    let answer = later.request(&proved(&bob()), numbered(&bob(), "m-2"));
    assert_eq!(answer, Err(Fault::NotLoggedOn));
    later.log_on(1);
    later.store_answers(Written::Durable);
    assert_eq!(take_all(&mut later), ["m-1"]);
}

#[test]
fn a_single_hop_is_answered_when_it_is_stored() {
    let mut stage = Stage::new();
    let single = notify(&Identity::Person(bob()), AckType::SingleHop, MessageKind::Text);
    let delivery = stage.request_later(&proved(&bob()), Method::Notify(single));
    stage.store_answers(Written::Durable);
    assert_eq!(stage.answers(), [(delivery, Ok(Reply::Stored))]);
}

#[test]
fn a_store_that_fails_is_the_senders_to_know_and_leaves_nothing_behind() {
    let mut stage = Stage::new();
    let delivery = send(&mut stage, &bob(), "m-1");
    stage.store_answers(Written::Failed);
    assert_eq!(stage.answers(), [(delivery, Err(Fault::Unavailable))]);
    let delivery = send(&mut stage, &bob(), "m-1");
    stage.store_answers(Written::Durable);
    assert_eq!(
        stage.answers(),
        [(delivery, Ok(Reply::Stored))],
        "it is a new try"
    );
    stage.lapse_after(5);
    assert!(
        matches!(&stage.asked[..], [Question::Write(_, store::Change::ForgetMessages(numbers))] if *numbers == [1]),
        "the first may have come through"
    );
    stage.store_answers(Written::Failed);
    stage.lapse_after(5);
    assert_eq!(stage.asked.len(), 1, "and is tried again");
    stage.store_answers(Written::Durable);
    stage.log_on(1);
    stage.store_answers(Written::Durable);
    assert_eq!(take_all(&mut stage), ["m-1"]);
}

#[test]
fn a_store_that_cannot_be_read_is_tried_again() {
    let mut stage = Stage::new();
    store(&mut stage, &bob(), "m-1");
    stage.log_on(1);
    stage.store_answers(Written::Failed);
    assert_eq!(stage.messages(), []);
    stage.lapse_after(5);
    stage.store_answers(Written::Durable);
    assert_eq!(take_all(&mut stage), ["m-1"]);
}

#[test]
fn where_another_home_has_the_person_whoever_asks_asks_there() {
    let mut stage = Stage::new();
    let delivery = send(&mut stage, &bob(), "m-1");
    stage.store_answers(Written::Fenced);
    let moved = Effect::Ended(delivery, crate::command::Ended::Moved);
    assert_eq!(stage.effects, [moved]);
}

#[test]
fn what_is_not_in_the_store_any_more_is_not_waited_for() {
    let mut stage = Stage::new();
    for id in ["m-1", "m-2", "m-3"] {
        store(&mut stage, &bob(), id);
    }
    stage.messages.0.remove(&2);
    stage.log_on(1);
    stage.store_answers(Written::Durable);
    assert_eq!(take_all(&mut stage), ["m-1", "m-3"]);
    send(&mut stage, &bob(), "m-4");
    assert_eq!(handed(&stage).1, "m-4");
}

#[test]
fn whoever_logs_off_in_between_finds_the_rest() {
    let mut stage = Stage::new();
    store(&mut stage, &bob(), "m-1");
    store(&mut stage, &bob(), "m-2");
    let login = stage.log_on(1);
    stage.store_answers(Written::Durable);
    let (delivery, _) = handed(&stage);
    stage.request(&proved(&alice()), unsubscribe(login)).unwrap();
    stage.outcome(delivery, Outcome::Taken);
    assert_eq!(stage.messages(), []);
    stage.store_answers(Written::Durable);
    stage.log_on(1);
    stage.store_answers(Written::Durable);
    assert_eq!(take_all(&mut stage), ["m-2"]);
}
