//! Logging on, and renewing.

use super::say::{
    LIFETIME, alice, asserted, bob, carol, listener, log_on, log_on_for, proved, refresh, showing, subscribe,
    watch,
};
use super::stage::{ROUTER, Stage};
use rvp::{CallBack, Credential, Fault, Lifetime, Reply, SubscriptionId, SubscriptionKind};
use std::time::Duration;
use store::{Change, Login};

#[test]
fn a_log_on_is_durable_and_answered_with_its_id_and_lifetime() {
    let mut stage = Stage::new();
    let answer = stage.request(&proved(&alice()), log_on(1));
    let Ok(Reply::Subscribed {
        id,
        lifetime,
        properties,
    }) = answer
    else {
        panic!("not logged on: {answer:?}");
    };
    assert_eq!((lifetime, properties), (Lifetime(14_400), None));
    let login = Login {
        id,
        reach: listener(1).into(),
        router: ROUTER.into(),
        ends: stage.now + Duration::from_secs(LIFETIME),
    };
    assert_eq!(stage.persisted(), [Change::PutLogin(login)]);
    assert_eq!(stage.wakes_in(), [LIFETIME]);
}

#[test]
fn a_log_on_alone_shows_nobody_online() {
    let mut stage = Stage::new();
    stage.watch(&bob());
    stage.log_on(1);
    assert_eq!(stage.told(), []);
    assert_eq!(stage.watch(&carol()).1, rvp::PresenceState::Offline);
}

#[test]
fn a_lifetime_is_granted_from_one_second_to_four_hours() {
    let mut stage = Stage::new();
    for (asked, granted) in [(0, 1), (1, 1), (600, 600), (14_401, 14_400), (u32::MAX, 14_400)] {
        let answer = stage.request(&proved(&alice()), log_on_for(1, asked));
        let Ok(Reply::Subscribed { lifetime, .. }) = answer else {
            panic!("not logged on: {answer:?}");
        };
        assert_eq!(lifetime, Lifetime(granted), "asked for {asked}");
        assert_eq!(stage.wakes_in(), [u64::from(granted)]);
    }
}

#[test]
fn only_the_person_logs_on_and_only_with_proof() {
    let mut stage = Stage::new();
    for credential in [Credential::Digest, Credential::Ntlm, Credential::Internal] {
        assert!(stage.request(&showing(&alice(), credential), log_on(1)).is_ok());
        let sink = stage.request(&showing(&bob(), credential), log_on(2));
        assert_eq!(
            sink,
            Err(Fault::Forbidden),
            "a sink of somebody else is not served"
        );
    }
    for person in [alice(), bob()] {
        assert_eq!(
            stage.request(&asserted(&person), log_on(2)),
            Err(Fault::Unauthenticated)
        );
    }
    assert_eq!(stage.kept.logins.len(), 3);
}

#[test]
fn a_log_on_needs_the_listener_of_a_client() {
    let call_back = CallBack::Principal(alice());
    let method = subscribe(SubscriptionKind::Login, call_back, 60);
    let answer = Stage::new().request(&proved(&alice()), method);
    assert_eq!(answer, Err(Fault::BadRequest));
}

#[test]
fn equal_log_ons_are_independent() {
    let mut stage = Stage::new();
    let (one, other) = (stage.log_on(1), stage.log_on(1));
    assert_ne!(one, other);
    stage
        .request(&proved(&alice()), super::say::unsubscribe(one))
        .unwrap();
    assert_eq!(stage.subscribed(SubscriptionKind::Login), [(other, 14_400)]);
}

#[test]
fn a_seventeenth_login_takes_the_place_of_the_one_that_would_end_first() {
    let mut stage = Stage::new();
    let mut logins = Vec::new();
    for port in 1..=16 {
        logins.push(stage.log_on(port));
        stage.later(1);
    }
    stage.renew(logins[0]);
    let newest = stage.log_on(17);
    assert!(stage.persisted().contains(&Change::RemoveLogin(logins[1])));
    let mut left: Vec<_> = stage
        .subscribed(SubscriptionKind::Login)
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    let mut expected = logins.clone();
    expected.retain(|id| *id != logins[1]);
    expected.push(newest);
    left.sort_unstable();
    expected.sort_unstable();
    assert_eq!(left, expected);
}

