//! Following the changes of accounts.

use super::Stage;
use super::samples::{SLOT, account, legacy, person, put_new, write};
use store::AccountChange::{self, Removed};
use store::{Account, Change, Put};

fn put(account: &Account) -> AccountChange {
    AccountChange::Put(Box::new(account.clone()))
}

pub(crate) async fn a_new_store_has_revision_zero_and_no_changes(stage: &impl Stage) {
    let store = stage.open().await;
    assert_eq!(store.revision().await.unwrap(), 0);
    assert_eq!(store.changes_since(0).await.unwrap(), (0, vec![]));
}

pub(crate) async fn put_disabled_and_removed_are_told_in_order(stage: &impl Stage) {
    let store = stage.open().await;
    let mut zoe = put_new(&*store, "zoe").await;
    let alice = put_new(&*store, "alice").await;
    let bob = put_new(&*store, "bob").await;
    let (first, changes) = store.changes_since(0).await.unwrap();
    assert_eq!((first, changes), (3, vec![put(&zoe), put(&alice), put(&bob)]));

    store.remove_account(&bob.principal).await.unwrap();
    zoe.disabled = true;
    zoe.secrets.legacy = Some(legacy());
    store.put_account(&zoe, SLOT, Put::Replace).await.unwrap();
    store.remove_account(&alice.principal).await.unwrap();
    let (second, changes) = store.changes_since(first).await.unwrap();
    assert_eq!(
        (second, changes),
        (
            6,
            vec![Removed(bob.principal), put(&zoe), Removed(alice.principal)]
        )
    );

    assert_eq!(store.changes_since(second).await.unwrap(), (6, vec![]));
    assert_eq!(store.revision().await.unwrap(), 6);
}

pub(crate) async fn only_the_last_change_of_an_account_is_told(stage: &impl Stage) {
    let store = stage.open().await;
    let mut alice = put_new(&*store, "alice").await;
    for name in ["Alice A.", "Alice B.", "Alice C."] {
        alice.display_name = name.to_owned();
        store.put_account(&alice, SLOT, Put::Replace).await.unwrap();
    }
    assert_eq!(store.changes_since(1).await.unwrap(), (4, vec![put(&alice)]));
    assert_eq!(store.changes_since(3).await.unwrap(), (4, vec![put(&alice)]));
    assert_eq!(store.changes_since(4).await.unwrap(), (4, vec![]));
}

pub(crate) async fn an_account_removed_and_created_again_is_told_as_both(stage: &impl Stage) {
    let store = stage.open().await;
    let alice = put_new(&*store, "alice").await;
    store.remove_account(&alice.principal).await.unwrap();
    store.put_account(&alice, SLOT, Put::New).await.unwrap();
    let both = vec![Removed(alice.principal.clone()), put(&alice)];
    assert_eq!(store.changes_since(1).await.unwrap(), (3, both));
    assert_eq!(store.changes_since(2).await.unwrap(), (3, vec![put(&alice)]));

    store.remove_account(&alice.principal).await.unwrap();
    assert_eq!(
        store.changes_since(0).await.unwrap(),
        (4, vec![Removed(alice.principal)])
    );
}

pub(crate) async fn a_refused_change_takes_no_revision(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    store
        .put_account(&account("alice"), SLOT, Put::New)
        .await
        .unwrap_err();
    store
        .put_account(&account("bob"), SLOT, Put::Replace)
        .await
        .unwrap_err();
    store.remove_account(&person("bob")).await.unwrap_err();
    assert_eq!(store.changes_since(1).await.unwrap(), (1, vec![]));
}

pub(crate) async fn a_display_name_set_by_the_person_takes_no_revision(stage: &impl Stage) {
    let store = stage.open().await;
    let alice = put_new(&*store, "alice").await;
    store
        .write(&[write("alice", Change::PutDisplayName("Alice at home".to_owned()))])
        .await
        .unwrap();
    assert_eq!(store.changes_since(1).await.unwrap(), (1, vec![]));
    let named = Account {
        display_name: "Alice at home".to_owned(),
        ..alice
    };
    assert_eq!(store.accounts().await.unwrap(), [named]);
}

pub(crate) async fn a_revision_of_the_future_finds_nothing(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    assert_eq!(store.changes_since(u64::MAX).await.unwrap(), (1, vec![]));
}

pub(crate) async fn another_handle_is_told(stage: &impl Stage) {
    let (one, two) = (stage.open().await, stage.open().await);
    assert_eq!(two.changes_since(0).await.unwrap(), (0, vec![]));
    let alice = put_new(&*one, "alice").await;
    assert_eq!(two.changes_since(0).await.unwrap(), (1, vec![put(&alice)]));
    two.remove_account(&alice.principal).await.unwrap();
    assert_eq!(
        one.changes_since(1).await.unwrap(),
        (2, vec![Removed(alice.principal)])
    );
}
