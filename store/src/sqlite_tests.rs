use super::*;

async fn open() -> (tempfile::TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("homeport.db"))
        .await
        .unwrap();
    (folder, store)
}

fn account(address: &str) -> Account {
    Account {
        principal: Principal::from_address(address).unwrap(),
        display_name: String::new(),
        email: String::new(),
        disabled: false,
        secrets: crate::Secrets::derive("s3cret", None).unwrap(),
    }
}

/// What one of these connections says of a setting.
async fn setting(connections: &Connections, name: &'static str) -> String {
    let read = connections.run(move |connection| {
        let value = |row: &rusqlite::Row<'_>| row.get::<_, rusqlite::types::Value>(0);
        Ok(connection.query_row(&format!("PRAGMA {name}"), (), value)?)
    });
    let value = read.await.unwrap();
    if let rusqlite::types::Value::Integer(number) = value {
        return number.to_string();
    }
    let rusqlite::types::Value::Text(text) = value else {
        panic!("{name} is {value:?}");
    };
    text
}

/// The steps by which a statement finds its rows.
async fn plan(store: &SqliteStore, sql: &str) -> Vec<String> {
    let sql = format!("EXPLAIN QUERY PLAN {sql}");
    let steps = store.read(move |connection| {
        let mut statement = connection.prepare(&sql)?;
        for place in 1..=statement.parameter_count() {
            statement.raw_bind_parameter(place, 1)?;
        }
        let mut rows = statement.raw_query();
        let mut steps = Vec::new();
        while let Some(row) = rows.next()? {
            steps.push(row.get(3)?);
        }
        Ok(steps)
    });
    steps.await.unwrap()
}

#[tokio::test]
async fn a_commit_returns_when_the_disk_has_it() {
    let (_folder, store) = open().await;
    for (name, value) in [
        ("journal_mode", "wal"),
        ("synchronous", "2"),
        // Rows of people are written by who knows that their accounts are there.
        ("foreign_keys", "0"),
    ] {
        assert_eq!(setting(&store.writer, name).await, value, "{name}");
    }
    let rare = store.write_with(|connection| {
        Ok(connection.query_row("PRAGMA foreign_keys", (), |row| row.get::<_, i64>(0))?)
    });
    assert_eq!(rare.await.unwrap(), 1);
    assert_eq!(setting(&store.writer, "foreign_keys").await, "0");
}

/// More is written than a log holds by default before it is brought into the file.
#[tokio::test]
async fn what_was_committed_comes_into_the_file_with_the_upkeep_and_not_before() {
    let (_folder, store) = open().await;
    let length = || std::fs::metadata(&store.path).unwrap().len();
    let before = length();
    let fill = "CREATE TABLE filled AS
        WITH RECURSIVE counted (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM counted WHERE n < 2000)
        SELECT n, zeroblob(4096) AS octets FROM counted";
    let filled = store.write_with(|connection| Ok(connection.execute_batch(fill)?));
    filled.await.unwrap();
    assert_eq!(length(), before);
    store.upkeep().await;
    assert!(length() > before + 2000 * 4096);
}

#[tokio::test]
async fn whoever_writes_looks_for_the_lock_often_and_readers_wait() {
    let (_folder, store) = open().await;
    for (connections, millis) in [(&store.writer, "1"), (&store.readers, "2000")] {
        assert_eq!(setting(connections, "busy_timeout").await, millis);
    }
}

#[tokio::test]
async fn claims_are_found_by_key() {
    let (_folder, store) = open().await;
    let steps = plan(&store, claims::OF_SLOTS).await;
    let by_key = "SEARCH claims USING INTEGER PRIMARY KEY (rowid=?)";
    assert!(steps.iter().any(|step| step == by_key), "{steps:?}");
}

/// Also one that another process makes, after claims were remembered.
#[tokio::test]
async fn a_write_is_held_against_a_claim_of_after_the_last_write() {
    let (_folder, store) = open().await;
    let other = SqliteStore::open(&store.path).await.unwrap();
    let alice = account("alice@im.example.com");
    store.put_account(&alice, 7, Put::New).await.unwrap();
    let claim = |member: &str, epoch| Claim {
        member: member.to_owned(),
        epoch,
        at: SystemTime::UNIX_EPOCH,
    };
    let write = |epoch| {
        let name = format!("as of {epoch}");
        [Write {
            principal: alice.principal.clone(),
            slot: 7,
            epoch,
            change: crate::Change::PutDisplayName(name),
        }]
    };
    assert_eq!(store.write(&write(3)).await.unwrap(), [], "nobody has claimed it");
    store.claim(&claim("one", 3), &[7]).await.unwrap();
    assert_eq!(store.write(&write(3)).await.unwrap(), []);
    other.claim(&claim("two", 5), &[7]).await.unwrap();
    let fenced = [Fenced { slot: 7, epoch: 5 }];
    assert_eq!(store.write(&write(3)).await.unwrap(), fenced);
    assert_eq!(other.write(&write(5)).await.unwrap(), []);
    store.claim(&claim("one", 8), &[7]).await.unwrap();
    assert_eq!(store.write(&write(8)).await.unwrap(), []);
    assert_eq!(
        other.write(&write(5)).await.unwrap(),
        [Fenced { slot: 7, epoch: 8 }]
    );
    let found = store.accounts().await.unwrap();
    assert_eq!(found[0].display_name, "as of 8");
}

