//! What is special about a store in a file: which files are refused, and who else may use it.
#![expect(clippy::unwrap_used, reason = "in a test it is an assertion")]

use rusqlite::Connection;
use rvp::{AccessList, Domain, Identity, MessageId, PresenceState, Principal, Reach, SubscriptionId};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use store::{
    Account, ArchiveEntry, Break, Change, Claim, Error, Login, Put, ScramVerifier, Secrets, SqliteStore,
    Store, Write, verify_archive,
};
use tempfile::TempDir;
use tokio::task::JoinSet;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("homeport.db");
    (folder, path)
}

fn alice() -> Account {
    let scram = ScramVerifier {
        salt: [1; 16],
        iterations: 4096,
        stored_key: [2; 32],
        server_key: [3; 32],
    };
    Account {
        principal: Principal::from_address("alice@im.example.com").unwrap(),
        display_name: "Alice".to_owned(),
        email: "alice@example.com".to_owned(),
        disabled: false,
        secrets: Secrets { scram, legacy: None },
    }
}

fn write(change: Change) -> Write {
    Write {
        principal: alice().principal,
        slot: 1,
        epoch: 1,
        change,
    }
}

fn put_login(number: u32) -> Write {
    write(Change::PutLogin(Login {
        id: SubscriptionId::new(number).unwrap(),
        reach: Reach::parse("http://192.0.2.10:40001/").unwrap(),
        router: "inside".to_owned(),
        ends: SystemTime::UNIX_EPOCH,
    }))
}

fn claim() -> Claim {
    Claim {
        member: "home-1".to_owned(),
        epoch: 1,
        at: SystemTime::UNIX_EPOCH,
    }
}

async fn with_alice(path: &Path) -> SqliteStore {
    let store = SqliteStore::open(path).await.unwrap();
    store.put_account(&alice(), 1, Put::New).await.unwrap();
    store
}

