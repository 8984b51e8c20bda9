//! Where messages are archived: nobody is handed one, and no sender is told of success, before it is in the archive.

use super::asked::Question;
use super::say::{DOCUMENT, alice, bob, carol, notify, numbered, proved};
use super::stage::Stage;
use crate::command::{DeliveryId, Effect, Ended, Verdict, Written};
use crate::{ArchivePolicy, Archives};
use bytes::Bytes;
use proto::Outcome;
use rvp::method::Notify;
use rvp::notification::{AckType, MessageKind};
use rvp::{Domain, Fault, Identity, MessageId, Method, Principal, Reply};

const ON: ArchivePolicy = ArchivePolicy {
    on: true,
    retention: None,
};

fn archiving(stage: Stage) -> Stage {
    stage.archiving(Archives([(alice().domain(), ON)].into()))
}

/// Alice with a client, in a domain that archives.
fn logged_on() -> Stage {
    let mut stage = archiving(Stage::new());
    stage.log_on(1);
    stage
}

fn send(stage: &mut Stage, from: &Principal, id: &str) -> DeliveryId {
    stage.request_later(&proved(from), numbered(from, id))
}

fn handed(stage: &Stage) -> Vec<DeliveryId> {
    stage.messages().into_iter().map(|(id, ..)| id).collect()
}

fn archived(stage: &Stage) -> Vec<&str> {
    stage.archive.iter().map(|entry| entry.id.as_str()).collect()
}

#[test]
fn a_message_is_handed_out_when_it_is_in_the_archive() {
    let mut stage = logged_on();
    let delivery = send(&mut stage, &bob(), "m-1");
    assert_eq!(handed(&stage), []);
    assert_eq!(stage.in_flight(), 1);
    let now = stage.now;
    stage.store_answers(Written::Durable);
    assert_eq!(handed(&stage), [delivery]);
    let [entry] = &stage.archive[..] else {
        panic!("not one entry: {:?}", stage.archive);
    };
    assert_eq!((&entry.domain, entry.at), (&alice().domain(), now));
    assert_eq!((&entry.from, &entry.to), (&Identity::Person(bob()), &alice()));
    assert_eq!((entry.id.as_str(), &entry.document[..]), ("m-1", DOCUMENT));
    stage.outcome(delivery, Outcome::Taken);
    assert_eq!(stage.answers(), [(delivery, Ok(Reply::Notified))]);
    assert_eq!(stage.in_flight(), 0);
}

#[test]
fn what_is_to_be_kept_is_archived_first() {
    let mut stage = archiving(Stage::new());
    let delivery = send(&mut stage, &bob(), "m-1");
    assert!(matches!(stage.asked[..], [Question::Archive(..)]));
    stage.store_answers(Written::Durable);
    assert_eq!(stage.answers(), [(delivery, Ok(Reply::Stored))]);
    assert_eq!((archived(&stage), stage.messages.0.len()), (vec!["m-1"], 1));
}

#[test]
fn what_cannot_be_archived_is_not_delivered_and_its_sender_may_try_again() {
    for gone in [true, false] {
        let mut stage = if gone {
            archiving(Stage::new())
        } else {
            logged_on()
        };
        let delivery = send(&mut stage, &bob(), "m-1");
        stage.store_answers(Written::Failed);
        assert_eq!(handed(&stage), []);
        assert_eq!(stage.answers(), [(delivery, Err(Fault::Unavailable))]);
        assert_eq!((stage.in_flight(), stage.messages.0.len()), (0, 0));
        let again = send(&mut stage, &bob(), "m-1");
        stage.store_answers(Written::Durable);
        assert_eq!(handed(&stage).len(), usize::from(!gone));
        assert_eq!(stage.in_flight(), usize::from(!gone));
        assert!(gone || handed(&stage) == [again]);
    }
}

#[test]
fn a_message_that_comes_again_meanwhile_is_answered_with_the_first() {
    let mut stage = logged_on();
    let delivery = send(&mut stage, &bob(), "m-1");
    let again = stage.request_by("router-2", &proved(&bob()), numbered(&bob(), "m-1"));
    assert_eq!(again, Verdict::Again(delivery));
    stage.store_answers(Written::Durable);
    assert_eq!((handed(&stage), archived(&stage)), (vec![delivery], vec!["m-1"]));
    stage.outcome(delivery, Outcome::Taken);
    let later = stage.request_by("router-2", &proved(&bob()), numbered(&bob(), "m-1"));
    assert_eq!(later, Verdict::Known(Reply::Notified));
}

