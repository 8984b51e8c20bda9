//! When senders are answered, and what (spec 3.7).

use super::say::{alice, bob, message, proved, unsubscribe};
use super::stage::Stage;
use crate::command::{Command, DeliveryId, Effect, Ended};
use proto::Outcome;
use rvp::notification::AckType;
use rvp::{Fault, Identity, Reply};

const OUTCOMES: [Outcome; 6] = [
    Outcome::Taken,
    Outcome::Busy,
    Outcome::Rejected,
    Outcome::Expired,
    Outcome::Unreachable,
    Outcome::Left,
];

/// Alice with so many clients, in a domain that keeps nothing, and a message from Bob on its way to them.
fn sent(ack: AckType, clients: u16) -> (Stage, DeliveryId) {
    let mut stage = Stage::that_keeps_nothing();
    for port in 1..=clients {
        stage.log_on(port);
    }
    let delivery = stage.request_later(&proved(&bob()), message(&Identity::Person(bob()), ack));
    assert_eq!(stage.clients().len(), usize::from(clients));
    (stage, delivery)
}

/// After which outcome the sender was answered, and what.
fn answered(ack: AckType, outcomes: &[Outcome]) -> (usize, Result<Reply, Fault>) {
    let (mut stage, delivery) = sent(ack, u16::try_from(outcomes.len()).unwrap());
    let mut answers = Vec::new();
    for (number, outcome) in outcomes.iter().enumerate() {
        stage.outcome(delivery, *outcome);
        answers.extend(stage.answers().into_iter().map(|answer| (number + 1, answer)));
        assert!(
            stage
                .effects
                .iter()
                .all(|effect| matches!(effect, Effect::Ended(..)))
        );
    }
    let [(after, (id, answer))] = &answers[..] else {
        panic!("{ack:?} with {outcomes:?} was answered {answers:?}");
    };
    assert_eq!(*id, delivery);
    (*after, answer.clone())
}

#[test]
fn a_single_client_decides_alone() {
    for ack in [AckType::DeepOr, AckType::DeepAnd] {
        let answers = [
            (Outcome::Taken, Ok(Reply::Notified)),
            (Outcome::Busy, Err(Fault::Busy)),
            (Outcome::Rejected, Err(Fault::NotLoggedOn)),
            (Outcome::Expired, Err(Fault::NotLoggedOn)),
            (Outcome::Unreachable, Err(Fault::NotLoggedOn)),
            (Outcome::Left, Err(Fault::LeftConversation)),
        ];
        for (outcome, answer) in answers {
            assert_eq!(answered(ack, &[outcome]), (1, answer));
        }
    }
}

#[test]
fn one_client_is_enough_for_deep_or_and_answers_at_once() {
    for other in OUTCOMES {
        let (taken, notified) = (Outcome::Taken, Ok(Reply::Notified));
        let answer = answered(AckType::DeepOr, &[taken, other, other]);
        assert_eq!(answer, (1, notified.clone()));
        let answer = answered(AckType::DeepOr, &[other, taken, other]);
        assert_eq!(answer.1, notified);
        assert_eq!(answer.0, if other == taken { 1 } else { 2 });
    }
}

#[test]
fn deep_and_waits_for_all_and_one_failure_is_enough() {
    for other in OUTCOMES {
        for outcomes in [[other, Outcome::Taken], [Outcome::Taken, other]] {
            let expected = answered(AckType::DeepAnd, &[other]).1;
            assert_eq!(answered(AckType::DeepAnd, &outcomes), (2, expected));
        }
    }
}

#[test]
fn of_several_failures_the_sender_hears_the_worst_whichever_came_first() {
    let worst_first = [
        Outcome::Left,
        Outcome::Expired,
        Outcome::Rejected,
        Outcome::Busy,
        Outcome::Unreachable,
    ];
    for ack in [AckType::DeepOr, AckType::DeepAnd] {
        for (number, worst) in worst_first.iter().enumerate() {
            for less in &worst_first[number..] {
                let expected = answered(ack, &[*worst]).1;
                assert_eq!(answered(ack, &[*worst, *less]), (2, expected.clone()));
                assert_eq!(answered(ack, &[*less, *worst]), (2, expected));
            }
        }
    }
}