#[test]
fn a_renewed_login_ends_later_and_is_reached_through_the_router_it_came_by() {
    let mut stage = Stage::new();
    let id = stage.log_on(1);
    stage.later(14_000);
    stage.request_by("router-2", &proved(&alice()), refresh(id, 600));
    let login = Login {
        id,
        reach: listener(1).into(),
        router: "router-2".into(),
        ends: stage.now + Duration::from_secs(600),
    };
    assert_eq!(stage.persisted(), [Change::PutLogin(login)]);
    assert_eq!(stage.wakes_in(), [600]);
    stage.lapse_after(599);
    assert_eq!(stage.subscribed(SubscriptionKind::Login), [(id, 1)]);
    stage.lapse_after(1);
    assert_eq!(stage.subscribed(SubscriptionKind::Login), []);
}

#[test]
fn a_renewal_is_answered_without_properties() {
    let mut stage = Stage::new();
    let login = stage.log_on(1);
    let (watching, _) = stage.watch(&bob());
    for (caller, id) in [(alice(), login), (bob(), watching), (alice(), watching)] {
        let lifetime = Lifetime(300);
        let answer = stage.request(&proved(&caller), refresh(id, 300));
        assert_eq!(
            answer,
            Ok(Reply::Subscribed {
                id,
                lifetime,
                properties: None
            })
        );
    }
}

#[test]
fn a_renewal_of_what_is_not_there_says_so_to_who_proved_who_they_are() {
    let mut stage = Stage::new();
    let unknown = SubscriptionId::new(1).unwrap();
    for person in [alice(), bob()] {
        let answer = stage.request(&proved(&person), refresh(unknown, 300));
        assert_eq!(answer, Err(Fault::NoSuchSubscription));
        let answer = stage.request(&asserted(&person), refresh(unknown, 300));
        assert_eq!(answer, Err(Fault::Unauthenticated));
    }
}

#[test]
fn nobody_renews_what_is_somebody_elses() {
    let mut stage = Stage::new();
    let login = stage.log_on(1);
    let (watching, _) = stage.watch(&bob());
    for id in [login, watching] {
        let answer = stage.request(&proved(&carol()), refresh(id, 300));
        assert_eq!(answer, Err(Fault::Forbidden));
        assert_eq!(stage.effects, []);
    }
    let answer = stage.request(&asserted(&bob()), refresh(watching, 300));
    assert_eq!(answer, Err(Fault::Unauthenticated));
}

#[test]
fn an_id_belongs_to_one_subscription_whatever_its_kind() {
    let mut stage = Stage::new();
    let mut ids: Vec<_> = (1..=16).map(|port| stage.log_on(port)).collect();
    ids.extend((0..8).map(|_| stage.subscribe(&proved(&bob()), watch(&bob())).0));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 24);
}

#[test]
fn a_renewal_that_changes_only_a_distant_end_need_not_be_durable_at_once() {
    let mut stage = Stage::new();
    let login = stage.log_on(1);
    let (watching, _) = stage.watch(&bob());
    // Long before the end; with a minute to go; and with less.
    for (later, waits) in [(10, true), (LIFETIME - 60, true), (LIFETIME - 59, false)] {
        stage.later(later);
        let ends = stage.now + Duration::from_secs(LIFETIME);
        stage
            .request(&proved(&alice()), refresh(login, LIFETIME as u32))
            .unwrap();
        let of_login = stage.persisted();
        stage
            .request(&proved(&bob()), refresh(watching, LIFETIME as u32))
            .unwrap();
        let of_watch = stage.persisted();
        if waits {
            assert_eq!(of_login, [Change::RenewLogin(login, ends)]);
            assert_eq!(of_watch, [Change::RenewSubscription(watching, ends)]);
        } else {
            assert!(matches!(of_login[..], [Change::PutLogin(_)]), "{of_login:?}");
            assert!(
                matches!(of_watch[..], [Change::PutSubscription(_)]),
                "{of_watch:?}"
            );
        }
    }
    // An end that comes nearer is durable at once.
    stage.request(&proved(&bob()), refresh(watching, 600)).unwrap();
    assert!(matches!(stage.persisted()[..], [Change::PutSubscription(_)]));
}