#[test]
fn what_was_archived_and_not_taken_is_not_archived_again() {
    let mut stage = logged_on();
    let delivery = send(&mut stage, &bob(), "m-1");
    stage.store_answers(Written::Durable);
    stage.outcome(delivery, Outcome::Busy);
    let again = send(&mut stage, &bob(), "m-1");
    assert_eq!((handed(&stage), archived(&stage)), (vec![again], vec!["m-1"]));
    stage.outcome(again, Outcome::Busy);
    // The same id for other words must not get around the archive.
    let from = Identity::Person(bob());
    let mut other = Notify {
        id: MessageId::parse("m-1").ok(),
        ..notify(&from, AckType::DeepOr, MessageKind::Text)
    };
    other.notification.document = Bytes::from_static(b"<other words/>");
    stage.request_later(&proved(&bob()), Method::Notify(other));
    assert_eq!(handed(&stage), []);
    stage.store_answers(Written::Durable);
    assert_eq!((handed(&stage).len(), archived(&stage).len()), (1, 2));
}

#[test]
fn messages_of_one_sender_go_on_in_their_order() {
    let mut stage = logged_on();
    let first = send(&mut stage, &bob(), "m-1");
    let second = send(&mut stage, &bob(), "m-2");
    let hers = send(&mut stage, &carol(), "m-1");
    // The store says so in another order.
    stage.asked.reverse();
    let first_asked = stage.asked.pop().unwrap();
    stage.store_answers(Written::Durable);
    assert_eq!(handed(&stage), [hers], "the second waits for the first");
    stage.asked.push(first_asked);
    stage.store_answers(Written::Durable);
    assert_eq!(handed(&stage), [first, second]);
}

#[test]
fn a_single_hop_is_answered_when_it_is_handed_out() {
    let mut stage = logged_on();
    let single = notify(&Identity::Person(bob()), AckType::SingleHop, MessageKind::Text);
    let delivery = stage.request_later(&proved(&bob()), Method::Notify(single));
    stage.store_answers(Written::Durable);
    assert_eq!(handed(&stage), [delivery]);
    assert!(stage.effects.contains(&Effect::HandedOn(delivery)));
    stage.outcome(delivery, Outcome::Taken);
    assert_eq!(stage.in_flight(), 0);
}

#[test]
fn that_somebody_types_is_not_archived_and_that_somebody_left_is() {
    let mut stage = logged_on();
    for (kind, archived) in [
        (MessageKind::Typing, false),
        (MessageKind::Leave, true),
        (MessageKind::Join, true),
    ] {
        let notify = notify(&Identity::Person(bob()), AckType::DeepOr, kind);
        let delivery = stage.request_later(&proved(&bob()), Method::Notify(notify));
        assert_eq!(stage.asked.len(), usize::from(archived), "{kind:?}");
        if archived {
            stage.store_answers(Written::Durable);
        }
        assert_eq!(handed(&stage), [delivery], "{kind:?}");
        stage.outcome(delivery, Outcome::Taken);
    }
}

#[test]
fn between_two_domains_each_has_an_entry_in_one_write() {
    let theirs = Domain::parse("im.example.org").unwrap();
    let eve = Principal::new(&theirs, "bob").unwrap();
    let archives = Archives([(alice().domain(), ON), (theirs.clone(), ON)].into());
    let mut stage = Stage::new().archiving(archives);
    stage.log_on(1);
    send(&mut stage, &eve, "m-1");
    assert_eq!(stage.asked.len(), 1);
    stage.store_answers(Written::Durable);
    let domains: Vec<Domain> = stage.archive.iter().map(|entry| entry.domain.clone()).collect();
    assert_eq!(domains, [alice().domain(), theirs]);
}

#[test]
fn what_cannot_be_delivered_anyway_is_refused_without_an_entry() {
    let mut stage = archiving(Stage::that_keeps_nothing());
    let answer = stage.request(&proved(&bob()), numbered(&bob(), "m-1"));
    assert_eq!((answer, stage.asked.len()), (Err(Fault::NotLoggedOn), 0));
    // Whoever goes while it is archived is gone.
    let login = stage.log_on(1);
    let delivery = send(&mut stage, &bob(), "m-1");
    stage
        .request(&proved(&alice()), super::say::unsubscribe(login))
        .unwrap();
    stage.store_answers(Written::Durable);
    assert_eq!(stage.answers(), [(delivery, Err(Fault::NotLoggedOn))]);
    assert_eq!(stage.in_flight(), 0);
}

#[test]
fn whoever_gets_another_home_is_handed_it_there() {
    for written in [Written::Durable, Written::Fenced] {
        let mut stage = logged_on();
        let delivery = send(&mut stage, &bob(), "m-1");
        if written == Written::Durable {
            stage.leave();
            assert_eq!(stage.effects, [Effect::Ended(delivery, Ended::Moved)]);
            stage.store_answers(written);
            assert_eq!(stage.effects, []);
        } else {
            stage.store_answers(written);
            assert_eq!(stage.effects, [Effect::Ended(delivery, Ended::Moved)]);
        }
        assert_eq!(stage.in_flight(), 0);
    }
}
