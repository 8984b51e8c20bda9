//! Watching: who subscribes to whose properties, and for whom.

use super::say::{
    LIFETIME, alice, asserted, block, bob, carol, change_access, entry, everybody, leased, listed, listener,
    person, proved, refresh, subscribe, watch, watch_for,
};
use super::stage::{Stage, start};
use super::{kept, say};
use rvp::access::Right;
use rvp::{
    CallBack, Credential, Fault, Identity, PresenceState, Property, Reply, SubscriptionId, SubscriptionKind,
};
use std::time::Duration;
use store::{Change, Durable, PropertySubscription};

#[test]
fn a_watch_is_durable_and_answered_with_all_five_properties() {
    let mut stage = Stage::new();
    stage.log_on(1);
    stage.set(leased(PresenceState::Away));
    let answer = stage.request(&proved(&bob()), watch(&bob()));
    let Ok(Reply::Subscribed {
        id,
        properties: Some(properties),
        ..
    }) = answer
    else {
        panic!("not watched: {answer:?}");
    };
    assert_eq!(properties.principal, alice());
    let five = [
        Property::State(PresenceState::Away),
        Property::DisplayName("Alice Archer".into()),
        Property::Email("alice@example.com".into()),
        Property::MobileState(false),
        Property::MobileDescription(String::new()),
    ];
    assert_eq!(properties.found, five);
    let subscription = PropertySubscription {
        id,
        watcher: bob(),
        subscriber: Identity::Person(bob()),
        ends: stage.now + Duration::from_secs(LIFETIME),
    };
    assert_eq!(stage.persisted(), [Change::PutSubscription(subscription)]);
    assert_eq!(stage.wakes_in(), [LIFETIME]);
    assert_eq!(stage.told(), [], "the answer has told it already");
}

#[test]
fn a_watcher_without_the_right_to_read_is_told_the_state_and_what_the_url_says() {
    let mut stage = Stage::watched();
    stage.change_access([entry(&carol(), &[], &[Right::Read])]);
    let answer = stage.request(&proved(&carol()), watch(&carol()));
    let Ok(Reply::Subscribed {
        properties: Some(properties),
        ..
    }) = answer
    else {
        panic!("not watched: {answer:?}");
    };
    let five = [
        Property::State(PresenceState::Online),
        Property::DisplayName("alice".into()),
        Property::Email(String::new()),
        Property::MobileState(false),
        Property::MobileDescription(String::new()),
    ];
    assert_eq!(properties.found, five, "Miranda crashes where one is missing");
}

#[test]
fn an_assertion_that_is_believed_for_the_state_is_believed_for_the_name() {
    let mut stage = Stage::watched();
    let mut contact = entry(&carol(), &[Right::Presence], &[]);
    contact.credentials = listed(&[Credential::Assertion]);
    stage.change_access([contact]);
    let answer = stage.request(&asserted(&carol()), watch(&carol()));
    let Ok(Reply::Subscribed {
        properties: Some(properties),
        ..
    }) = answer
    else {
        panic!("not watched: {answer:?}");
    };
    assert_eq!(properties.found[1], Property::DisplayName("Alice Archer".into()));
}

#[test]
fn somebody_blocked_is_answered_offline_and_told_nothing() {
    let mut stage = Stage::watched();
    stage.change_access([block(&carol())]);
    let (id, state) = stage.watch(&carol());
    assert_eq!(state, PresenceState::Offline);
    assert!(
        stage.kept.subscriptions.iter().any(|each| each.id == id),
        "it is kept as any other"
    );
    stage.set(leased(PresenceState::Busy));
    assert_eq!(stage.told_states(), [(PresenceState::Busy, vec![bob()])]);
    let renewed = stage.request(&proved(&carol()), refresh(id, 60));
    assert!(renewed.is_ok(), "a block does not show: {renewed:?}");
}

#[test]
fn everybody_watching_is_told_once_however_often_they_subscribed() {
    let mut stage = Stage::watched();
    for watcher in [carol(), bob(), alice(), bob()] {
        assert_eq!(stage.watch(&watcher).1, PresenceState::Online);
    }
    stage.set(leased(PresenceState::Busy));
    let all = vec![alice(), bob(), carol()];
    assert_eq!(stage.told_states(), [(PresenceState::Busy, all)]);
}

#[test]
fn a_bare_listener_is_never_told_of_changes() {
    let mut stage = Stage::new();
    let method = || {
        let call_back = CallBack::Client(listener(1));
        subscribe(SubscriptionKind::Property, call_back, 60)
    };
    for caller in [alice(), bob()] {
        assert_eq!(stage.request(&proved(&caller), method()), Err(Fault::Forbidden));
    }
    assert_eq!(stage.kept.subscriptions, []);
}

#[test]
fn an_assertion_watches_only_where_the_list_believes_it() {
    let mut stage = Stage::watched();
    let answer = stage.request(&asserted(&carol()), watch(&carol()));
    assert_eq!(answer, Err(Fault::Unauthenticated));
    stage.change_access([everybody(
        listed(&[Credential::Assertion]),
        &[Right::Presence],
        &[],
    )]);
    let (_, state) = stage.subscribe(&asserted(&carol()), watch(&carol()));
    assert_eq!(state, Some(PresenceState::Online));
}

