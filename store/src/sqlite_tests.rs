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
