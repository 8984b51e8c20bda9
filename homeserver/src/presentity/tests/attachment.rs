//! Logins that are reached by connections: they stay for a while when the connection is lost, and go on at another.

use super::say::{alice, bob, proved, set, watch};
use super::stage::Stage;
use crate::command::{Command, Effect, RouterName, Verdict};
use proto::{ClientLogin, Detach};
use rvp::method::{Subscribe, Unsubscribe};
use rvp::{
    AttachmentId, CallBack, Fault, Lifetime, Method, PresenceState, Reach, Reply, SubscriptionId,
    SubscriptionKind,
};

fn attach(number: u128) -> Method {
    Method::Subscribe(Subscribe::New {
        kind: SubscriptionKind::Login,
        call_back: CallBack::Attachment(AttachmentId::new(number)),
        lifetime: Lifetime(14_400),
    })
}

fn asked(
    stage: &mut Stage,
    router: &str,
    login: Option<SubscriptionId>,
    method: Method,
) -> Result<Reply, Fault> {
    let verdict = stage.request_of(router, &proved(&alice()), login, method);
    let Verdict::Now(answer) = verdict else {
        panic!("{verdict:?}");
    };
    answer
}

fn login(stage: &mut Stage, router: &str, of: Option<SubscriptionId>, number: u128) -> SubscriptionId {
    match asked(stage, router, of, attach(number)) {
        Ok(Reply::Subscribed { id, .. }) => id,
        other => panic!("{other:?}"),
    }
}

fn detached(login: SubscriptionId, number: u128, seconds: u32) -> Command {
    Command::Detached {
        login,
        attachment: AttachmentId::new(number),
        stays: Lifetime(seconds),
    }
}

fn detaches(stage: &Stage) -> Vec<(RouterName, ClientLogin, Detach)> {
    let told = |effect: &Effect| {
        let Effect::Detach(router, client, why) = effect else {
            return None;
        };
        Some((router.clone(), client.clone(), *why))
    };
    stage.effects.iter().filter_map(told).collect()
}

/// Alice, attached by connection 1 at r-1 and online; bob watches her.
fn online() -> (Stage, SubscriptionId) {
    let mut stage = Stage::new();
    let id = login(&mut stage, "r-1", None, 1);
    let state = set(super::say::flat(PresenceState::Online));
    asked(&mut stage, "r-1", Some(id), state).unwrap();
    stage.request(&proved(&bob()), watch(&bob())).unwrap();
    (stage, id)
}

fn reaches(stage: &Stage) -> Vec<(SubscriptionId, Reach, String)> {
    let logins = stage.kept.logins.iter();
    logins
        .map(|each| (each.id, each.reach.clone(), each.router.clone()))
        .collect()
}

#[test]
fn it_goes_on_at_another_router_and_the_one_before_is_told() {
    let (mut stage, id) = online();
    stage.apply(detached(id, 1, 60));
    stage.lapse_after(59);
    assert_eq!(login(&mut stage, "r-2", Some(id), 2), id);
    let [(router, client, why)] = &detaches(&stage)[..] else {
        panic!("{:?}", stage.effects);
    };
    assert_eq!((&**router, *why), ("r-1", Detach::Resumed));
    assert_eq!(client.reach, Reach::Attachment(AttachmentId::new(1)));
    // Late news of the connection before change nothing.
    stage.apply(detached(id, 1, 0));
    stage.apply(Command::RouterLost("r-1".into()));
    stage.lapse_after(3_600);
    assert_eq!(
        reaches(&stage),
        [(id, Reach::Attachment(AttachmentId::new(2)), "r-2".to_owned())]
    );
    let renewal = Method::Subscribe(Subscribe::Refresh {
        id,
        lifetime: Lifetime(14_400),
    });
    assert_eq!(
        asked(&mut stage, "r-1", Some(id), renewal),
        Err(Fault::NoSuchSubscription),
        "the router before does not get it back"
    );
}

#[test]
fn without_its_connection_it_ends_after_its_time() {
    let (mut stage, id) = online();
    stage.apply(detached(id, 1, 60));
    stage.lapse_after(59);
    assert_eq!(reaches(&stage).len(), 1);
    stage.lapse_after(2);
    assert_eq!(reaches(&stage), []);
    assert_eq!(
        asked(&mut stage, "r-1", Some(id), attach(2)),
        Err(Fault::NoSuchSubscription)
    );
}

#[test]
fn a_router_that_is_lost_has_a_minute_to_say_that_it_is_there() {
    for says in [false, true] {
        let (mut stage, id) = online();
        stage.apply(Command::RouterLost("r-2".into()));
        stage.apply(Command::RouterLost("r-1".into()));
        if says {
            let renewal = Method::Subscribe(Subscribe::Refresh {
                id,
                lifetime: Lifetime(14_400),
            });
            asked(&mut stage, "r-1", Some(id), renewal).unwrap();
        }
        stage.lapse_after(61);
        assert_eq!(reaches(&stage).len(), usize::from(says));
    }
}

#[test]
fn only_logins_by_connections_go_on_so_and_only_with_one() {
    let mut stage = Stage::new();
    let Ok(Reply::Subscribed { id: listening, .. }) = stage.request(&proved(&alice()), super::say::log_on(1))
    else {
        panic!("a log-on");
    };
    let refused = Err(Fault::NoSuchSubscription);
    assert_eq!(asked(&mut stage, "r-1", Some(listening), attach(1)), refused);
    let attached = login(&mut stage, "r-1", None, 1);
    assert_eq!(
        asked(&mut stage, "r-1", Some(attached), super::say::log_on(1)),
        refused
    );
}

#[test]
fn each_login_has_a_state_of_its_own_and_takes_it_along() {
    let mut stage = Stage::new();
    let (one, other) = (
        login(&mut stage, "r-1", None, 1),
        login(&mut stage, "r-1", None, 2),
    );
    for (id, state) in [(one, PresenceState::Busy), (other, PresenceState::Away)] {
        asked(&mut stage, "r-1", Some(id), set(super::say::flat(state))).unwrap();
    }
    let views: Vec<_> = stage
        .kept
        .views
        .iter()
        .map(|view| (view.login, view.state))
        .collect();
    assert!(views.contains(&(Some(one), PresenceState::Busy)), "{views:?}");
    assert!(views.contains(&(Some(other), PresenceState::Away)), "{views:?}");
    let log_off = Method::Unsubscribe(Unsubscribe { id: other });
    asked(&mut stage, "r-1", Some(other), log_off).unwrap();
    assert_eq!(detaches(&stage), [], "who logs off hears it on its connection");
    assert_eq!(stage.kept.views.len(), 1);
    let flat = set(super::say::flat(PresenceState::Online));
    assert_eq!(
        asked(&mut stage, "r-1", Some(other), flat),
        Err(Fault::NoSuchSubscription)
    );
    // Another client of hers ends the one that is left.
    asked(
        &mut stage,
        "r-1",
        None,
        Method::Unsubscribe(Unsubscribe { id: one }),
    )
    .unwrap();
    assert_eq!(detaches(&stage)[0].2, Detach::Ended);
}