#[tokio::test]
async fn what_may_not_be_written_is_told_as_read_only() {
    let (_folder, store) = open().await;
    let readers_only = SqliteStore {
        writer: store.readers.clone(),
        ..store
    };
    let account = account("alice@im.example.com");
    let error = readers_only.put_account(&account, 1, Put::New).await.unwrap_err();
    assert!(matches!(error, Error::ReadOnly { .. }), "{error:?}");
}

#[tokio::test]
async fn a_file_that_may_not_be_written_is_not_opened() {
    let (_folder, store) = open().await;
    let path = store.path.clone();
    let migrated = store
        .readers
        .run(move |connection| open::migrate(connection, &path));
    let error = store.explain(migrated.await).unwrap_err();
    assert!(matches!(error, Error::ReadOnly { .. }), "{error:?}");
}

#[tokio::test]
async fn each_kind_of_write_finds_its_rows_by_key() {
    let (_folder, store) = open().await;
    let removals = [
        apply::LOGINS.remove,
        apply::VIEWS.remove,
        apply::SUBSCRIPTIONS.remove,
    ];
    let renewals = [apply::LOGINS.renew, apply::SUBSCRIPTIONS.renew];
    for sql in removals.into_iter().chain(renewals.into_iter().flatten()) {
        let steps = plan(&store, sql).await;
        assert!(
            steps[0].ends_with("USING PRIMARY KEY (account=? AND id=?)"),
            "{sql}: {steps:?}"
        );
        assert_eq!(steps.len(), 1, "{sql}: {steps:?}");
    }
}

#[tokio::test]
async fn kept_messages_are_found_by_key() {
    let (_folder, store) = open().await;
    for sql in [kept::TAKE, kept::FORGET, kept::WAITING] {
        let steps = plan(&store, sql).await;
        let by_key =
            |step: &String| step.starts_with("SEARCH kept_messages USING") && step.contains("(account=?");
        assert!(steps.iter().any(by_key), "{sql}: {steps:?}");
        assert!(
            !steps.iter().any(|step| step.contains("TEMP B-TREE")),
            "{sql}: {steps:?}"
        );
    }
}

#[tokio::test]
async fn a_connection_on_which_a_transaction_is_left_is_not_used_again() {
    let (_folder, store) = open().await;
    let left = store
        .writer
        .run(|connection| Ok(connection.execute_batch("BEGIN IMMEDIATE")?));
    left.await.unwrap();
    assert_eq!(
        store
            .remove_account(&Principal::from_address("bob@im.example.com").unwrap())
            .await
            .unwrap_err()
            .to_string(),
        Error::NoSuchAccount.to_string()
    );
}

#[tokio::test]
async fn what_has_begun_is_finished_when_nobody_waits_for_it_any_more() {
    let (_folder, store) = open().await;
    let (begun, told) = std::sync::mpsc::channel();
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let given_up = store.write_with(move |connection| {
        begun.send(()).unwrap();
        wait.recv().unwrap();
        Ok(connection.execute_batch("CREATE TABLE finished (n)")?)
    });
    let mut given_up = Box::pin(given_up);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(given_up.as_mut().poll(&mut context).is_pending());
    told.recv().unwrap();
    drop(given_up);
    go_on.send(()).unwrap();
    // Behind it.
    let found = store.write_with(|connection| {
        Ok(connection.query_row("SELECT count(*) FROM finished", (), |row| row.get::<_, i64>(0))?)
    });
    assert_eq!(found.await.unwrap(), 0);
}

/// Another process may remove an account and make others, which then have its row id.
#[tokio::test]
async fn what_is_written_of_somebody_is_not_written_of_who_has_the_row_now() {
    let (_folder, store) = open().await;
    let another = SqliteStore::open(&store.path).await.unwrap();
    let (alice, bob) = (account("alice@im.example.com"), account("bob@im.example.com"));
    let put = |account: &Account| Write {
        principal: account.principal.clone(),
        slot: 1,
        epoch: 1,
        change: crate::Change::PutTold(rvp::PresenceState::Busy),
    };
    let told = async |account: &Account| store.load_one(&account.principal).await.unwrap().unwrap().told;
    store.put_account(&alice, 1, Put::New).await.unwrap();
    store.write(&[put(&alice)]).await.unwrap();
    assert!(told(&alice).await.is_some());
    another.remove_account(&alice.principal).await.unwrap();
    another.put_account(&bob, 1, Put::New).await.unwrap();
    store.write(&[put(&alice)]).await.unwrap();
    assert!(told(&bob).await.is_none());
    another.remove_account(&bob.principal).await.unwrap();
    another.put_account(&alice, 1, Put::New).await.unwrap();
    assert!(
        told(&alice).await.is_none(),
        "all that belonged to it has gone with it"
    );
    store.write(&[put(&alice)]).await.unwrap();
    assert!(told(&alice).await.is_some());
}
