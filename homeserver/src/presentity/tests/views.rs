//! Several devices, and how their states become one (spec 4.4).

use super::say::{alice, bob, flat, leased, message, of_view, proved};
use super::stage::Stage;
use rvp::method::proppatch::StatePatch;
use rvp::notification::AckType;
use rvp::{Identity, PresenceState, ViewId};

/// Alice with two devices, watched by Bob: first the state of one, a minute later that of the other.
fn two(one: StatePatch, other: StatePatch) -> (Stage, ViewId, ViewId) {
    let mut stage = Stage::new();
    stage.watch(&bob());
    stage.log_on(1);
    let (_, first) = stage.set(one);
    stage.later(60);
    stage.log_on(2);
    let (_, second) = stage.set(other);
    assert_ne!(first, second);
    (stage, first, second)
}

#[test]
fn two_devices_show_what_was_set_last_unless_that_is_less() {
    use PresenceState::{Away, Busy, Idle, Invisible, Offline, Online};
    let cases = [
        (Online, Busy, Busy),
        (Busy, Online, Online),
        (Busy, Idle, Busy),
        (Idle, Away, Away),
        (Idle, Idle, Idle),
        (Away, Offline, Away),
        (Away, Invisible, Away),
        (Offline, Idle, Idle),
        (Offline, Invisible, Offline),
        (Invisible, Invisible, Offline),
    ];
    for (one, other, shown) in cases {
        let (mut stage, ..) = two(leased(one), leased(other));
        assert_eq!(stage.state(), shown, "{one:?}, then {other:?}");
    }
}

#[test]
fn watchers_are_told_when_the_state_they_see_becomes_another() {
    let (mut stage, first, second) = two(leased(PresenceState::Online), leased(PresenceState::Online));
    assert_eq!(stage.told(), []);
    stage.later(60);
    stage.set(of_view(first, leased(PresenceState::Busy)));
    assert_eq!(stage.told_states(), [(PresenceState::Busy, vec![bob()])]);
    stage.later(60);
    stage.set(of_view(second, leased(PresenceState::Idle)));
    assert_eq!(stage.told(), []);
    stage.set(of_view(first, leased(PresenceState::Offline)));
    assert_eq!(stage.told_states(), [(PresenceState::Idle, vec![bob()])]);
    stage.set(of_view(second, leased(PresenceState::Invisible)));
    assert_eq!(stage.told_states(), [(PresenceState::Offline, vec![bob()])]);
    stage.set(of_view(first, leased(PresenceState::Invisible)));
    assert_eq!(stage.told(), []);
}

#[test]
fn a_refresh_does_not_make_a_device_the_one_touched_last() {
    let (mut stage, first, _) = two(leased(PresenceState::Online), leased(PresenceState::Busy));
    stage.later(600);
    stage.set(of_view(first, leased(PresenceState::Online)));
    assert_eq!(stage.told(), []);
    assert_eq!(stage.state(), PresenceState::Busy);
}

#[test]
fn invisible_is_answered_to_the_client_and_shown_to_nobody() {
    let mut stage = Stage::watched();
    let (done, _) = stage.set(leased(PresenceState::Invisible));
    assert_eq!(done.state, PresenceState::Invisible);
    assert_eq!(stage.told_states(), [(PresenceState::Offline, vec![bob()])]);
    assert_eq!(stage.state_for(&proved(&bob())), PresenceState::Offline);
    assert_eq!(stage.kept.views[0].state, PresenceState::Invisible);
}

#[test]
fn somebody_who_appears_offline_stays_logged_on_and_gets_messages() {
    for state in [PresenceState::Offline, PresenceState::Invisible] {
        let mut stage = Stage::watched();
        let view = stage.kept.views[0].id;
        stage.set(of_view(view, flat(state)));
        assert_eq!(stage.kept.logins.len(), 1);
        let from = Identity::Person(bob());
        stage.request_later(&proved(&bob()), message(&from, AckType::DeepOr));
        assert_eq!(stage.clients().len(), 1);
        let (_, same) = stage.set(of_view(view, leased(PresenceState::Online)));
        assert_eq!(same, view);
        assert_eq!(stage.told_states(), [(PresenceState::Online, vec![bob()])]);
    }
}

