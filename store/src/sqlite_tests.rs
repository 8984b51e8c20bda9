use super::*;
use sqlx::ConnectOptions;

async fn open() -> (tempfile::TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("homeport.db"))
        .await
        .unwrap();
    (folder, store)
}

#[tokio::test]
async fn a_commit_returns_when_the_disk_has_it() {
    let (_folder, store) = open().await;
    let mut connection = store.writer.acquire().await.unwrap();
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    let level: i64 = sqlx::query_scalar("PRAGMA synchronous")
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    let checked: bool = sqlx::query_scalar("PRAGMA foreign_keys")
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    assert_eq!((mode.as_str(), level, checked), ("wal", 2, true));
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
    sqlx::query(fill).execute(&store.writer).await.unwrap();
    assert_eq!(length(), before);
    store.upkeep().await;
    assert!(length() > before + 2000 * 4096);
}

#[tokio::test]
async fn whoever_writes_looks_for_the_lock_often_and_readers_wait() {
    let (_folder, store) = open().await;
    for (pool, millis) in [(&store.writer, 1), (&store.readers, 2000)] {
        let timeout: i64 = sqlx::query_scalar("PRAGMA busy_timeout")
            .fetch_one(pool)
            .await
            .unwrap();
        assert_eq!(timeout, millis);
    }
}

#[tokio::test]
async fn a_write_is_held_against_claims_by_key() {
    let (_folder, store) = open().await;
    let sql = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", claims::NEWER));
    let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(sql)
        .bind("[1,2]")
        .bind(1)
        .fetch_all(&store.readers)
        .await
        .unwrap();
    assert!(
        steps
            .iter()
            .any(|step| step.3 == "SEARCH claims USING INTEGER PRIMARY KEY (rowid=?)"),
        "{steps:?}"
    );
}

#[tokio::test]
async fn what_may_not_be_written_is_told_as_read_only() {
    let (_folder, store) = open().await;
    let readers_only = SqliteStore {
        writer: store.readers.clone(),
        ..store
    };
    let principal = Principal::from_address("alice@im.example.com").unwrap();
    let secrets = crate::Secrets::derive("s3cret", None).unwrap();
    let account = Account {
        principal,
        display_name: String::new(),
        email: String::new(),
        disabled: false,
        secrets,
    };
    let error = readers_only.put_account(&account, 1, Put::New).await.unwrap_err();
    assert!(matches!(error, Error::ReadOnly { .. }), "{error:?}");
}

#[tokio::test]
async fn a_file_that_may_not_be_written_is_not_opened() {
    let (_folder, store) = open().await;
    store.close().await;
    let mut connection = open::options(&store.path)
        .pragma("query_only", "ON")
        .connect()
        .await
        .unwrap();
    let error = open::migrate(&mut connection, &store.path)
        .await
        .unwrap_err()
        .explain(&store.path);
    assert!(matches!(error, Error::ReadOnly { .. }), "{error:?}");
}

#[tokio::test]
async fn each_kind_of_write_finds_its_rows_by_key() {
    let (_folder, store) = open().await;
    let mut connection = store.writer.acquire().await.unwrap();
    for table in ["logins", "views", "property_subscriptions"] {
        let plan =
            format!("EXPLAIN QUERY PLAN DELETE FROM {table} WHERE (account, id) IN (VALUES (1,2),(3,4))");
        let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(sqlx::AssertSqlSafe(plan))
            .fetch_all(&mut *connection)
            .await
            .unwrap();
        let text: Vec<_> = steps.into_iter().map(|step| step.3).collect();
        assert!(
            text.iter().any(|step| step.contains("USING PRIMARY KEY")),
            "{text:?}"
        );
        assert!(
            !text.iter().any(|step| step.starts_with(&format!("SCAN {table}"))),
            "{text:?}"
        );
    }
}

#[tokio::test]
async fn kept_messages_are_found_by_key() {
    let (_folder, store) = open().await;
    let plans = [
        format!("EXPLAIN QUERY PLAN {}", kept::TAKE.over(2).0),
        format!("EXPLAIN QUERY PLAN {}", kept::FORGET.over(2).0),
        format!("EXPLAIN QUERY PLAN {}", kept::WAITING),
    ];
    for plan in plans {
        let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(sqlx::AssertSqlSafe(plan.clone()))
            .fetch_all(&store.readers)
            .await
            .unwrap();
        let text: Vec<_> = steps.into_iter().map(|step| step.3).collect();
        let by_key =
            |step: &String| step.starts_with("SEARCH kept_messages USING") && step.contains("(account=?");
        assert!(text.iter().any(by_key), "{plan}: {text:?}");
        assert!(
            !text.iter().any(|step| step.contains("TEMP B-TREE")),
            "{plan}: {text:?}"
        );
    }
}
