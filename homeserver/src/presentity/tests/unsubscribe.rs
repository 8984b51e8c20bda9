//! Logging off, and ending a watch.

use super::say::{alice, asserted, block, bob, carol, entry, leased, person, proved, unsubscribe, watch};
use super::stage::Stage;
use rvp::access::Right;
use rvp::{Fault, PresenceState, Reply, SubscriptionId, SubscriptionKind};
use store::Change;

#[test]
fn logging_off_takes_the_view_along_and_tells_watchers_once() {
    let mut stage = Stage::watched();
    let (login, view) = (stage.kept.logins[0].id, stage.kept.views[0].id);
    let answer = stage.request(&proved(&alice()), unsubscribe(login));
    assert_eq!(answer, Ok(Reply::Unsubscribed));
    let gone = [Change::RemoveLogin(login), Change::RemoveView(view)];
    assert_eq!(stage.persisted(), gone);
    assert_eq!(stage.told_states(), [(PresenceState::Offline, vec![bob()])]);
    stage.lapse_after(86_400);
    assert_eq!(stage.told(), []);
}

#[test]
fn logging_off_with_one_device_leaves_the_other_as_it_is() {
    let mut stage = Stage::watched();
    let second = stage.log_on(2);
    stage.set(leased(PresenceState::Online));
    stage.request(&proved(&alice()), unsubscribe(second)).unwrap();
    assert_eq!(stage.told(), []);
    let third = stage.log_on(3);
    stage.later(1);
    stage.set(leased(PresenceState::Busy));
    stage.request(&proved(&alice()), unsubscribe(third)).unwrap();
    assert_eq!(stage.told_states(), [(PresenceState::Online, vec![bob()])]);
    assert_eq!(stage.kept.logins.len(), 1);
}

#[test]
fn who_stops_watching_is_told_no_more() {
    let mut stage = Stage::watched();
    let (id, _) = stage.watch(&carol());
    let answer = stage.request(&proved(&carol()), unsubscribe(id));
    assert_eq!(answer, Ok(Reply::Unsubscribed));
    assert_eq!(stage.persisted(), [Change::RemoveSubscription(id)]);
    stage.set(leased(PresenceState::Busy));
    assert_eq!(stage.told_states(), [(PresenceState::Busy, vec![bob()])]);
}

#[test]
fn the_owner_ends_anybodys_watch_and_others_only_theirs() {
    let mut stage = Stage::watched();
    let watching = stage.kept.subscriptions[0].id;
    let login = stage.kept.logins[0].id;
    for id in [watching, login] {
        let answer = stage.request(&proved(&carol()), unsubscribe(id));
        assert_eq!(answer, Err(Fault::Forbidden));
        assert_eq!(stage.effects, []);
    }
    stage.request(&proved(&alice()), unsubscribe(watching)).unwrap();
    assert_eq!(stage.subscribed(SubscriptionKind::Property), []);
}

#[test]
fn what_is_not_there_cannot_be_ended() {
    let mut stage = Stage::watched();
    let watching = stage.kept.subscriptions[0].id;
    stage.request(&proved(&bob()), unsubscribe(watching)).unwrap();
    for id in [watching, SubscriptionId::new(1).unwrap()] {
        for person in [alice(), bob(), carol()] {
            let answer = stage.request(&proved(&person), unsubscribe(id));
            assert_eq!(answer, Err(Fault::NoSuchSubscription));
        }
    }
}

#[test]
fn an_assertion_ends_nothing() {
    let mut stage = Stage::watched();
    let ids = [stage.kept.subscriptions[0].id, stage.kept.logins[0].id];
    for id in ids {
        for person in [alice(), bob(), carol()] {
            let answer = stage.request(&asserted(&person), unsubscribe(id));
            assert_eq!(answer, Err(Fault::Unauthenticated));
        }
    }
    assert_eq!(stage.effects, []);
}

#[test]
fn somebody_blocked_may_still_stop_watching() {
    let mut stage = Stage::watched();
    let watching = stage.kept.subscriptions[0].id;
    stage.change_access([block(&bob())]);
    let answer = stage.request(&proved(&bob()), unsubscribe(watching));
    assert_eq!(answer, Ok(Reply::Unsubscribed));
}

#[test]
fn a_watch_for_somebody_else_is_ended_by_who_made_it() {
    let mut stage = Stage::new();
    let dave = person("dave");
    stage.change_access([entry(&carol(), &[Right::SubscribeOthers], &[])]);
    let (id, _) = stage.subscribe(&proved(&carol()), watch(&dave));
    let answer = stage.request(&proved(&dave), unsubscribe(id));
    assert_eq!(answer, Err(Fault::Forbidden));
    let answer = stage.request(&proved(&carol()), unsubscribe(id));
    assert_eq!(answer, Ok(Reply::Unsubscribed));
}