#[test]
fn an_unknown_view_id_makes_a_new_view_with_another_id() {
    let mut stage = Stage::watched();
    let (known, unknown) = (stage.kept.views[0].id, ViewId::new(1).unwrap());
    stage.later(1);
    let (done, view) = stage.set(of_view(unknown, leased(PresenceState::Busy)));
    assert!(view != unknown && view != known);
    assert_eq!(done.view, Some(view));
    assert_eq!(stage.kept.views.len(), 2);
    assert_eq!(stage.told_states(), [(PresenceState::Busy, vec![bob()])]);
}

#[test]
fn a_view_id_that_has_lapsed_is_not_known_any_more() {
    let mut stage = Stage::watched();
    let old = stage.kept.views[0].id;
    stage.lapse_after(1_230);
    let (_, new) = stage.set(of_view(old, leased(PresenceState::Online)));
    assert_ne!(new, old);
    assert_eq!(stage.kept.views[0].login, Some(stage.kept.logins[0].id));
    assert_eq!(stage.told_states(), [(PresenceState::Online, vec![bob()])]);
}

#[test]
fn a_client_that_names_no_view_keeps_to_one() {
    let mut stage = Stage::watched();
    let view = stage.kept.views[0].id;
    for state in [
        PresenceState::Online,
        PresenceState::Busy,
        PresenceState::Offline,
        PresenceState::Online,
    ] {
        stage.later(900);
        assert_eq!(stage.set(leased(state)).1, view);
    }
    assert_eq!(stage.kept.views.len(), 1);
}

#[test]
fn a_client_that_names_no_view_gets_its_own_with_its_login() {
    let mut stage = Stage::watched();
    let first = stage.kept.views[0].id;
    let login = stage.log_on(2);
    let (_, second) = stage.set(leased(PresenceState::Away));
    assert_ne!(second, first);
    let view = stage.kept.views.iter().find(|view| view.id == second).unwrap();
    assert_eq!(view.login, Some(login));
}

#[test]
fn a_repeated_state_without_a_view_id_is_not_taken_for_another_device() {
    let (mut stage, first, second) = two(leased(PresenceState::Online), leased(PresenceState::Busy));
    stage.later(840);
    let (_, repeated) = stage.set(leased(PresenceState::Online));
    assert_eq!(repeated, first);
    assert_eq!(stage.told(), []);
    let (_, repeated) = stage.set(leased(PresenceState::Busy));
    assert_eq!(repeated, second);
    assert_eq!(stage.state(), PresenceState::Busy);
}

#[test]
fn a_repeated_invisible_without_a_view_id_hides_no_other_device() {
    let (mut stage, first, _) = two(leased(PresenceState::Invisible), leased(PresenceState::Busy));
    let (_, repeated) = stage.set(leased(PresenceState::Invisible));
    assert_eq!(repeated, first);
    assert_eq!(stage.state(), PresenceState::Busy);
}

#[test]
fn going_offline_without_a_view_id_is_about_a_device_that_is_there() {
    let (mut stage, first, _) = two(leased(PresenceState::Online), leased(PresenceState::Offline));
    stage.later(1);
    let (_, left) = stage.set(leased(PresenceState::Offline));
    assert_eq!(left, first);
    assert_eq!(stage.told_states(), [(PresenceState::Offline, vec![bob()])]);
    stage.later(1);
    let (_, back) = stage.set(leased(PresenceState::Online));
    assert_eq!(
        back, first,
        "of those that are all offline, it is the one that changed last"
    );
}

#[test]
fn a_state_set_before_any_log_on_belongs_to_no_login() {
    let mut stage = Stage::new();
    stage.watch(&bob());
    let (_, view) = stage.set(leased(PresenceState::Online));
    assert_eq!(stage.kept.views[0].login, None);
    assert_eq!(stage.told_states(), [(PresenceState::Online, vec![bob()])]);
    assert_eq!(stage.set(leased(PresenceState::Away)).1, view);
    let login = stage.log_on(1);
    stage
        .request(&proved(&alice()), super::say::unsubscribe(login))
        .unwrap();
    assert_eq!(
        stage.kept.views.len(),
        1,
        "so it ends with its lease, not with a login"
    );
}