#[test]
fn watching_for_somebody_else_needs_its_own_right() {
    let mut stage = Stage::watched();
    let dave = person("dave");
    let answer = stage.request(&proved(&carol()), watch(&dave));
    assert_eq!(answer, Err(Fault::Forbidden));
    stage.change_access([entry(&carol(), &[Right::Presence, Right::SubscribeOthers], &[])]);
    let (_, state) = stage.subscribe(&proved(&carol()), watch(&dave));
    assert_eq!(state, Some(PresenceState::Online));
    stage.set(leased(PresenceState::Busy));
    assert_eq!(stage.told_states(), [(PresenceState::Busy, vec![bob(), dave])]);
}

#[test]
fn a_watch_for_somebody_else_tells_nothing_when_either_is_blocked() {
    for blocked in ["carol", "dave"] {
        let mut stage = Stage::watched();
        let (carol, dave) = (carol(), person("dave"));
        let may = entry(&carol, &[Right::Presence, Right::SubscribeOthers], &[]);
        stage.change_access([may]);
        stage.subscribe(&proved(&carol), watch(&dave));
        stage.change_access([block(&person(blocked))]);
        let told = stage.told_states();
        assert_eq!(told, [(PresenceState::Offline, vec![dave])]);
        stage.set(leased(PresenceState::Busy));
        assert_eq!(stage.told_states(), [(PresenceState::Busy, vec![bob()])]);
    }
}

#[test]
fn a_server_has_no_presence_of_its_own_to_be_told() {
    let mut stage = Stage::new();
    let server = rvp::Caller {
        identity: Identity::parse("im.example.com").unwrap(),
        credential: Credential::Digest,
    };
    assert_eq!(stage.request(&server, watch(&bob())), Err(Fault::Forbidden));
}

#[test]
fn the_ninth_subscription_of_a_watcher_takes_the_place_of_the_one_that_ends_first() {
    let mut stage = Stage::new();
    let lifetimes = [800, 700, 100, 600, 500, 400, 300, 200];
    let subscribe = |stage: &mut Stage, seconds| {
        let method = watch_for(&bob(), seconds);
        stage.subscribe(&proved(&bob()), method).0
    };
    let ids: Vec<SubscriptionId> = lifetimes.map(|each| subscribe(&mut stage, each)).into();
    stage.watch(&carol());
    let ninth = subscribe(&mut stage, 50);
    assert!(stage.persisted().contains(&Change::RemoveSubscription(ids[2])));
    let left: Vec<_> = stage.subscribed(SubscriptionKind::Property);
    assert_eq!(left.len(), 9);
    assert!(left.iter().any(|(id, _)| *id == ninth));
    assert!(left.iter().all(|(id, _)| *id != ids[2]));
    stage.request(&proved(&bob()), refresh(ids[7], 900)).unwrap();
    assert_eq!(
        stage.persisted().len(),
        1,
        "a renewal needs no room: {:?}",
        stage.effects
    );
}

#[test]
fn ten_thousand_watchers_have_room_and_no_more() {
    let mut durable = Durable::new(kept::account(&alice()));
    let watcher = |number: u32| PropertySubscription {
        id: SubscriptionId::new(number).unwrap(),
        watcher: person(&format!("watcher{number}")),
        subscriber: Identity::Person(person(&format!("watcher{number}"))),
        ends: start() + Duration::from_secs(u64::from(number)),
    };
    durable.subscriptions = (2..=10_000).map(watcher).collect();
    let mut stage = Stage::of(durable);
    let (last, _) = stage.watch(&bob());
    let answer = stage.request(&proved(&carol()), watch(&carol()));
    assert_eq!(answer, Err(Fault::Busy));
    assert_eq!(stage.effects, []);
    stage.request(&proved(&bob()), refresh(last, 60)).unwrap();
    stage.request(&proved(&bob()), say::unsubscribe(last)).unwrap();
    stage.watch(&carol());
}

#[test]
fn a_watch_ends_by_itself_and_nobody_is_told() {
    let mut stage = Stage::watched();
    let (id, _) = stage.subscribe(&proved(&carol()), watch_for(&carol(), 60));
    stage.lapse_after(59);
    assert_eq!(stage.persisted(), []);
    stage.lapse_after(1);
    assert_eq!(stage.persisted(), [Change::RemoveSubscription(id)]);
    assert_eq!(stage.told(), []);
    stage.set(leased(PresenceState::Busy));
    assert_eq!(stage.told_states(), [(PresenceState::Busy, vec![bob()])]);
    let answer = stage.request(&proved(&carol()), refresh(id, 60));
    assert_eq!(answer, Err(Fault::NoSuchSubscription));
}

#[test]
fn a_watch_that_may_not_be_made_leaves_no_trace() {
    let mut stage = Stage::new();
    for caller in [proved(&carol()), asserted(&carol())] {
        assert!(stage.request(&caller, watch(&bob())).is_err());
        assert_eq!(stage.effects, []);
    }
    let refused = stage.request(&proved(&bob()), change_access([block(&carol())]));
    assert_eq!(refused, Err(Fault::Forbidden));
}
