//! Backups of each engine, restored into each.
#![expect(clippy::unwrap_used, reason = "in a test it is an assertion")]

#[path = "contract/samples.rs"]
#[expect(dead_code, reason = "of what the contract needs, this needs less")]
mod samples;
#[path = "postgres/server.rs"]
#[expect(dead_code, reason = "the tests of PostgreSQL need more of it")]
mod server;

use rvp::{Domain, Identity, MessageId};
use samples::{
    EPOCH, SLOT, account, at, claim, kept_message, legacy, one_of_each, person, put_login, put_new, write,
};
use server::Server;
use std::io::{Read, Write as _};
use std::path::Path;
use std::sync::Arc;
use store::{
    ArchiveEntry, Backup, BackupError, Change, Location, Put, SqliteStore, Store, Writer, verify_archive,
};
use tempfile::TempDir;
use tokio::task::JoinSet;

fn file(folder: &TempDir, name: &str) -> Location {
    Location::Sqlite(folder.path().join(name))
}

async fn backup(location: &Location) -> (Vec<u8>, Backup) {
    let mut octets = Vec::new();
    let done = location.backup(&mut octets, &mut |_, _| {}).await.unwrap();
    (octets, done)
}

async fn restore(location: &Location, octets: &[u8]) -> Result<Backup, BackupError> {
    location.restore(&mut &*octets, &mut |_, _| {}).await
}

fn said(number: u64) -> store::Write {
    write(
        "alice",
        Change::Archive(ArchiveEntry {
            domain: Domain::parse("im.example.com").unwrap(),
            at: at(number),
            id: MessageId::parse("m").unwrap(),
            from: Identity::Person(person("bob")),
            to: person("alice"),
            document: vec![0, 255, 10].into(),
        }),
    )
}

/// Puts at least one row into each table, and texts that are hard to write.
async fn fill(location: &Location) {
    let store = location.open().await.unwrap();
    put_new(&*store, "gone").await;
    let mut zoe = account("zoe");
    zoe.display_name = "Zoë \"Z\" O'Hara;\\\n\u{1f980}".to_owned();
    zoe.disabled = true;
    zoe.secrets.legacy = Some(legacy());
    store.put_account(&zoe, SLOT + 1, Put::New).await.unwrap();
    store.remove_account(&person("gone")).await.unwrap();
    for number in 0..150 {
        put_new(&*store, &format!("person{number}")).await;
    }
    put_new(&*store, "alice").await;
    store
        .claim(&claim("home-1", EPOCH), &[SLOT, SLOT + 1])
        .await
        .unwrap();
    store
        .claim(&claim("home-2", EPOCH + 1), &[SLOT + 1])
        .await
        .unwrap();
    let mut writes = one_of_each("alice");
    writes.push(write("alice", Change::PutMessage(kept_message(7))));
    writes.push(write("alice", Change::TakeMessages(vec![1], at(9))));
    writes.extend((0..150).map(|number| put_login(&format!("person{number}"), 1)));
    writes.extend((1..=20).map(said));
    store.write(&writes).await.unwrap();
    let domain = Domain::parse("im.example.com").unwrap();
    store.purge_archive(&domain, at(5)).await.unwrap();
    store.close().await;
}

