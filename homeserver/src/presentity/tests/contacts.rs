//! Contact lists: who may have one, and what a change makes of it.

use super::kept::account;
use crate::OfflinePolicy;
use crate::presentity::Presentity;
use crate::presentity::contacts::changed;
use proto::{Contact, ContactsAction};
use rvp::{Caller, Credential, Fault, Identity, Principal};
use store::{CONTACT_LIST_MAX, CONTACT_TEXT_CHARS_MAX, Durable};

fn person(name: &str) -> Principal {
    Principal::from_address(&format!("{name}@im.example.com")).unwrap()
}

fn kept(name: &str, group: &str) -> store::Contact {
    store::Contact {
        principal: person(name),
        name: String::new(),
        group: group.to_owned(),
    }
}

fn put(name: &str, group: &str) -> ContactsAction {
    ContactsAction::Put(Contact {
        who: person(name),
        name: String::new(),
        group: group.to_owned(),
    })
}

#[test]
fn a_new_contact_comes_last_and_a_known_one_keeps_its_place() {
    let list = vec![kept("zoe", ""), kept("bob", "")];
    assert_eq!(
        changed(list.clone(), &put("alice", "")),
        Ok(Some(vec![kept("zoe", ""), kept("bob", ""), kept("alice", "")]))
    );
    assert_eq!(
        changed(list.clone(), &put("zoe", "work")),
        Ok(Some(vec![kept("zoe", "work"), kept("bob", "")]))
    );
    assert_eq!(changed(list.clone(), &put("zoe", "")), Ok(None));
    assert_eq!(changed(list, &ContactsAction::Read), Ok(None));
}

#[test]
fn only_who_is_there_is_taken_out() {
    let list = vec![kept("zoe", ""), kept("bob", "")];
    assert_eq!(
        changed(list.clone(), &ContactsAction::Remove(person("zoe"))),
        Ok(Some(vec![kept("bob", "")]))
    );
    assert_eq!(
        changed(list, &ContactsAction::Remove(person("alice"))),
        Err(Fault::NoSuchSubscription)
    );
}

#[test]
fn lists_and_texts_are_bounded() {
    let full: Vec<_> = (0..CONTACT_LIST_MAX)
        .map(|number| kept(&format!("p{number}"), ""))
        .collect();
    assert_eq!(changed(full.clone(), &put("alice", "")), Err(Fault::KeptFull));
    assert!(changed(full, &put("p7", "work")).is_ok_and(|list| list.is_some()));
    let longest = "ü".repeat(CONTACT_TEXT_CHARS_MAX);
    assert!(changed(Vec::new(), &put("alice", &longest)).is_ok());
    for group in [&format!("{longest}x"), "a\nb"] {
        assert_eq!(
            changed(Vec::new(), &put("alice", group)),
            Err(Fault::BadRequest),
            "{group:?}"
        );
    }
}

#[test]
fn only_the_person_may() {
    let load = |account| Presentity::load(Durable::new(account), 1, OfflinePolicy::default());
    let alice = load(account(&person("alice")));
    let asks = |name: &str, credential| {
        alice.may_use_contacts(&Caller {
            identity: Identity::Person(person(name)),
            credential,
        })
    };
    assert_eq!(asks("alice", Credential::Digest), Ok(()));
    assert_eq!(asks("alice", Credential::Assertion), Err(Fault::Unauthenticated));
    assert_eq!(asks("bob", Credential::Digest), Err(Fault::Forbidden));
}
