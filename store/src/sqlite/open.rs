//! Opening a file: making it, looking at it before anything is changed, and bringing it to our schema.

use super::connections::Connections;
use super::failure::Failure;
use super::load::rows;
use crate::Error;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};
use sqlx::migrate::Migrator;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Every schema there was, in order. Never edit one that was released: add another. Both engines are told in the same
/// way which they have.
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
const IMPATIENT: Duration = Duration::from_millis(1);

/// Attempts of the connection that writes; at a millisecond or somewhat more some ten seconds in all.
const WRITE_ATTEMPTS: u32 = 8000;

/// Pages of the log, of 4 KiB, from which on whoever commits brings them into the file and waits for the disk twice
/// more: some 32 MiB beside the file. With the usual thousand, a storm of subscriptions did so every few
/// transactions; most is done by [`crate::Store::upkeep`] before.
const LOG_PAGES: u32 = 8000;

/// What a connection that reads keeps of the file, in KiB: enough for one answer, since after each commit of another
/// connection it is read anew.
const READER_CACHE_KIB: u32 = 256;

/// Statements that a connection keeps prepared: all that there are for what is not an operator's.
const STATEMENTS: usize = 64;

/// What was done to a file, as the library for the other engine notes it.
const MIGRATIONS_TABLE: &str = "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
)";

/// A connection that writes. The durable mode: a commit returns when the disk has it. It looks after references only
/// where it is told to, by [`refer`].
pub(super) fn writer(path: &Path) -> Result<Connection, Failure> {
    let connection = durable(path)?;
    connection.busy_timeout(IMPATIENT)?;
    refer(&connection, false)?;
    Ok(connection)
}

/// Says whether the next transactions look after references between tables. All statements are prepared anew then, so it
/// is for what is rare.
pub(super) fn refer(connection: &Connection, refers: bool) -> Result<(), Failure> {
    let state = if refers { "ON" } else { "OFF" };
    Ok(connection.execute_batch(&format!("PRAGMA foreign_keys = {state}"))?)
}

/// A connection that reads only.
pub(super) fn reader(path: &Path) -> Result<Connection, Failure> {
    let connection = durable(path)?;
    let settings = format!("PRAGMA query_only = ON; PRAGMA cache_size = -{READER_CACHE_KIB}");
    connection.execute_batch(&settings)?;
    Ok(connection)
}

/// Begins a transaction that has the file's lock.
pub(super) fn lock(connection: &Connection) -> Result<(), Failure> {
    let mut attempt = 1;
    loop {
        match connection.execute_batch("BEGIN IMMEDIATE").map_err(Failure::from) {
            Err(failure) if failure.is_busy() && attempt < WRITE_ATTEMPTS => attempt += 1,
            begun => return begun,
        }
    }
}

fn durable(path: &Path) -> Result<Connection, Failure> {
    let connection = plain(path)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let settings = format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = {LOG_PAGES}"
    );
    connection.execute_batch(&settings)?;
    Ok(connection)
}

/// The same without anything that could change a file that is not ours.
fn plain(path: &Path) -> Result<Connection, Failure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.execute_batch("PRAGMA foreign_keys = ON")?;
    Ok(connection)
}

/// Makes the file if there is none, refuses it if it is not ours or newer than we are, and brings it to the
/// newest schema. Several processes may do this at one time.
pub(super) async fn prepare(path: &Path) -> Result<(), Failure> {
    let preparing = Connections::new(path, 1, prepared);
    let mut attempt = 1;
    loop {
        match preparing.run(|_| Ok(())).await {
            Err(failure) if failure.is_busy() && attempt < ATTEMPTS => {
                attempt += 1;
                tokio::time::sleep(PAUSE).await;
            }
            prepared => {
                preparing.close().await;
                return prepared;
            }
        }
    }
}

fn prepared(path: &Path) -> Result<Connection, Failure> {
    create(path)?;
    inspect(&plain(path)?, path)?;
    let connection = durable(path)?;
    migrate(&connection, path)?;
    Ok(connection)
}

/// Makes an empty file, which is an empty database, that only this user may read: it will hold secrets.
/// The database gives its side files the same permissions.
fn create(path: &Path) -> Result<(), Failure> {
    let mut new = std::fs::OpenOptions::new();
    new.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut new, 0o600);
    match new.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Failure::Refused(Error::CannotOpen {
            store: path.display().to_string(),
            source: Arc::new(error),
        })),
    }
}

/// Refuses what is not ours. Reads only.
fn inspect(connection: &Connection, path: &Path) -> Result<(), Failure> {
    let snapshot = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    let number = |sql| snapshot.query_row(sql, (), |row| row.get::<_, Option<i64>>(0));
    let application = number("PRAGMA application_id")?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    if application == Some(0) && tables == Some(0) {
        return Ok(());
    }
    let store = path.display().to_string();
    if application != Some(APPLICATION_ID) {
        return Err(Failure::Refused(Error::Foreign { store }));
    }
    match number("SELECT max(version) FROM _sqlx_migrations")? {
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
pub(super) fn migrate(connection: &Connection, path: &Path) -> Result<(), Failure> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    transaction.execute_batch(MIGRATIONS_TABLE)?;
    let done = rows(&transaction, "SELECT version, checksum FROM _sqlx_migrations", ())?;
    let mut done: BTreeMap<i64, Vec<u8>> = done.into_iter().collect();
    for migration in MIGRATIONS.iter() {
        match done.remove(&migration.version) {
            Some(checksum) if *checksum == *migration.checksum => {}
            // Somebody else's tables, or ours made from another text than this program holds.
            Some(_) => {
                let store = path.display().to_string();
                return Err(Failure::Refused(Error::Foreign { store }));
            }
            None => {
                transaction.execute_batch(migration.sql.as_str())?;
                transaction.execute(
                    "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                        VALUES (?, ?, TRUE, ?, 0)",
                    params![migration.version, &*migration.description, &*migration.checksum],
                )?;
            }
        }
    }
    // A newer process came between the inspection and the lock.
    if let Some((found, _)) = done.pop_last() {
        let store = path.display().to_string();
        let known = newest_schema();
        return Err(Failure::Refused(Error::NewerSchema { store, found, known }));
    }
    // The lock alone is also given to those who may only read; a statement that writes is not, even
    // if there is nothing for it to do.
    transaction.execute(
        "UPDATE newest_revision SET revision = revision WHERE only = 0",
        (),
    )?;
    Ok(transaction.commit()?)
}

fn newest_schema() -> i64 {
    MIGRATIONS
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or_default()
}
