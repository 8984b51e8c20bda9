//! Lists of who watches and of one's own logins.

use super::say::{alice, asserted, bob, carol, entry, listener, proved, watch_for};
use super::stage::Stage;
use rvp::access::Right;
use rvp::method::Subscriptions;
use rvp::method::subscriptions::Subscribed;
use rvp::{CallBack, Fault, Identity, Lifetime, Method, Principal, Reply, SubscriptionKind};

fn list(kind: SubscriptionKind) -> Method {
    Method::Subscriptions(Subscriptions { kind })
}

const BOTH: [SubscriptionKind; 2] = [SubscriptionKind::Login, SubscriptionKind::Property];

#[test]
fn without_subscriptions_the_list_is_empty() {
    for kind in BOTH {
        let answer = Stage::new().request(&proved(&alice()), list(kind));
        assert_eq!(answer, Ok(Reply::Subscriptions(Vec::new())));
    }
}

#[test]
fn watchers_are_listed_with_the_seconds_they_have_left() {
    let mut stage = Stage::watched();
    let (id, _) = stage.subscribe(&proved(&carol()), watch_for(&carol(), 100));
    let bobs = stage
        .kept
        .subscriptions
        .iter()
        .find(|each| each.id != id)
        .unwrap()
        .id;
    stage.later(40);
    let line = |id, person: Principal, left| Subscribed {
        id,
        call_back: CallBack::Principal(person.clone()),
        subscriber: Identity::Person(person),
        left: Lifetime(left),
    };
    let mut lines = vec![line(bobs, bob(), 14_360), line(id, carol(), 60)];
    lines.sort_by_key(|each| each.id);
    let answer = stage.request(&proved(&alice()), list(SubscriptionKind::Property));
    assert_eq!(answer, Ok(Reply::Subscriptions(lines)));
}

#[test]
fn logins_are_listed_with_their_listeners() {
    let mut stage = Stage::watched();
    let line = Subscribed {
        id: stage.kept.logins[0].id,
        call_back: CallBack::Client(listener(1)),
        subscriber: Identity::Person(alice()),
        left: Lifetime(14_400),
    };
    let answer = stage.request(&proved(&alice()), list(SubscriptionKind::Login));
    assert_eq!(answer, Ok(Reply::Subscriptions(vec![line])));
}

#[test]
fn what_has_ended_and_was_not_looked_at_yet_has_no_seconds_left() {
    let mut stage = Stage::watched();
    stage.later(20_000);
    for kind in BOTH {
        let left: Vec<u32> = stage.subscribed(kind).into_iter().map(|(_, left)| left).collect();
        assert_eq!(left, [0]);
    }
}

#[test]
fn lists_are_for_those_with_the_right_to_them() {
    let mut stage = Stage::watched();
    for kind in BOTH {
        let answer = stage.request(&proved(&bob()), list(kind));
        assert_eq!(answer, Err(Fault::Forbidden));
        let answer = stage.request(&asserted(&alice()), list(kind));
        assert_eq!(answer, Err(Fault::Unauthenticated));
    }
    stage.change_access([entry(&bob(), &[Right::Subscriptions], &[])]);
    let answer = stage.request(&proved(&bob()), list(SubscriptionKind::Property));
    let Ok(Reply::Subscriptions(lines)) = answer else {
        panic!("not listed: {answer:?}");
    };
    assert_eq!(lines.len(), 1);
}
