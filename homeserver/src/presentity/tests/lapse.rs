//! What ends by itself, and when the core wants to be told of the time.

use super::say::{LEASE, LIFETIME, alice, bob, carol, flat, leased, log_on_for, of_view, proved, watch_for};
use super::stage::Stage;
use crate::command::Command;
use rvp::method::proppatch::StatePatch;
use rvp::property::Lease;
use rvp::{Lifetime, PresenceState};
use store::Change;

fn falling_back_to(default: PresenceState) -> StatePatch {
    let timeout = Lifetime(1_200);
    StatePatch {
        lease: Some(Lease { default, timeout }),
        ..leased(PresenceState::Online)
    }
}

#[test]
fn a_lapsed_lease_is_kept_for_a_grace_and_then_falls_back_to_offline() {
    let mut stage = Stage::watched();
    let view = stage.kept.views[0].id;
    stage.lapse_after(LEASE + 29);
    assert_eq!((stage.told(), stage.persisted()), (vec![], vec![]));
    assert_eq!(stage.wakes_in(), [1]);
    stage.lapse_after(1);
    assert_eq!(stage.told_states(), [(PresenceState::Offline, vec![bob()])]);
    assert_eq!(stage.persisted(), [Change::RemoveView(view)]);
    assert_eq!(stage.kept.logins.len(), 1, "the client is still logged on");
    stage.lapse_after(1);
    assert_eq!(stage.told(), [], "it is told once");
}

#[test]
fn a_refresh_within_the_grace_shows_no_flicker() {
    let mut stage = Stage::watched();
    let view = stage.kept.views[0].id;
    stage.lapse_after(LEASE + 29);
    let (_, same) = stage.set(of_view(view, leased(PresenceState::Online)));
    assert_eq!((same, stage.told()), (view, vec![]));
    stage.lapse_after(1);
    assert_eq!(stage.told(), []);
    assert_eq!(stage.wakes_in(), [LEASE + 29]);
}

#[test]
fn a_lapsed_lease_falls_back_to_its_default_until_the_login_ends() {
    let mut stage = Stage::new();
    let login = stage.log_on(1);
    stage.watch(&bob());
    let (_, view) = stage.set(falling_back_to(PresenceState::Away));
    stage.lapse_after(LEASE + 30);
    assert_eq!(stage.told_states(), [(PresenceState::Away, vec![bob()])]);
    assert_eq!(stage.wakes_in(), [LIFETIME - LEASE - 30]);
    stage.renew(login);
    stage.lapse_after(10_000);
    assert_eq!(stage.told(), []);
    assert_eq!(stage.set(of_view(view, leased(PresenceState::Away))).1, view);
    assert_eq!(stage.told(), []);
}

#[test]
fn a_default_that_nobody_sees_ends_the_view() {
    for default in [PresenceState::Offline, PresenceState::Invisible] {
        let mut stage = Stage::new();
        stage.log_on(1);
        stage.set(falling_back_to(default));
        stage.lapse_after(LEASE + 30);
        assert_eq!(stage.kept.views, []);
    }
}

#[test]
fn a_default_without_a_login_holds_for_nobody() {
    let mut stage = Stage::new();
    stage.watch(&bob());
    stage.set(falling_back_to(PresenceState::Away));
    stage.lapse_after(LEASE + 30);
    assert_eq!(stage.told_states(), [(PresenceState::Offline, vec![bob()])]);
    assert_eq!(stage.kept.views, []);
}

#[test]
fn falling_back_does_not_make_a_device_the_one_touched_last() {
    let mut stage = Stage::new();
    stage.watch(&bob());
    stage.log_on(1);
    stage.set(falling_back_to(PresenceState::Away));
    stage.later(60);
    stage.log_on(2);
    stage.set(flat(PresenceState::Busy));
    stage.lapse_after(LEASE + 30);
    assert_eq!(stage.told(), []);
    assert_eq!(stage.state(), PresenceState::Busy);
}

#[test]
fn a_device_that_falls_back_stays_the_one_touched_last_if_it_was() {
    let mut stage = Stage::new();
    stage.watch(&bob());
    stage.log_on(1);
    stage.set(flat(PresenceState::Busy));
    stage.later(60);
    stage.log_on(2);
    stage.set(falling_back_to(PresenceState::Away));
    stage.lapse_after(LEASE + 30);
    assert_eq!(stage.told_states(), [(PresenceState::Away, vec![bob()])]);
}

#[test]
fn a_login_that_ends_takes_its_view_along_at_once() {
    let mut stage = Stage::new();
    stage.watch(&bob());
    let (login, _) = stage.subscribe(&proved(&alice()), log_on_for(1, 600));
    let (_, view) = stage.set(leased(PresenceState::Online));
    stage.lapse_after(599);
    assert_eq!(stage.told(), []);
    stage.lapse_after(1);
    let gone = [Change::RemoveLogin(login), Change::RemoveView(view)];
    assert_eq!(stage.persisted(), gone);
    assert_eq!(stage.told_states(), [(PresenceState::Offline, vec![bob()])]);
}

#[test]
fn devices_that_end_together_are_told_as_one_change() {
    let mut stage = Stage::new();
    stage.watch(&bob());
    for state in [PresenceState::Away, PresenceState::Online, PresenceState::Busy] {
        stage.subscribe(&proved(&alice()), log_on_for(1, 600));
        stage.set(leased(state));
        stage.later(1);
    }
    stage.lapse_after(600);
    assert_eq!(stage.told_states(), [(PresenceState::Offline, vec![bob()])]);
    assert_eq!((stage.kept.logins.len(), stage.kept.views.len()), (0, 0));
}

#[test]
fn a_lease_that_ends_after_its_login_changes_nothing_more() {
    let mut stage = Stage::new();
    stage.watch(&bob());
    stage.subscribe(&proved(&alice()), log_on_for(1, 600));
    stage.set(leased(PresenceState::Online));
    stage.lapse_after(600);
    stage.lapse_after(LEASE);
    assert_eq!((stage.told(), stage.persisted()), (vec![], vec![]));
}

#[test]
fn the_core_asks_to_be_woken_for_what_ends_first() {
    let mut stage = Stage::new();
    stage.log_on(1);
    stage.subscribe(&proved(&bob()), watch_for(&bob(), 700));
    stage.subscribe(&proved(&carol()), watch_for(&carol(), 900));
    stage.set(leased(PresenceState::Online));
    stage.apply(Command::Lapse);
    assert_eq!(stage.wakes_in(), [700]);
    stage.lapse_after(700);
    assert_eq!(stage.wakes_in(), [200]);
    stage.lapse_after(200);
    assert_eq!(stage.wakes_in(), [LEASE + 30 - 900]);
    stage.lapse_after(LEASE + 30 - 900);
    assert_eq!(stage.wakes_in(), [LIFETIME - LEASE - 30]);
    stage.lapse_after(LIFETIME);
    assert_eq!(stage.wakes_in(), [0; 0], "nothing is left that could end");
}
