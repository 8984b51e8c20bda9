//! Reading and changing who may do what, and what watchers notice.

use super::say;
use super::say::{
    alice, asserted, block, bob, carol, change_access, entry, everybody, leased, listed, person, proved, set,
    unblock, watch,
};
use super::stage::Stage;
use rvp::access::{AccessList, Credentials, Entry, Right, Who};
use rvp::limits::ACCESS_ENTRIES_MAX;
use rvp::method::Acl;
use rvp::method::proppatch::Patch;
use rvp::{Credential, Fault, Identity, Method, PresenceState, Property, Reply};
use store::Change;

fn read(stage: &mut Stage) -> AccessList {
    let answer = stage.request(&proved(&alice()), Method::Acl(Acl::Read));
    let Ok(Reply::AccessList(list)) = answer else {
        panic!("not read: {answer:?}");
    };
    list
}

fn about<'a>(list: &'a AccessList, who: &Who) -> Option<&'a Entry> {
    list.entries.iter().find(|entry| entry.who == *who)
}

fn everybodys() -> Entry {
    let granted = [Right::List, Right::Read, Right::SendTo, Right::Presence];
    everybody(listed(&[Credential::Digest, Credential::Ntlm]), &granted, &[])
}

fn owners() -> Entry {
    Entry {
        credentials: listed(&[Credential::Digest, Credential::Ntlm]),
        ..entry(&alice(), &Right::ALL, &[])
    }
}

#[test]
fn a_new_account_has_an_entry_of_the_owner_and_one_of_everybody() {
    let list = read(&mut Stage::new());
    assert_eq!(list.entries, [owners(), everybodys()]);
}

#[test]
fn a_change_replaces_the_entries_it_names_and_keeps_the_rest() {
    let mut stage = Stage::new();
    stage.change_access([unblock(&bob()), unblock(&carol())]);
    stage.change_access([block(&bob())]);
    let list = read(&mut stage);
    let entries = [owners(), block(&bob()), unblock(&carol()), everybodys()];
    assert_eq!(list.entries, entries);
    stage.change_access([everybody(Credentials::Any, &[Right::List], &[])]);
    assert_eq!(
        about(&read(&mut stage), &Who::All).unwrap().credentials,
        Credentials::Any
    );
}

#[test]
fn a_change_is_durable_as_the_whole_list() {
    let mut stage = Stage::new();
    stage.change_access([block(&bob())]);
    let persisted = stage.persisted();
    let list = read(&mut stage);
    assert_eq!(persisted, [Change::PutAccess(list)]);
}

#[test]
fn of_two_entries_about_one_person_the_later_stands() {
    let mut stage = Stage::new();
    stage.change_access([unblock(&bob()), block(&bob())]);
    let list = read(&mut stage);
    assert_eq!(list.entries, [owners(), block(&bob()), everybodys()]);
}

#[test]
fn the_owner_cannot_be_locked_out() {
    let mut stage = Stage::watched();
    let nothing = everybody(Credentials::Any, &[], &Right::ALL);
    stage.change_access([entry(&alice(), &[], &Right::ALL), nothing]);
    let list = read(&mut stage);
    assert_eq!(about(&list, &owners().who), Some(&owners()));
    stage.set(leased(PresenceState::Busy));
    assert_eq!(stage.state(), PresenceState::Busy);
    stage.change_access([everybodys()]);
}

#[test]
fn nobody_becomes_the_owner_by_claiming_to_be() {
    let mut stage = Stage::watched();
    let believed = Entry {
        credentials: listed(&[Credential::Assertion]),
        ..entry(&alice(), &Right::ALL, &[])
    };
    stage.change_access([believed]);
    let answer = stage.request(&asserted(&alice()), Method::Acl(Acl::Read));
    assert_eq!(answer, Err(Fault::Unauthenticated));
    let answer = stage.request(&asserted(&alice()), set(leased(PresenceState::Busy)));
    assert_eq!(answer, Err(Fault::Unauthenticated));
}

#[test]
fn reading_and_changing_the_list_are_two_rights() {
    let change = || change_access([block(&carol())]);
    let read = || Method::Acl(Acl::Read);
    let mut stage = Stage::new();
    for method in [read(), change()] {
        let answer = stage.request(&proved(&bob()), method);
        assert_eq!(answer, Err(Fault::Forbidden));
    }
    stage.change_access([entry(&bob(), &[Right::ReadAcl], &[])]);
    assert!(stage.request(&proved(&bob()), read()).is_ok());
    assert_eq!(stage.request(&proved(&bob()), change()), Err(Fault::Forbidden));
    stage.change_access([entry(&bob(), &[Right::WriteAcl], &[])]);
    assert_eq!(stage.request(&proved(&bob()), change()), Ok(Reply::AccessChanged));
    assert_eq!(stage.request(&proved(&bob()), read()), Err(Fault::Forbidden));
}

