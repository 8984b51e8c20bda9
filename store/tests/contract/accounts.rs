//! Creating, replacing and removing accounts.

use super::Stage;
use super::samples::{SLOT, account, legacy, one_of_each, people, person, put_new};
use store::{Durable, Error, Put};
use tokio::task::JoinSet;

pub(crate) async fn an_account_comes_back_as_it_was_put(stage: &impl Stage) {
    let store = stage.open().await;
    let mut zoe = account("zoe");
    zoe.display_name = "Zoë \"Z\" O'Hara; --\n\u{1f980}".to_owned();
    zoe.email = String::new();
    zoe.disabled = true;
    zoe.secrets.legacy = Some(legacy());
    let alice = account("alice");
    store.put_account(&zoe, SLOT, Put::New).await.unwrap();
    store.put_account(&alice, SLOT, Put::New).await.unwrap();

    assert_eq!(store.accounts().await.unwrap(), [alice.clone(), zoe.clone()]);
    let alone = |account| Durable {
        account,
        logins: vec![],
        views: vec![],
        subscriptions: vec![],
        access: None,
        told: None,
        kept: vec![],
        contacts: vec![],
    };
    let (alice, zoe) = (alone(alice), alone(zoe));
    assert_eq!(store.load_one(&person("zoe")).await.unwrap().as_ref(), Some(&zoe));
    assert_eq!(
        store.load_one(&person("alice")).await.unwrap().as_ref(),
        Some(&alice)
    );
    assert_eq!(store.load_one(&person("bob")).await.unwrap(), None);
    let several = ["zoe", "bob", "alice", "zoe"].map(person);
    assert_eq!(store.load(&several).await.unwrap(), [alice, zoe]);
    assert_eq!(store.load(&[]).await.unwrap(), []);
}

pub(crate) async fn a_new_account_in_place_of_an_existing_one_is_refused(stage: &impl Stage) {
    let store = stage.open().await;
    let alice = put_new(&*store, "alice").await;
    let mut another = alice.clone();
    another.display_name = "Somebody else".to_owned();
    another.secrets.legacy = Some(legacy());
    let refused = store.put_account(&another, SLOT, Put::New).await;
    assert!(matches!(refused, Err(Error::Exists)), "{refused:?}");
    assert_eq!(store.accounts().await.unwrap(), [alice]);
}

pub(crate) async fn replacing_what_is_not_there_is_refused(stage: &impl Stage) {
    let store = stage.open().await;
    let refused = store.put_account(&account("alice"), SLOT, Put::Replace).await;
    assert!(matches!(refused, Err(Error::NoSuchAccount)), "{refused:?}");
    assert_eq!(store.accounts().await.unwrap(), []);
}

pub(crate) async fn replacing_keeps_what_belongs_to_the_person(stage: &impl Stage) {
    let store = stage.open().await;
    let mut alice = put_new(&*store, "alice").await;
    store.write(&one_of_each("alice")).await.unwrap();
    let before = store.load_one(&alice.principal).await.unwrap().unwrap();

    alice.display_name = "Alice, disabled".to_owned();
    alice.disabled = true;
    alice.secrets.scram.iterations = 10_000;
    alice.secrets.legacy = Some(legacy());
    store.put_account(&alice, SLOT + 1, Put::Replace).await.unwrap();
    let after = store.load_one(&alice.principal).await.unwrap().unwrap();
    assert_eq!(
        after,
        Durable {
            account: alice,
            ..before
        }
    );
    assert!(!after.logins.is_empty() && after.access.is_some() && after.told.is_some());
    assert_eq!(people(&*store, &[SLOT]).await, []);
    assert_eq!(people(&*store, &[SLOT + 1]).await, [after]);
}

pub(crate) async fn replacing_can_end_the_legacy_secrets(stage: &impl Stage) {
    let store = stage.open().await;
    let mut zoe = account("zoe");
    zoe.secrets.legacy = Some(legacy());
    store.put_account(&zoe, SLOT, Put::New).await.unwrap();
    zoe.secrets.legacy = None;
    store.put_account(&zoe, SLOT, Put::Replace).await.unwrap();
    assert_eq!(store.accounts().await.unwrap(), [zoe.clone()]);

    let mut fewer = legacy();
    fewer.digest.truncate(1);
    zoe.secrets.legacy = Some(fewer);
    store.put_account(&zoe, SLOT, Put::Replace).await.unwrap();
    assert_eq!(store.accounts().await.unwrap(), [zoe]);
}

pub(crate) async fn accounts_are_ordered_by_principal(stage: &impl Stage) {
    let store = stage.open().await;
    for name in ["mallory", "alice", "zoe", "bob", "al"] {
        put_new(&*store, name).await;
    }
    let names: Vec<String> = store
        .accounts()
        .await
        .unwrap()
        .iter()
        .map(|account| account.principal.name().to_owned())
        .collect();
    assert_eq!(names, ["al", "alice", "bob", "mallory", "zoe"]);
}

pub(crate) async fn removal_takes_everything_with_it(stage: &impl Stage) {
    let store = stage.open().await;
    let mut alice = account("alice");
    alice.secrets.legacy = Some(legacy());
    store.put_account(&alice, SLOT, Put::New).await.unwrap();
    let bob = put_new(&*store, "bob").await;
    store
        .write(&[one_of_each("alice"), one_of_each("bob")].concat())
        .await
        .unwrap();
    let bob_before = store.load_one(&bob.principal).await.unwrap();
    assert!(bob_before.as_ref().is_some_and(|bob| bob.access.is_some()));

    store.remove_account(&alice.principal).await.unwrap();
    assert_eq!(store.load_one(&alice.principal).await.unwrap(), None);
    assert_eq!(store.load_one(&bob.principal).await.unwrap(), bob_before);
    assert_eq!(store.accounts().await.unwrap(), [bob]);

    alice.secrets.legacy = None;
    store.put_account(&alice, SLOT, Put::New).await.unwrap();
    let anew = store.load_one(&alice.principal).await.unwrap();
    let nothing = Durable {
        account: alice,
        logins: vec![],
        views: vec![],
        subscriptions: vec![],
        access: None,
        told: None,
        kept: vec![],
        contacts: vec![],
    };
    assert_eq!(anew, Some(nothing));
}

pub(crate) async fn removing_nobody_is_refused(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    let refused = store.remove_account(&person("bob")).await;
    assert!(matches!(refused, Err(Error::NoSuchAccount)), "{refused:?}");
}

pub(crate) async fn of_many_who_create_one_account_one_succeeds(stage: &impl Stage) {
    let mut attempts = JoinSet::new();
    for _ in 0..8 {
        let store = stage.open().await;
        attempts.spawn(async move { store.put_account(&account("alice"), SLOT, Put::New).await });
    }
    let outcomes = attempts.join_all().await;
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
        1,
        "{outcomes:?}"
    );
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Err(Error::Exists)))
            .count(),
        7
    );
    assert_eq!(stage.open().await.revision().await.unwrap(), 1);
}
