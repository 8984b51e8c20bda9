//! What a home server finds when it loads somebody.

use super::say;
use super::say::{LEASE, alice, block, bob, carol, flat, leased, message, of_view, proved};
use super::stage::Stage;
use proto::Outcome;
use rvp::notification::AckType;
use rvp::{Identity, PresenceState, SubscriptionKind};
use std::collections::BTreeSet;
use store::{Change, Durable};

#[test]
fn what_still_lives_is_as_it_was_and_nobody_is_told() {
    let mut stage = Stage::watched();
    let (login, view) = (stage.kept.logins[0].id, stage.kept.views[0].id);
    stage.later(600);
    stage.restart();
    assert_eq!((stage.told(), stage.persisted()), (vec![], vec![]));
    assert_eq!(stage.wakes_in(), [LEASE + 30 - 600]);
    assert_eq!(stage.state_for(&proved(&bob())), PresenceState::Online);
    stage.renew(login);
    assert_eq!(stage.set(of_view(view, leased(PresenceState::Online))).1, view);
    assert_eq!(stage.told(), []);
}

#[test]
fn what_ended_meanwhile_ends_once() {
    let mut stage = Stage::watched();
    stage.later(LEASE + 31);
    stage.restart();
    assert_eq!(stage.told_states(), [(PresenceState::Offline, vec![bob()])]);
    stage.restart();
    assert_eq!(stage.told(), []);
    assert_eq!(stage.subscribed(SubscriptionKind::Login).len(), 1);
}

#[test]
fn a_lease_that_ended_a_moment_ago_still_has_its_grace() {
    let mut stage = Stage::watched();
    stage.later(LEASE + 1);
    stage.restart();
    assert_eq!(stage.told(), []);
    assert_eq!(stage.wakes_in(), [29]);
}

#[test]
fn watchers_who_ended_meanwhile_are_not_told_of_what_ended_with_them() {
    let mut stage = Stage::watched();
    stage.later(86_400);
    stage.restart();
    assert_eq!(stage.told(), []);
    let nothing = Durable {
        told: Some(PresenceState::Offline),
        ..Durable::new(stage.kept.account.clone())
    };
    assert_eq!(stage.kept, nothing);
    assert_eq!(stage.wakes_in(), [0; 0]);
}

#[test]
fn rights_and_names_are_as_they_were_set() {
    let mut stage = Stage::watched();
    stage.change_access([block(&carol())]);
    let name = rvp::method::proppatch::Patch::DisplayName("Al".into());
    stage
        .request(&proved(&alice()), say::patch_all(vec![name]))
        .unwrap();
    stage.restart();
    assert_eq!(stage.watch(&carol()).1, PresenceState::Offline);
    stage.set(leased(PresenceState::Busy));
    assert_eq!(stage.told_states(), [(PresenceState::Busy, vec![bob()])]);
    assert_eq!(stage.kept.account.display_name, "Al");
}

#[test]
fn versions_grow_over_a_restart() {
    let mut stage = Stage::watched();
    stage.set(leased(PresenceState::Busy));
    let before = stage.versions();
    stage.later(1);
    stage.restart();
    stage.set(leased(PresenceState::Away));
    assert!(
        stage.versions() > before,
        "{:?} after {before:?}",
        stage.versions()
    );
}

#[test]
fn a_view_whose_login_was_never_written_ends() {
    let mut stage = Stage::watched();
    let (_, view) = stage.set(flat(PresenceState::Busy));
    stage.kept.logins.clear();
    stage.restart();
    assert_eq!(stage.persisted(), [Change::RemoveView(view)]);
    assert_eq!(stage.told_states(), [(PresenceState::Offline, vec![bob()])]);
}

#[test]
fn somebody_disabled_meanwhile_is_gone() {
    let mut stage = Stage::watched();
    stage.kept.account.disabled = true;
    stage.restart();
    assert_eq!(stage.told_states(), [(PresenceState::Offline, vec![bob()])]);
    assert_eq!((stage.kept.logins.len(), stage.kept.views.len()), (0, 0));
}

#[test]
fn an_outcome_from_before_is_not_taken_for_that_of_a_later_message() {
    let mut stage = Stage::watched();
    let from = Identity::Person(bob());
    let method = || message(&from, AckType::DeepOr);
    let before = stage.request_later(&proved(&bob()), method());
    stage.later(1);
    stage.restart();
    let after = stage.request_later(&proved(&bob()), method());
    stage.outcome(before, Outcome::Taken);
    assert_eq!(stage.answers(), []);
    stage.outcome(after, Outcome::Rejected);
    assert_eq!(stage.answers(), [(after, Err(rvp::Fault::NotLoggedOn))]);
}