#[test]
fn a_single_hop_is_answered_before_any_client_and_still_ends_once() {
    for outcome in OUTCOMES {
        let mut stage = Stage::that_keeps_nothing();
        stage.log_on(1);
        stage.log_on(2);
        let method = message(&Identity::Person(bob()), AckType::SingleHop);
        assert_eq!(stage.request(&proved(&bob()), method), Ok(Reply::Notified));
        let delivery = stage.messages()[0].0;
        let mut ends = 0;
        for _ in 0..3 {
            stage.outcome(delivery, outcome);
            ends += stage.answers().len();
        }
        assert_eq!(ends, 1, "nobody waits for it, but the ledger does");
    }
}

#[test]
fn what_nobody_was_handed_is_asked_for_elsewhere_and_nothing_else_is() {
    let ended = |outcomes: &[Outcome], ack| {
        let (mut stage, delivery) = sent(ack, u16::try_from(outcomes.len()).unwrap());
        let mut ended = Vec::new();
        for outcome in outcomes {
            stage.outcome(delivery, *outcome);
            ended.extend(stage.effects.iter().cloned());
        }
        let [Effect::Ended(_, ended)] = ended[..] else {
            panic!("{outcomes:?} ended with {ended:?}");
        };
        ended
    };
    for ack in [AckType::DeepOr, AckType::DeepAnd] {
        assert_eq!(ended(&[Outcome::Moved], ack), Ended::Moved);
        assert_eq!(ended(&[Outcome::Moved, Outcome::Moved], ack), Ended::Moved);
        let nobody_has_it = [Outcome::Moved, Outcome::Unreachable];
        assert_eq!(ended(&nobody_has_it, ack), Ended::Moved);
        let maybe_handed = ended(&[Outcome::Moved, Outcome::Rejected], ack);
        assert_eq!(maybe_handed, Ended::Refused(Fault::NotLoggedOn));
    }
    let one_has_it = [Outcome::Taken, Outcome::Moved];
    assert_eq!(ended(&one_has_it, AckType::DeepOr), Ended::Delivered);
    assert_eq!(
        ended(&one_has_it, AckType::DeepAnd),
        Ended::Refused(Fault::Unavailable)
    );
}

#[test]
fn an_outcome_too_many_changes_nothing() {
    let (mut stage, delivery) = sent(AckType::DeepOr, 1);
    stage.outcome(DeliveryId(delivery.0 + 1), Outcome::Taken);
    assert_eq!(stage.effects, [], "of a message that is not on its way");
    stage.outcome(delivery, Outcome::Taken);
    stage.outcome(delivery, Outcome::Taken);
    assert_eq!(stage.effects, [], "of a message that was answered");
}

#[test]
fn messages_are_answered_each_by_its_own_clients() {
    let (mut stage, first) = sent(AckType::DeepOr, 1);
    let method = message(&Identity::Person(bob()), AckType::DeepOr);
    let second = stage.request_later(&proved(&bob()), method);
    assert_ne!(first, second);
    stage.outcome(second, Outcome::Left);
    assert_eq!(stage.answers(), [(second, Err(Fault::LeftConversation))]);
    stage.outcome(first, Outcome::Taken);
    assert_eq!(stage.answers(), [(first, Ok(Reply::Notified))]);
}

#[test]
fn a_client_that_leaves_still_owes_its_outcome() {
    let (mut stage, delivery) = sent(AckType::DeepAnd, 2);
    let logins: Vec<_> = stage.kept.logins.iter().map(|login| login.id).collect();
    stage.request(&proved(&alice()), unsubscribe(logins[0])).unwrap();
    stage.apply(Command::CallBackLost(logins[1]));
    assert_eq!(stage.answers(), []);
    stage.outcome(delivery, Outcome::Taken);
    stage.outcome(delivery, Outcome::Unreachable);
    assert_eq!(stage.answers(), [(delivery, Err(Fault::NotLoggedOn))]);
}
