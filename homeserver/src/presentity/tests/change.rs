//! Changes of people whom Alice watches, and clients that are gone.

use super::say::{alice, bob, flat, leased, listener};
use super::stage::{ROUTER, Stage};
use crate::command::Command;
use proto::ClientLogin;
use rvp::{PresenceState, SubscriptionId};

#[test]
fn a_change_goes_to_every_client_through_its_router() {
    let mut stage = Stage::new();
    let logins = [stage.log_on(1), stage.log_on(2)];
    let told = [1_u16, 2].map(|port| {
        let client = ClientLogin {
            principal: alice(),
            login: logins[usize::from(port - 1)],
            reach: listener(port).into(),
        };
        (ROUTER.to_owned(), client)
    });
    assert_eq!(stage.told_of_others(), told);
}

#[test]
fn a_change_for_somebody_without_a_client_is_dropped() {
    assert_eq!(Stage::new().told_of_others(), []);
}

#[test]
fn somebody_who_appears_offline_still_hears_of_changes() {
    let mut stage = Stage::watched();
    stage.set(flat(PresenceState::Offline));
    assert_eq!(stage.told_of_others().len(), 1);
}

#[test]
fn a_client_that_cannot_be_reached_loses_its_login_and_view() {
    let mut stage = Stage::watched();
    let lost = stage.kept.logins[0].id;
    stage.apply(Command::CallBackLost(lost));
    assert_eq!(stage.told_states(), [(PresenceState::Offline, vec![bob()])]);
    assert_eq!((stage.kept.logins.len(), stage.kept.views.len()), (0, 0));
    stage.apply(Command::CallBackLost(lost));
    assert_eq!(stage.effects, [], "it is lost once");
}

#[test]
fn losing_one_of_two_clients_shows_the_state_of_the_other() {
    let mut stage = Stage::watched();
    let second = stage.log_on(2);
    stage.later(1);
    stage.set(leased(PresenceState::Busy));
    stage.apply(Command::CallBackLost(second));
    assert_eq!(stage.told_states(), [(PresenceState::Online, vec![bob()])]);
}

#[test]
fn only_a_login_is_lost_by_its_call_back() {
    let mut stage = Stage::watched();
    let watching = stage.kept.subscriptions[0].id;
    for id in [watching, SubscriptionId::new(1).unwrap()] {
        stage.apply(Command::CallBackLost(id));
        assert_eq!(stage.effects, []);
    }
}
