//! Files that older programs made.
#![expect(clippy::unwrap_used, reason = "in a test it is an assertion")]

#[path = "contract/samples.rs"]
#[expect(dead_code, reason = "of what the contract needs, this needs less")]
mod samples;

use rvp::PresenceState;
use samples::{SLOT, access, account, claim, legacy, login, one_of_each, person, subscription, view, write};
use store::AccountChange::{Put, Removed};
use store::{Change, Durable, Fenced, SqliteStore, Store};

/// Everybody in `fixtures/schema_1.sql`.
fn everybody() -> [Durable; 2] {
    let with_one_of_each = |account| Durable {
        account,
        logins: vec![login(1)],
        views: vec![view(1)],
        subscriptions: vec![subscription(2, "bob")],
        access: Some(access("bob")),
        told: None,
        kept: vec![],
        contacts: vec![],
    };
    let mut zoe = account("zoe");
    zoe.display_name = "Zoë's \"own\" name".to_owned();
    zoe.disabled = true;
    zoe.secrets.legacy = Some(legacy());
    [account("alice"), zoe].map(with_one_of_each)
}

#[tokio::test]
async fn a_file_of_the_first_schema_keeps_everything_and_takes_claims() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("homeport.db");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(include_str!("fixtures/schema_1.sql")).unwrap();
    drop(old);

    let [alice, zoe] = everybody();
    // The second time it is of the newest schema already.
    for _ in 0..2 {
        let store = SqliteStore::open(&path).await.unwrap();
        assert_eq!(
            store.load_one(&person("alice")).await.unwrap().as_ref(),
            Some(&alice)
        );
        let changes = [Put(Box::new(zoe.account.clone())), Removed(person("bob"))];
        assert_eq!(store.changes_since(1).await.unwrap(), (4, changes.to_vec()));
        assert_eq!(store.epoch().await.unwrap(), 0);
        store.close().await;
    }

    let store = SqliteStore::open(&path).await.unwrap();
    let found = store.claim(&claim("home-1", 7), &[SLOT, 16_383]).await.unwrap();
    assert_eq!(found, [alice, zoe]);
    let fenced = store.write(&one_of_each("alice")).await.unwrap();
    assert_eq!(fenced, [Fenced { slot: SLOT, epoch: 7 }]);
    let mut told = write("alice", Change::PutTold(PresenceState::Busy));
    told.epoch = 7;
    assert_eq!(store.write(&[told]).await.unwrap(), []);
    let alice = store.load_one(&person("alice")).await.unwrap().unwrap();
    assert_eq!(alice.told, Some(PresenceState::Busy));
}