/// That two stores say the same to whoever asks, and both go on.
async fn assert_equal(one: &Location, other: &Location) {
    let (one, other) = (one.open().await.unwrap(), other.open().await.unwrap());
    let accounts = one.accounts().await.unwrap();
    assert!(accounts.len() > 150);
    assert_eq!(other.accounts().await.unwrap(), accounts);
    for account in &accounts {
        let principal = &account.principal;
        let person = one.load_one(principal).await.unwrap();
        assert_eq!(other.load_one(principal).await.unwrap(), person);
        let kept = one.kept(principal, 0, 10).await.unwrap();
        assert_eq!(other.kept(principal, 0, 10).await.unwrap(), kept);
    }
    let changes = one.changes_since(0).await.unwrap();
    assert_eq!(other.changes_since(0).await.unwrap(), changes);
    assert_eq!(other.epoch().await.unwrap(), EPOCH + 1);
    assert_eq!(
        other.moves(SLOT + 1).await.unwrap(),
        one.moves(SLOT + 1).await.unwrap()
    );
    // What was fenced still is, and everything that grows goes on.
    let mut late = put_login("zoe", 1);
    late.slot = SLOT + 1;
    assert_eq!(other.write(&[late]).await.unwrap().len(), 1);
    put_new(&*other, "newcomer").await;
    assert_eq!(other.revision().await.unwrap(), changes.0 + 1);
    assert_eq!(other.write(&[said(21)]).await.unwrap(), []);
    let chain = other.archives().await.unwrap().remove(0);
    assert_eq!(chain.anchor, one.archives().await.unwrap()[0].anchor);
    let entries = other.archive(&chain.domain, 0, 100).await.unwrap();
    let last = verify_archive(&entries, chain.anchor).unwrap();
    assert_eq!((chain.ends_at(last), entries.len()), (Ok(()), 17));
    one.close().await;
    other.close().await;
}

#[tokio::test]
async fn a_backup_of_each_engine_can_be_restored_into_each() {
    let (folder, servers) = (
        tempfile::tempdir().unwrap(),
        [Server::start().await, Server::start().await],
    );
    let [first, second] = servers
        .each_ref()
        .map(|server| Location::Postgres(server.config()));
    let original = file(&folder, "original.db");
    fill(&original).await;
    let (octets, made) = backup(&original).await;
    for (place, copy) in [first, second, file(&folder, "copy.db")].iter().enumerate() {
        // From the copy of the one before, so that each is source and target.
        assert_eq!(restore(copy, &octets).await.unwrap(), made, "copy {place}");
        assert_eq!(backup(copy).await.1, made, "copy {place}");
        let store = original.open().await.unwrap();
        store.close().await;
        assert_equal(&original, copy).await;
    }
}

#[tokio::test]
async fn a_database_moves_into_a_file_too() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start().await);
    let database = Location::Postgres(server.config());
    fill(&database).await;
    let (octets, made) = backup(&database).await;
    let copy = file(&folder, "copy.db");
    assert_eq!(restore(&copy, &octets).await.unwrap(), made);
    assert_equal(&database, &copy).await;
}

#[tokio::test]
async fn only_an_empty_store_is_filled() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start().await);
    let original = file(&folder, "original.db");
    fill(&original).await;
    let (octets, _) = backup(&original).await;
    for target in [file(&folder, "target.db"), Location::Postgres(server.config())] {
        let store = target.open().await.unwrap();
        store.claim(&claim("home-1", 1), &[5]).await.unwrap();
        let before = backup(&target).await.1;
        let refused = restore(&target, &octets).await.unwrap_err();
        assert!(matches!(refused, BackupError::NotEmpty { .. }), "{refused:?}");
        assert_eq!(backup(&target).await.1, before);
        store.close().await;
    }
}

#[tokio::test]
async fn a_backup_that_was_cut_off_or_altered_restores_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let original = file(&folder, "original.db");
    fill(&original).await;
    let (octets, _) = backup(&original).await;
    let target = file(&folder, "target.db");
    let empty = backup(&target).await.1;
    for part in (0..20)
        .map(|part| octets.len() * part / 20)
        .chain([octets.len() - 12])
    {
        let refused = restore(&target, &octets[..part]).await.unwrap_err();
        let told = matches!(refused, BackupError::Damaged(_) | BackupError::NotABackup);
        assert!(told, "{part} octets: {refused:?}");
    }
    for place in (100..octets.len() - 100).step_by(octets.len() / 50) {
        let mut altered = octets.clone();
        altered[place] ^= 0x10;
        let refused = restore(&target, &altered).await.unwrap_err();
        let told = matches!(refused, BackupError::Damaged(_) | BackupError::NotABackup);
        assert!(told, "octet {place}: {refused:?}");
    }
    assert_eq!(backup(&target).await.1, empty);
    restore(&target, &octets).await.unwrap();
}