fn raw(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

fn execute(path: &Path, sql: &str) {
    raw(path).execute_batch(sql).unwrap();
}

/// Opens a file that must be refused, and checks that it is named and left as it was.
async fn refusal(path: &Path) -> Error {
    let before = std::fs::read(path).unwrap();
    let error = SqliteStore::open(path).await.unwrap_err();
    assert_eq!(std::fs::read(path).unwrap(), before);
    let text = error.to_string();
    assert!(
        text.contains(path.to_str().unwrap()) && text.contains("nothing was changed"),
        "{text}"
    );
    error
}

#[tokio::test]
async fn a_file_of_a_newer_program_is_refused() {
    let (_folder, path) = folder();
    with_alice(&path).await.close().await;
    execute(
        &path,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            VALUES (999, 'of the future', TRUE, x'00', 0)",
    );
    let error = refusal(&path).await;
    assert!(
        matches!(
            error,
            Error::NewerSchema {
                found: 999,
                known: 1..,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let (_folder, path) = folder();
    std::fs::write(
        &path,
        "Dear diary, today I was taken for a database.\n".repeat(100),
    )
    .unwrap();
    let error = refusal(&path).await;
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
}

#[tokio::test]
async fn a_damaged_database_is_refused() {
    let (_folder, path) = folder();
    with_alice(&path).await.close().await;
    let mut octets = std::fs::read(&path).unwrap();
    octets[100..4096].fill(0x5a);
    std::fs::write(&path, octets).unwrap();
    let error = refusal(&path).await;
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
}

#[tokio::test]
async fn damage_that_opening_does_not_see_is_told_when_it_is_met() {
    let (_folder, path) = folder();
    let store = with_alice(&path).await;
    store.close().await;
    let mut octets = std::fs::read(&path).unwrap();
    let place = octets
        .windows(17)
        .position(|octets| octets == b"alice@example.com")
        .unwrap();
    let page = place / 4096 * 4096;
    octets[page..page + 4096].fill(0x5a);
    std::fs::write(&path, octets).unwrap();
    let store = SqliteStore::open(&path).await.unwrap();
    let error = store.claim(&claim(), &[1]).await.unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
}

#[tokio::test]
async fn a_database_of_another_program_is_refused() {
    let (_folder, path) = folder();
    execute(
        &path,
        "CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup')",
    );
    let error = refusal(&path).await;
    assert!(matches!(error, Error::Foreign { .. }), "{error:?}");
    execute(&path, "PRAGMA application_id = 4711");
    let error = refusal(&path).await;
    assert!(matches!(error, Error::Foreign { .. }), "{error:?}");
}

#[tokio::test]
async fn a_folder_in_place_of_a_file_is_refused() {
    let (folder, _) = folder();
    let error = SqliteStore::open(folder.path()).await.unwrap_err();
    assert!(matches!(error, Error::CannotOpen { .. }), "{error:?}");
    assert!(error.to_string().contains(folder.path().to_str().unwrap()));
}

#[tokio::test]
async fn a_file_in_a_folder_that_is_missing_is_refused() {
    let (folder, _) = folder();
    let error = SqliteStore::open(folder.path().join("missing").join("homeport.db"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::CannotOpen { .. }), "{error:?}");
    assert!(!folder.path().join("missing").exists());
}

#[tokio::test]
async fn an_empty_file_becomes_a_store() {
    let (_folder, path) = folder();
    std::fs::write(&path, "").unwrap();
    let store = with_alice(&path).await;
    assert_eq!(store.accounts().await.unwrap(), [alice()]);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_user_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = folder();
    let _store = with_alice(&path).await;
    let modes: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|file| file.unwrap().metadata().unwrap().permissions().mode() & 0o777)
        .collect();
    // The file, its write-ahead log and the index of that.
    assert_eq!(modes, [0o600, 0o600, 0o600]);
}

#[tokio::test]
async fn a_closed_store_is_one_whole_file() {
    let (folder, path) = folder();
    let store = with_alice(&path).await;
    store.write(&[put_login(1)]).await.unwrap();
    store.close().await;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let copy = folder.path().join("copy.db");
    std::fs::copy(&path, &copy).unwrap();
    let person = SqliteStore::open(&copy)
        .await
        .unwrap()
        .load_one(&alice().principal)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(person.logins.len(), 1);
    let after = store.write(&[put_login(2)]).await;
    assert!(matches!(after, Err(Error::Unavailable(_))), "{after:?}");
}

#[tokio::test]
async fn a_write_that_fails_half_way_leaves_nothing_behind() {
    let (_folder, path) = folder();
    let store = with_alice(&path).await;
    execute(
        &path,
        "CREATE TRIGGER refuse BEFORE INSERT ON logins WHEN NEW.id = 90
            BEGIN SELECT RAISE(ABORT, 'refused by the test'); END",
    );
    let mut writes: Vec<Write> = (1..=100).map(put_login).collect();
    writes.push(write(Change::PutAccess(AccessList::default())));
    let error = store.write(&writes).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    let person = store.load_one(&alice().principal).await.unwrap().unwrap();
    assert_eq!((person.logins, person.access), (vec![], None));

    store.write(&[put_login(1)]).await.unwrap();
    assert_eq!(
        store
            .load_one(&alice().principal)
            .await
            .unwrap()
            .unwrap()
            .logins
            .len(),
        1
    );
}

#[tokio::test]
async fn a_write_that_is_given_up_does_not_harm_the_next() {
    let (_folder, path) = folder();
    let store = with_alice(&path).await;
    let other = raw(&path);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut tasks = JoinSet::new();
    let writer = store.clone();
    tasks.spawn(async move { writer.write(&[put_login(1)]).await });
    tokio::task::yield_now().await;
    tasks.shutdown().await;
    other.execute_batch("ROLLBACK").unwrap();
    store.write(&[put_login(2)]).await.unwrap();
    let person = store.load_one(&alice().principal).await.unwrap().unwrap();
    assert!(person.logins.iter().any(|login| login.id.get() == 2));
}

#[tokio::test]
async fn a_write_waits_for_the_lock_of_another_process() {
    let (_folder, path) = folder();
    let store = with_alice(&path).await;
    let other = raw(&path);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let writes = [put_login(1)];
    let mut waiting = store.write(&writes);
    let waker = std::task::Context::from_waker(std::task::Waker::noop())
        .waker()
        .clone();
    let first = waiting.as_mut().poll(&mut std::task::Context::from_waker(&waker));
    assert!(first.is_pending());
    // Reading goes on meanwhile.
    assert_eq!(store.accounts().await.unwrap(), [alice()]);
    let (written, ()) = tokio::join!(waiting, async { other.execute_batch("COMMIT").unwrap() });
    written.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_file_may_be_opened_by_many_at_one_time() {
    let (_folder, path) = folder();
    let mut opening = JoinSet::new();
    for number in 0..8 {
        let path = path.clone();
        opening.spawn(async move {
            let store = SqliteStore::open(&path).await.unwrap();
            let principal = Principal::from_address(&format!("person{number}@im.example.com")).unwrap();
            store
                .put_account(&Account { principal, ..alice() }, 1, Put::New)
                .await
                .unwrap();
        });
    }
    opening.join_all().await;
    assert_eq!(
        SqliteStore::open(&path)
            .await
            .unwrap()
            .accounts()
            .await
            .unwrap()
            .len(),
        8
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_told_with_whose_it_is() {
    let spoilt = [
        ("UPDATE access_lists SET document = x'3c'", "access list"),
        ("UPDATE logins SET call_back = 'nowhere'", "login"),
        ("UPDATE told SET state = 'dancing'", "state told"),
        ("UPDATE accounts SET scram_salt = x'00'", "password verifier"),
    ];
    for (sql, what) in spoilt {
        let (_folder, path) = folder();
        let store = with_alice(&path).await;
        store
            .write(&[
                put_login(1),
                write(Change::PutAccess(AccessList::default())),
                write(Change::PutTold(PresenceState::Online)),
            ])
            .await
            .unwrap();
        execute(&path, sql);
        let error = store.claim(&claim(), &[1]).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::Unreadable { .. }), "{error:?}");
        assert!(text.contains(what) && text.contains("alice"), "{text}");
        assert_eq!(
            store.epoch().await.unwrap(),
            0,
            "who cannot read people does not claim them"
        );
    }
}

#[tokio::test]
async fn whoever_alters_the_archive_behind_the_stores_back_is_found_out() {
    let tampered = [
        (
            "DELETE FROM archive WHERE number = 3",
            Break::Missing { number: 3 },
        ),
        (
            "DELETE FROM archive WHERE number = 5",
            Break::Missing { number: 5 },
        ),
        (
            "UPDATE archive SET document = x'00' WHERE number = 2",
            Break::Changed { number: 2 },
        ),
        (
            "UPDATE archive SET at = at + 1 WHERE number = 5",
            Break::Changed { number: 5 },
        ),
        (
            "UPDATE archive SET number = 99 WHERE number = 2; UPDATE archive SET number = 2 WHERE number = 4;
                UPDATE archive SET number = 4 WHERE number = 99",
            Break::Changed { number: 2 },
        ),
        (
            "DELETE FROM archive WHERE number = 5; UPDATE archive_chains SET head_number = 4",
            Break::Changed { number: 4 },
        ),
    ];
    for (sql, expected) in tampered {
        let (_folder, path) = folder();
        let store = SqliteStore::open(&path).await.unwrap();
        let entry = |number: u8| ArchiveEntry {
            domain: Domain::parse("im.example.com").unwrap(),
            at: SystemTime::UNIX_EPOCH,
            id: MessageId::parse("m").unwrap(),
            from: Identity::Person(alice().principal),
            to: alice().principal,
            document: vec![number].into(),
        };
        let writes: Vec<Write> = (1..=5)
            .map(|number| write(Change::Archive(entry(number))))
            .collect();
        store.write(&writes).await.unwrap();
        execute(&path, sql);
        let chain = store.archives().await.unwrap().remove(0);
        let entries = store.archive(&chain.domain, 0, 100).await.unwrap();
        let verified = verify_archive(&entries, chain.anchor).and_then(|last| chain.ends_at(last));
        assert_eq!(verified, Err(expected), "{sql}");
    }
}
