//! Messages: to whom they go, and what is refused at once.

use super::say::{
    DOCUMENT, alice, asserted, block, bob, carol, entry, everybody, flat, listed, listener, message, notify,
    person, proved,
};
use super::stage::{ROUTER, Stage};
use proto::{ClientLogin, DeliverMessage, Outcome};
use rvp::access::Right;
use rvp::limits::HOPS_MAX;
use rvp::method::Notify;
use rvp::notification::{AckType, Content, MessageKind, PropertyChange};
use rvp::{Caller, Credential, Fault, Identity, Method, PresenceState, Property, Reply};

fn bobs() -> Identity {
    Identity::Person(bob())
}

fn on_hop(hop: u8) -> Method {
    let notify = notify(&bobs(), AckType::DeepOr, MessageKind::Text);
    Method::Notify(Notify { hop, ..notify })
}

#[test]
fn a_message_goes_to_every_client_as_it_was_written() {
    let mut stage = Stage::new();
    let logins = [stage.log_on(1), stage.log_on(2)];
    let delivery = stage.request_later(&proved(&bob()), message(&bobs(), AckType::DeepAnd));
    let to = |login, port| DeliverMessage {
        login: ClientLogin {
            principal: alice(),
            login,
            reach: listener(port).into(),
        },
        from: bobs(),
        ack: AckType::DeepAnd,
        hop: 2,
        document: DOCUMENT.into(),
        id: None,
        attempt: delivery.0,
        probe: false,
        asked_by: None,
    };
    let messages = [to(logins[0], 1), to(logins[1], 2)].map(|message| (delivery, ROUTER.into(), message));
    assert_eq!(stage.messages(), messages);
    assert_eq!(stage.effects.len(), 2, "nothing else is done");
}

#[test]
fn a_message_takes_the_router_of_each_login() {
    let mut stage = Stage::new();
    for (router, port) in [("router-1", 1), ("router-2", 2)] {
        stage.request_by(router, &proved(&alice()), super::say::log_on(port));
    }
    stage.request_later(&proved(&bob()), message(&bobs(), AckType::DeepOr));
    let routers: Vec<_> = stage
        .messages()
        .into_iter()
        .map(|(_, router, message)| (router.to_string(), listening(&message.login.reach)))
        .collect();
    assert_eq!(routers, [("router-1".into(), 1), ("router-2".into(), 2)]);
}

#[test]
fn a_listener_with_two_logins_gets_a_message_once_by_the_one_that_ends_last() {
    let mut stage = Stage::new();
    let first = stage.log_on(1);
    stage.later(10);
    let second = stage.log_on(1);
    stage.request_later(&proved(&bob()), message(&bobs(), AckType::DeepOr));
    let by = |stage: &Stage| {
        stage
            .clients()
            .iter()
            .map(|client| client.login)
            .collect::<Vec<_>>()
    };
    assert_eq!(by(&stage), [second]);
    stage.later(10);
    stage.renew(first);
    stage.request_later(&proved(&bob()), message(&bobs(), AckType::DeepOr));
    assert_eq!(by(&stage), [first]);
}

#[test]
fn somebody_without_a_client_cannot_be_reached() {
    for ack in AckType::ALL {
        let mut stage = Stage::that_keeps_nothing();
        stage.set(flat(PresenceState::Online));
        let answer = stage.request(&proved(&bob()), message(&bobs(), ack));
        assert_eq!(answer, Err(Fault::NotLoggedOn));
        assert_eq!(stage.effects, []);
    }
}

#[test]
fn every_kind_of_message_goes_the_same_way() {
    for kind in [
        MessageKind::Text,
        MessageKind::Typing,
        MessageKind::Join,
        MessageKind::Leave,
    ] {
        let method = || Method::Notify(notify(&bobs(), AckType::DeepOr, kind));
        let mut stage = Stage::that_keeps_nothing();
        assert_eq!(stage.request(&proved(&bob()), method()), Err(Fault::NotLoggedOn));
        stage.log_on(1);
        let delivery = stage.request_later(&proved(&bob()), method());
        assert_eq!(stage.clients().len(), 1);
        stage.outcome(delivery, Outcome::Taken);
        assert_eq!(stage.answers(), [(delivery, Ok(Reply::Notified))]);
    }
}

#[test]
fn a_message_to_oneself_arrives() {
    let mut stage = Stage::watched();
    let from = Identity::Person(alice());
    stage.request_later(&proved(&alice()), message(&from, AckType::DeepOr));
    assert_eq!(stage.clients().len(), 1);
}