/// The text of a backup, changed and compressed again.
fn with_text(octets: &[u8], change: impl Fn(String) -> String) -> Vec<u8> {
    let mut text = String::new();
    zstd::Decoder::new(octets)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.write_all(change(text).as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn whoever_edits_the_text_is_found_out_and_a_newer_format_named() {
    let folder = tempfile::tempdir().unwrap();
    let original = file(&folder, "original.db");
    fill(&original).await;
    let (octets, _) = backup(&original).await;
    let target = file(&folder, "target.db");
    let edits: [fn(String) -> String; 4] = [
        |text| text.replacen("person7@example.com", "person8@example.com", 1),
        |text| text.replacen("[\"http", "[7,\"http", 1),
        |text| text.replacen("\"columns\":[\"id\"", "\"columns\":[\"number\"", 1),
        |text| {
            let lines: Vec<&str> = text.lines().filter(|line| !line.contains("person7@")).collect();
            lines.join("\n")
        },
    ];
    for (number, edit) in edits.into_iter().enumerate() {
        let refused = restore(&target, &with_text(&octets, edit)).await.unwrap_err();
        assert!(
            matches!(refused, BackupError::Damaged(_)),
            "edit {number}: {refused:?}"
        );
    }
    let newer = with_text(&octets, |text| {
        text.replacen("\"homeport_backup\":1", "\"homeport_backup\":2", 1)
    });
    let refused = restore(&target, &newer).await.unwrap_err();
    assert!(
        matches!(refused, BackupError::NewerFormat { found: 2 }),
        "{refused:?}"
    );
    let other = with_text(&octets, |_| "{\"recipes\":[]}\n".to_owned());
    for octets in [other.as_slice(), b"", b"Dear diary"] {
        let untouched = folder.path().join("untouched.db");
        let refused = restore(&Location::Sqlite(untouched.clone()), octets)
            .await
            .unwrap_err();
        assert!(matches!(refused, BackupError::NotABackup), "{refused:?}");
        assert!(!untouched.exists());
    }
}

/// Somebody who writes all the time two things that belong together.
async fn write_pairs(store: Arc<dyn Store>, stop: Arc<std::sync::atomic::AtomicBool>) {
    let (writer, work) = Writer::new(store);
    let pairs = async move {
        for number in 1.. {
            let pair = vec![
                write("alice", Change::PutDisplayName(number.to_string())),
                write("alice", Change::PutMessage(kept_message(number))),
            ];
            writer.submit(pair).await.unwrap();
            if stop.load(std::sync::atomic::Ordering::SeqCst) {
                return;
            }
        }
    };
    tokio::join!(work, pairs);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_store_in_use_is_one_moments_truth() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start().await);
    for (place, location) in [file(&folder, "a.db"), Location::Postgres(server.config())]
        .into_iter()
        .enumerate()
    {
        let store = location.open().await.unwrap();
        put_new(&*store, "alice").await;
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let mut writing = JoinSet::new();
        writing.spawn(write_pairs(store, stop.clone()));
        for round in 0..5 {
            let (octets, made) = backup(&location).await;
            let copy = folder.path().join(format!("copy-{place}-{round}.db"));
            assert_eq!(
                restore(&Location::Sqlite(copy.clone()), &octets).await.unwrap(),
                made
            );
            assert_one_moment(&copy).await;
        }
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
        writing.join_all().await;
    }
}

async fn assert_one_moment(copy: &Path) {
    let store = SqliteStore::open(copy).await.unwrap();
    let alice = store.load_one(&person("alice")).await.unwrap().unwrap();
    let last = alice
        .kept
        .last()
        .map_or_else(|| "alice of Example".to_owned(), |kept| kept.number.to_string());
    assert_eq!(alice.account.display_name, last);
    assert!(
        alice
            .kept
            .iter()
            .map(|kept| kept.number)
            .eq(1..=alice.kept.len() as u64)
    );
}