#[test]
fn a_blocked_watcher_sees_offline_once_and_the_state_again_when_let_in() {
    let mut stage = Stage::watched();
    stage.watch(&carol());
    stage.change_access([block(&bob())]);
    assert_eq!(stage.told_states(), [(PresenceState::Offline, vec![bob()])]);
    stage.change_access([block(&bob())]);
    assert_eq!(stage.told(), []);
    stage.set(leased(PresenceState::Busy));
    assert_eq!(stage.told_states(), [(PresenceState::Busy, vec![carol()])]);
    stage.change_access([unblock(&bob())]);
    assert_eq!(stage.told_states(), [(PresenceState::Busy, vec![bob()])]);
    stage.change_access([unblock(&bob())]);
    assert_eq!(stage.told(), []);
}

#[test]
fn who_is_let_in_hears_the_name_that_was_set_meanwhile() {
    let mut stage = Stage::watched();
    stage.change_access([block(&bob())]);
    let name = "Al".to_owned();
    let set = say::patch_all(vec![Patch::DisplayName(name.clone())]);
    stage.request(&proved(&alice()), set).unwrap();
    assert_eq!(stage.told(), []);
    stage.change_access([unblock(&bob())]);
    let shown = vec![
        Property::State(PresenceState::Online),
        Property::DisplayName(name),
    ];
    assert_eq!(stage.told(), [(shown, vec![bob()])]);
}

#[test]
fn one_change_may_take_from_some_and_give_to_others() {
    let mut stage = Stage::watched();
    stage.change_access([block(&carol())]);
    stage.watch(&carol());
    stage.change_access([block(&bob()), unblock(&carol())]);
    let told = [
        (PresenceState::Offline, vec![bob()]),
        (PresenceState::Online, vec![carol()]),
    ];
    assert_eq!(stage.told_states(), told);
    assert!(stage.versions().is_sorted_by(|one, next| one < next));
}

#[test]
fn a_block_for_one_proof_is_not_undone_by_what_everybody_may_with_another() {
    let mut stage = Stage::watched();
    let digest = Entry {
        credentials: listed(&[Credential::Digest]),
        ..block(&bob())
    };
    stage.change_access([digest]);
    assert_eq!(stage.told_states(), [(PresenceState::Offline, vec![bob()])]);
    stage.set(leased(PresenceState::Busy));
    assert_eq!(stage.told(), []);
}

#[test]
fn nothing_is_told_of_rights_while_the_person_is_offline() {
    let mut stage = Stage::new();
    stage.watch(&bob());
    stage.change_access([block(&bob())]);
    assert_eq!(stage.told(), []);
    stage.change_access([unblock(&bob())]);
    assert_eq!(stage.told(), []);
}

#[test]
fn closing_the_list_to_everybody_hides_the_person_from_all_but_those_on_it() {
    let mut stage = Stage::watched();
    stage.watch(&carol());
    stage.watch(&alice());
    stage.change_access([unblock(&carol())]);
    stage.change_access([everybody(Credentials::Any, &[Right::List, Right::Read], &[])]);
    assert_eq!(stage.told_states(), [(PresenceState::Offline, vec![bob()])]);
    stage.set(leased(PresenceState::Busy));
    let told = vec![alice(), carol()];
    assert_eq!(stage.told_states(), [(PresenceState::Busy, told)]);
}

#[test]
fn a_list_has_a_longest_length_and_what_is_too_long_changes_nothing() {
    let mut stage = Stage::watched();
    let entries = |from: usize, to: usize| (from..to).map(|n| block(&person(&format!("p{n}"))));
    stage.change_access(entries(2, ACCESS_ENTRIES_MAX));
    let full = read(&mut stage);
    assert_eq!(full.entries.len(), ACCESS_ENTRIES_MAX);
    let more = change_access([unblock(&person("p2")), block(&bob())]);
    assert_eq!(stage.request(&proved(&alice()), more), Err(Fault::TooLarge));
    assert_eq!(stage.effects, []);
    assert_eq!(read(&mut stage), full);
    stage.change_access([unblock(&person("p2"))]);
}

#[test]
fn an_entry_about_somebody_who_does_not_exist_is_kept() {
    let mut stage = Stage::new();
    let server = Entry {
        who: Who::One(Identity::parse("im.example.org").unwrap()),
        ..block(&bob())
    };
    stage.change_access([block(&person("nobody")), server.clone()]);
    assert!(about(&read(&mut stage), &server.who).is_some());
    assert!(
        stage.request(&proved(&bob()), watch(&bob())).is_ok(),
        "it is about the server alone"
    );
}
