//! Setting properties.

use super::say::{
    LEASE, alice, asserted, bob, entry, everybody, flat, leased, listed, of_view, patch_all, proved, set,
};
use super::stage::Stage;
use http::StatusCode;
use rvp::access::Right;
use rvp::limits::TEXT_CHARS_MAX;
use rvp::method::proppatch::{Patch, Patched};
use rvp::property::{Lease, PropertyName};
use rvp::{Credential, Fault, Lifetime, PresenceState, Property, Reply};
use store::Change;

fn patched(done: Vec<Patch>, refused: Vec<(PropertyName, StatusCode)>) -> Result<Reply, Fault> {
    let principal = alice();
    Ok(Reply::Patched(Patched {
        principal,
        done,
        refused,
    }))
}

#[test]
fn a_first_state_makes_a_view_of_the_login_and_is_answered_as_it_was_granted() {
    let mut stage = Stage::new();
    let login = stage.log_on(1);
    let (done, view) = stage.set(leased(PresenceState::Away));
    assert_eq!(done, of_view(view, leased(PresenceState::Away)));
    let kept = stage.kept.views[0].clone();
    assert_eq!(
        (kept.id, kept.login, kept.state),
        (view, Some(login), PresenceState::Away)
    );
    assert_eq!(stage.persisted(), [Change::PutView(kept)]);
    assert_eq!(stage.wakes_in(), [LEASE + 30], "the lease and the grace");
}

#[test]
fn the_same_state_again_prolongs_the_lease_and_tells_nobody() {
    let mut stage = Stage::watched();
    let view = stage.kept.views[0].id;
    stage.later(1_100);
    let (_, renewed) = stage.set(of_view(view, leased(PresenceState::Online)));
    assert_eq!(renewed, view);
    assert_eq!(stage.told(), []);
    assert_eq!(stage.kept.views.len(), 1);
    stage.lapse_after(1_229);
    assert_eq!(stage.told(), []);
    stage.lapse_after(1);
    assert_eq!(stage.told_states(), [(PresenceState::Offline, vec![bob()])]);
}

#[test]
fn a_lease_is_granted_from_one_second_to_four_hours() {
    let mut stage = Stage::new();
    stage.log_on(1);
    for (asked, granted) in [(0, 1), (180, 180), (14_401, 14_400), (u32::MAX, 14_400)] {
        let lease = |seconds| {
            Some(Lease {
                default: PresenceState::Away,
                timeout: Lifetime(seconds),
            })
        };
        let mut patch = leased(PresenceState::Online);
        patch.lease = lease(asked);
        let (done, _) = stage.set(patch);
        assert_eq!(done.lease, lease(granted));
        assert_eq!(stage.wakes_in(), [u64::from(granted) + 30]);
    }
}

#[test]
fn a_state_without_a_lease_holds_as_long_as_its_login() {
    let mut stage = Stage::watched();
    let (done, view) = stage.set(flat(PresenceState::Busy));
    assert_eq!(done, of_view(view, flat(PresenceState::Busy)));
    stage.lapse_after(14_399);
    assert_eq!(stage.told(), []);
    stage.lapse_after(1);
    // The watch was made with the login and has ended with it, so nobody is left to be told.
    assert_eq!(stage.told(), []);
    assert_eq!(stage.state(), PresenceState::Offline);
}

#[test]
fn a_state_without_a_lease_or_login_holds_twenty_minutes() {
    let mut stage = Stage::new();
    stage.watch(&bob());
    stage.set(flat(PresenceState::Online));
    assert_eq!(stage.told_states(), [(PresenceState::Online, vec![bob()])]);
    assert_eq!(stage.wakes_in(), [1_230]);
    stage.lapse_after(1_229);
    assert_eq!(stage.told(), []);
    stage.lapse_after(1);
    assert_eq!(stage.told_states(), [(PresenceState::Offline, vec![bob()])]);
}