#[test]
fn a_document_that_names_another_sender_is_refused_whoever_brings_it() {
    let mut stage = Stage::watched();
    let server = Identity::parse("im.example.com").unwrap();
    for from in [Identity::Person(carol()), Identity::Person(alice()), server] {
        for ack in AckType::ALL {
            let answer = stage.request(&proved(&bob()), message(&from, ack));
            assert_eq!(answer, Err(Fault::Forbidden));
            assert_eq!(stage.effects, []);
        }
    }
    let answer = stage.request(&proved(&alice()), message(&bobs(), AckType::DeepOr));
    assert_eq!(answer, Err(Fault::Forbidden), "the owner too");
}

#[test]
fn a_client_has_no_property_changes_to_tell() {
    let mut stage = Stage::watched();
    let mut notify = notify(&bobs(), AckType::SingleHop, MessageKind::Text);
    notify.notification.content = Content::PropertyChange(PropertyChange {
        from: bob(),
        to: vec![Identity::Person(alice())],
        properties: vec![Property::State(PresenceState::Busy)],
    });
    let answer = stage.request(&proved(&bob()), Method::Notify(notify));
    assert_eq!(answer, Err(Fault::Forbidden));
    assert_eq!(stage.effects, []);
}

#[test]
fn somebody_blocked_is_answered_as_if_nobody_were_there() {
    let mut stage = Stage::watched();
    stage.change_access([block(&bob())]);
    for ack in AckType::ALL {
        let answer = stage.request(&proved(&bob()), message(&bobs(), ack));
        assert_eq!(answer, Err(Fault::NotLoggedOn));
        assert_eq!(stage.effects, []);
    }
}

#[test]
fn an_assertion_sends_only_where_the_list_believes_it() {
    let mut stage = Stage::watched();
    let method = || message(&bobs(), AckType::DeepOr);
    let answer = stage.request(&asserted(&bob()), method());
    assert_eq!(answer, Err(Fault::Unauthenticated));
    let believed = listed(&[Credential::Assertion]);
    stage.change_access([everybody(believed, &[Right::SendTo], &[])]);
    stage.request_later(&asserted(&bob()), method());
}

#[test]
fn a_server_sends_in_its_own_name_alone() {
    let mut stage = Stage::watched();
    let identity = Identity::parse("im.example.org").unwrap();
    let server = Caller {
        identity: identity.clone(),
        credential: Credential::Digest,
    };
    stage.request_later(&server, message(&identity, AckType::DeepOr));
    let answer = stage.request(&server, message(&bobs(), AckType::DeepOr));
    assert_eq!(answer, Err(Fault::Forbidden));
}

#[test]
fn the_last_hop_is_the_last_that_a_notification_may_make() {
    let mut stage = Stage::watched();
    stage.request_later(&proved(&bob()), on_hop(HOPS_MAX - 1));
    assert_eq!(stage.messages()[0].2.hop, HOPS_MAX);
    for hop in [HOPS_MAX, u8::MAX] {
        let answer = stage.request(&proved(&bob()), on_hop(hop));
        assert_eq!(answer, Err(Fault::TooManyHops));
        assert_eq!(stage.effects, []);
    }
}

#[test]
fn messages_under_way_have_a_bound() {
    let mut stage = Stage::watched();
    let single = || message(&bobs(), AckType::SingleHop);
    let waiting: Vec<_> = (0..255)
        .map(|_| stage.request_later(&proved(&bob()), message(&bobs(), AckType::DeepOr)))
        .collect();
    assert_eq!(stage.request(&proved(&bob()), single()), Ok(Reply::Notified));
    for ack in AckType::ALL {
        let answer = stage.request(&proved(&bob()), message(&bobs(), ack));
        assert_eq!(answer, Err(Fault::Busy));
        assert_eq!(stage.effects, []);
    }
    stage.outcome(waiting[7], Outcome::Taken);
    stage.request_later(&proved(&bob()), message(&bobs(), AckType::DeepAnd));
}

#[test]
fn rights_to_send_and_to_see_are_two() {
    let mut stage = Stage::watched();
    let dave = person("dave");
    stage.change_access([entry(&dave, &[Right::SendTo], &[Right::Presence])]);
    assert_eq!(stage.watch(&dave).1, PresenceState::Offline);
    let from = Identity::Person(dave.clone());
    stage.request_later(&proved(&dave), message(&from, AckType::DeepOr));
}

fn listening(reach: &rvp::Reach) -> u16 {
    match reach {
        rvp::Reach::CallBack(listener) => listener.port(),
        rvp::Reach::Attachment(_) => panic!("{reach:?}"),
    }
}
