//! Accounts that were changed from outside.

use super::say::{
    alice, asserted, bob, carol, flat, leased, log_on, message, proved, refresh, set, unsubscribe, watch,
};
use super::stage::Stage;
use crate::command::Command;
use rvp::method::{Acl, Propfind, Subscriptions};
use rvp::notification::AckType;
use rvp::{Fault, Identity, Method, PresenceState, Property, SubscriptionKind};
use store::Account;

fn change(stage: &mut Stage, change: impl FnOnce(&mut Account)) {
    change_kept(stage, change);
    let account = stage.kept.account.clone();
    stage.apply(Command::Account(Box::new(account)));
}

/// The account is in the store before the core hears of it.
fn change_kept(stage: &mut Stage, change: impl FnOnce(&mut Account)) {
    change(&mut stage.kept.account);
}

#[test]
fn a_disabled_person_is_logged_off_everywhere_and_told_as_one_change() {
    let mut stage = Stage::watched();
    stage.log_on(2);
    stage.later(1);
    stage.set(leased(PresenceState::Busy));
    change(&mut stage, |account| account.disabled = true);
    assert_eq!(stage.told_states(), [(PresenceState::Offline, vec![bob()])]);
    assert_eq!((stage.kept.logins.len(), stage.kept.views.len()), (0, 0));
    assert_eq!(stage.kept.subscriptions.len(), 1, "everything else is kept");
    change(&mut stage, |account| account.email.clear());
    assert_eq!(stage.told(), []);
}

#[test]
fn a_disabled_person_is_offline_even_without_a_login() {
    let mut stage = Stage::new();
    stage.watch(&bob());
    stage.set(flat(PresenceState::Online));
    change(&mut stage, |account| account.disabled = true);
    assert_eq!(stage.told_states(), [(PresenceState::Offline, vec![bob()])]);
}

#[test]
fn a_disabled_person_is_nobody_to_others_and_may_nothing() {
    let mut stage = Stage::watched();
    let (login, watching) = (stage.kept.logins[0].id, stage.kept.subscriptions[0].id);
    change(&mut stage, |account| account.disabled = true);
    let kind = SubscriptionKind::Login;
    let methods = |from| {
        [
            log_on(1),
            watch(&bob()),
            refresh(login, 60),
            unsubscribe(watching),
            Method::Subscriptions(Subscriptions { kind }),
            Method::Propfind(Propfind::All),
            set(leased(PresenceState::Online)),
            message(&Identity::Person(from), AckType::DeepOr),
            Method::Acl(Acl::Read),
        ]
    };
    for (caller, from, fault) in [
        (proved(&alice()), alice(), Fault::Forbidden),
        (asserted(&alice()), alice(), Fault::Unauthenticated),
        (proved(&bob()), bob(), Fault::NoSuchPrincipal),
        (asserted(&bob()), bob(), Fault::NoSuchPrincipal),
    ] {
        for method in methods(from) {
            let name = method.name();
            let answer = stage.request(&caller, method);
            assert_eq!(answer, Err(fault), "{name} by {caller:?}");
            assert_eq!(stage.effects, []);
        }
    }
}

#[test]
fn a_person_who_is_enabled_again_logs_on_and_is_watched_as_before() {
    let mut stage = Stage::watched();
    change(&mut stage, |account| account.disabled = true);
    change(&mut stage, |account| account.disabled = false);
    assert_eq!(stage.told(), []);
    stage.log_on(1);
    stage.set(leased(PresenceState::Online));
    assert_eq!(stage.told_states(), [(PresenceState::Online, vec![bob()])]);
}

#[test]
fn a_new_display_name_is_told_to_who_may_see_and_not_written_again() {
    let mut stage = Stage::watched();
    stage.change_access([super::say::block(&carol())]);
    stage.watch(&carol());
    change(&mut stage, |account| account.display_name = "Al".into());
    let name = Property::DisplayName("Al".into());
    assert_eq!(stage.told(), [(vec![name], vec![bob()])]);
    assert_eq!(stage.persisted(), []);
    change(&mut stage, |account| account.email = "al@example.com".into());
    assert_eq!(stage.effects, []);
}