#[test]
fn a_state_is_set_by_who_may_write_and_only_with_proof() {
    let mut stage = Stage::watched();
    let method = || set(leased(PresenceState::Busy));
    assert_eq!(stage.request(&proved(&bob()), method()), Err(Fault::Forbidden));
    let answer = stage.request(&asserted(&alice()), method());
    assert_eq!(answer, Err(Fault::Unauthenticated));
    assert_eq!(stage.effects, []);
    stage.change_access([entry(&bob(), &[Right::Write, Right::Presence], &[])]);
    assert!(stage.request(&proved(&bob()), method()).is_ok());
    assert_eq!(stage.told_states(), [(PresenceState::Busy, vec![bob()])]);
}

#[test]
fn what_clients_may_not_set_is_refused_beside_what_is_done() {
    let mut stage = Stage::watched();
    let view = stage.kept.views[0].id;
    let busy = of_view(view, leased(PresenceState::Busy));
    let patches = vec![
        Patch::Other(PropertyName::Email),
        Patch::State(busy),
        Patch::UnknownState,
        Patch::DisplayName("Al".into()),
    ];
    let answer = stage.request(&proved(&alice()), patch_all(patches));
    let done = vec![Patch::State(busy), Patch::DisplayName("Al".into())];
    let refused = vec![
        (PropertyName::Email, StatusCode::FORBIDDEN),
        (PropertyName::State, StatusCode::CONFLICT),
    ];
    assert_eq!(answer, patched(done, refused));
    assert_eq!(stage.state(), PresenceState::Busy);
}

#[test]
fn an_unknown_state_changes_nothing() {
    let mut stage = Stage::watched();
    let answer = stage.request(&proved(&alice()), patch_all(vec![Patch::UnknownState]));
    let refused = vec![(PropertyName::State, StatusCode::CONFLICT)];
    assert_eq!(answer, patched(vec![], refused));
    assert_eq!(stage.effects, []);
}

#[test]
fn a_display_name_is_durable_and_told_when_it_is_another() {
    let mut stage = Stage::watched();
    let name = || Patch::DisplayName("Alice Baker".into());
    let answer = stage.request(&proved(&alice()), patch_all(vec![name()]));
    assert_eq!(answer, patched(vec![name()], vec![]));
    assert_eq!(stage.persisted(), [Change::PutDisplayName("Alice Baker".into())]);
    let told = Property::DisplayName("Alice Baker".into());
    assert_eq!(stage.told(), [(vec![told], vec![bob()])]);
    let answer = stage.request(&proved(&alice()), patch_all(vec![name()]));
    assert_eq!(answer, patched(vec![name()], vec![]));
    assert_eq!(stage.effects, []);
}

#[test]
fn a_display_name_has_a_longest_length() {
    let mut stage = Stage::watched();
    let longest = || Patch::DisplayName("ü".repeat(TEXT_CHARS_MAX));
    let answer = stage.request(&proved(&alice()), patch_all(vec![longest()]));
    assert_eq!(answer, patched(vec![longest()], vec![]));
    let longer = Patch::DisplayName("u".repeat(TEXT_CHARS_MAX + 1));
    let answer = stage.request(&proved(&alice()), patch_all(vec![longer]));
    let refused = vec![(PropertyName::DisplayName, StatusCode::CONFLICT)];
    assert_eq!(answer, patched(vec![], refused));
    assert_eq!(stage.effects, []);
}

#[test]
fn views_have_a_bound_and_those_there_can_still_be_set() {
    let mut stage = Stage::new();
    stage.log_on(1);
    let (_, first) = stage.set(leased(PresenceState::Online));
    let unknown = rvp::ViewId::new(1).unwrap();
    for _ in 1..24 {
        stage.set(of_view(unknown, leased(PresenceState::Away)));
    }
    let more = set(of_view(unknown, leased(PresenceState::Busy)));
    assert_eq!(stage.request(&proved(&alice()), more), Err(Fault::Busy));
    assert_eq!(stage.effects, []);
    let (_, view) = stage.set(of_view(first, leased(PresenceState::Busy)));
    assert_eq!(view, first);
}

#[test]
fn an_assertion_that_the_list_believes_may_write() {
    let mut stage = Stage::watched();
    let believed = listed(&[Credential::Assertion]);
    stage.change_access([everybody(believed, &[Right::Write], &[])]);
    let answer = stage.request(&asserted(&bob()), set(leased(PresenceState::Busy)));
    assert!(answer.is_ok(), "{answer:?}");
}
