//! Opening a file: making it, looking at it before anything is changed, and bringing it to our schema.

use super::failure::Failure;
use crate::Error;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Every schema there was, in order. Never edit one that was released: add another.
static MIGRATIONS: Migrator = sqlx::migrate!("./migrations/sqlite");

/// As the first migration sets it.
const APPLICATION_ID: i64 = 0x484F_4D50;

/// How long one attempt waits for another process to finish its transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// Attempts at opening, which another process may be in the way of; with the timeout above ten seconds in
/// all.
const ATTEMPTS: u32 = 5;

/// Pause between attempts, for those refusals that the database does not itself wait for.
const PAUSE: Duration = Duration::from_millis(50);

/// How long one attempt of the connection that writes waits for the lock.
///
/// While it waits longer the database looks ever more rarely, in the end every 100 ms, and a process that
/// writes all the time leaves the lock for a fraction of a millisecond only. With three of them some waits
/// were above a second, and one had a tenth of another's share.
const IMPATIENT: &str = "PRAGMA busy_timeout = 1";

/// Attempts of the connection that writes; at a millisecond or somewhat more some ten seconds in all.
pub(super) const WRITE_ATTEMPTS: u32 = 8000;

/// Pages of the log, of 4 KiB, from which on whoever commits brings them into the file and waits for the disk twice
/// more: some 32 MiB beside the file. With the usual thousand, a storm of subscriptions did so every few
/// transactions; most is done by [`crate::Store::upkeep`] before.
const LOG_PAGES: &str = "8000";

/// How connections are made. The durable mode: a commit returns when the disk has it.
pub(super) fn options(path: &Path) -> SqliteConnectOptions {
    plain_options(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", LOG_PAGES)
}

/// Makes a connection look for the lock often.
pub(super) async fn look_often(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query(IMPATIENT).execute(connection).await?;
    Ok(())
}

/// The same without anything that could change a file that is not ours.
fn plain_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging()
}

/// Makes the file if there is none, refuses it if it is not ours or newer than we are, and brings it to the
/// newest schema. Several processes may do this at one time.
pub(super) async fn prepare(path: &Path) -> Result<(), Error> {
    create(path)?;
    let mut attempt = 1;
    loop {
        match try_prepare(path).await {
            Err(failure) if failure.is_busy() && attempt < ATTEMPTS => {
                attempt += 1;
                tokio::time::sleep(PAUSE).await;
            }
            Err(failure) => return Err(failure.explain(path)),
            Ok(()) => return Ok(()),
        }
    }
}

async fn try_prepare(path: &Path) -> Result<(), Failure> {
    let mut connection = plain_options(path).connect().await?;
    inspect(&mut connection, path).await?;
    connection.close().await?;
    let mut connection = options(path).connect().await?;
    migrate(&mut connection, path).await?;
    connection.close().await?;
    Ok(())
}

/// Makes an empty file, which is an empty database, that only this user may read: it will hold secrets.
/// The database gives its side files the same permissions.
fn create(path: &Path) -> Result<(), Error> {
    let mut new = std::fs::OpenOptions::new();
    new.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut new, 0o600);
    match new.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Error::CannotOpen {
            store: path.display().to_string(),
            source: Arc::new(error),
        }),
    }
}

/// Refuses what is not ours. Reads only.
async fn inspect(connection: &mut SqliteConnection, path: &Path) -> Result<(), Failure> {
    let mut snapshot = connection.begin().await?;
    let application: i64 = sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(&mut *snapshot)
        .await?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
        .fetch_one(&mut *snapshot)
        .await?;
    if application == 0 && tables == 0 {
        return Ok(());
    }
    let store = path.display().to_string();
    if application != APPLICATION_ID {
        return Err(Failure::Refused(Error::Foreign { store }));
    }
    let found: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
        .fetch_one(&mut *snapshot)
        .await?;
    snapshot.rollback().await?;
    match found {
        Some(found) if found > newest_schema() => Err(Failure::Refused(Error::NewerSchema {
            store,
            found,
            known: newest_schema(),
        })),
        Some(_) | None => Ok(()),
    }
}

/// Brings the file to the newest schema in one transaction that holds the lock from its first moment, so
/// that two processes cannot both begin. Also finds out whether we may write.
pub(super) async fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<(), Failure> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    // Not `run`: the compiler cannot prove the future of that to be `Send`, which is why this exists.
    match MIGRATIONS.run_direct(None, &mut *transaction, false).await {
        Ok(()) => {
            // The lock alone is also given to those who may only read; a statement that writes is not, even
            // if there is nothing for it to do.
            let nothing = sqlx::query("UPDATE newest_revision SET revision = revision WHERE only = 0");
            nothing.execute(&mut *transaction).await?;
            Ok(transaction.commit().await?)
        }
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => Err(error.into()),
        // A newer process came between the inspection and the lock.
        Err(MigrateError::VersionMissing(found)) => {
            let store = path.display().to_string();
            Err(Failure::Refused(Error::NewerSchema {
                store,
                found,
                known: newest_schema(),
            }))
        }
        // Somebody else's tables, or ours made from another text than this program holds.
        Err(_) => Err(Failure::Refused(Error::Foreign {
            store: path.display().to_string(),
        })),
    }
}

fn newest_schema() -> i64 {
    MIGRATIONS
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or_default()
}