#[test]
fn what_did_not_reach_everybody_is_told_by_the_next_home_and_nothing_else() {
    let mut stage = Stage::watched();
    stage.restart();
    assert_eq!(stage.told_states(), [], "everybody knows");
    stage.reaches = false;
    stage.set(leased(PresenceState::Busy));
    let lost = stage.versions();
    stage.restart();
    assert_eq!(stage.told_states(), [(PresenceState::Busy, vec![bob()])]);
    assert!(stage.versions() > lost, "whatever the clock says");
    assert_eq!(properties(&stage), 1, "the state alone");
    stage.reach(lost[0]);
    stage.restart();
    assert_eq!(
        stage.told_states().len(),
        1,
        "the former home's telling is not this one's"
    );
    stage.reach(stage.versions()[0]);
    stage.restart();
    assert_eq!(stage.told_states(), []);
}

#[test]
fn an_older_change_that_reaches_everybody_late_is_not_the_last_word() {
    let mut stage = Stage::watched();
    stage.reaches = false;
    stage.set(leased(PresenceState::Busy));
    let busy = stage.versions()[0];
    stage.set(leased(PresenceState::Away));
    stage.reach(busy);
    assert_eq!(stage.kept.told, Some(PresenceState::Online));
    stage.restart();
    assert_eq!(stage.told_states(), [(PresenceState::Away, vec![bob()])]);
}

#[test]
fn what_became_as_before_is_told_again_unless_all_were_told() {
    let mut stage = Stage::watched();
    stage.reaches = false;
    stage.set(leased(PresenceState::Busy));
    stage.set(leased(PresenceState::Online));
    stage.restart();
    assert_eq!(stage.told_states(), [(PresenceState::Online, vec![bob()])]);
    assert_eq!(
        properties(&stage),
        2,
        "with the name: anything may have been missed"
    );
}

#[test]
fn a_right_that_was_taken_is_told_by_the_next_home_if_need_be() {
    let mut stage = Stage::watched();
    stage.watch(&carol());
    stage.reaches = false;
    stage.change_access([block(&bob())]);
    stage.restart();
    let told = [
        (PresenceState::Offline, vec![bob()]),
        (PresenceState::Online, vec![carol()]),
    ];
    assert_eq!(stage.told_states(), told);
}

#[test]
fn whoever_was_not_told_is_told_by_the_next_home_whatever_comes_later() {
    let mut stage = Stage::watched();
    stage.reaches = false;
    stage.set(leased(PresenceState::Busy));
    stage.miss(stage.versions()[0]);
    stage.reaches = true;
    stage.set(leased(PresenceState::Away));
    assert_eq!(
        stage.kept.told,
        Some(PresenceState::Online),
        "not what some missed"
    );
    stage.set(leased(PresenceState::Online));
    assert_eq!(stage.kept.told, None, "some may know another state");
    stage.restart();
    assert_eq!(stage.told_states(), [(PresenceState::Online, vec![bob()])]);
}

#[test]
fn where_nobody_watches_nobody_is_untold() {
    let mut stage = Stage::new();
    stage.log_on(1);
    stage.set(leased(PresenceState::Busy));
    assert_eq!(stage.kept.told, Some(PresenceState::Busy));
    stage.watch(&bob());
    stage.restart();
    assert_eq!(stage.told_states(), []);
}

/// Whatever became of what she was, and whoever heard of it: what all know is kept later than all else, or not at all, if
/// the process ends before.
#[test]
fn whoever_watches_knows_the_state_after_a_restart_also_when_what_all_know_was_not_kept() {
    const STATES: [PresenceState; 3] = [PresenceState::Online, PresenceState::Busy, PresenceState::Away];
    const STEPS: u32 = 4;
    let kinds = 2 * STATES.len();
    for run in 0..kinds.pow(STEPS) * 2 {
        let mut stage = Stage::watched();
        let mut known = BTreeSet::from([PresenceState::Online]);
        let (mut kept, mut state) = (stage.kept.told, PresenceState::Online);
        for step in 0..STEPS {
            let kind = run / 2 / kinds.pow(step) % kinds;
            state = STATES[kind / 2];
            stage.reaches = kind.is_multiple_of(2);
            stage.set(leased(state));
            kept = stage.kept_told().unwrap_or(kept);
            heard(&stage, &mut known);
        }
        if run.is_multiple_of(2) {
            stage.kept.told = kept;
        }
        stage.reaches = true;
        stage.restart();
        heard(&stage, &mut known);
        assert_eq!(known, BTreeSet::from([state]), "run {run}");
    }
}

/// What those who watch may know now.
fn heard(stage: &Stage, known: &mut BTreeSet<PresenceState>) {
    for (state, watchers) in stage.told_states() {
        assert_eq!(watchers, [bob()]);
        if stage.reaches {
            known.clear();
        }
        known.insert(state);
    }
}

/// How many properties the last command tells of.
fn properties(stage: &Stage) -> usize {
    stage.told().iter().map(|(properties, _)| properties.len()).sum()
}
