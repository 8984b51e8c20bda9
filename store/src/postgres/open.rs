//! Reaching a database: connections as this program needs them, and bringing it to our schema.

use super::failure::Failure;
use crate::{Error, PostgresConfig};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// Every schema there was, in order. Never edit one that was released: add another.
static MIGRATIONS: Migrator = sqlx::migrate!("./migrations/postgres");

/// Who brings a database to the newest schema holds this; others wait. ("HOMP")
const MIGRATION_LOCK: i64 = 0x484F_4D50;

/// Connections of one process. One writes nearly always; claims, accounts and readings use the others.
pub(super) const CONNECTIONS: u32 = 8;

/// How long a call waits for a connection, which may have to be made.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// What every connection begins with.
///
/// A process that is stopped in the middle of a transaction holds its locks, and its successor waits for them:
/// the database ends such a transaction after three seconds, when its lease has ended too. A commit that returns
/// before the disk has it would be a promise that a crash of the database breaks, whatever its settings say;
/// stricter settings stay.
const SETTINGS: &str = "
    SET search_path TO homeport;
    SET idle_in_transaction_session_timeout TO '3s';
    SET lock_timeout TO '10s';
    SET statement_timeout TO '60s';
    SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') IN ('off', 'local');";

/// How to connect, and the name that errors give the database: its address without the password.
pub(super) fn options(config: &PostgresConfig) -> Result<(PgConnectOptions, String), Error> {
    let mut options = PgConnectOptions::from_str(&config.url)
        .map_err(|error| Error::BadAddress(Arc::new(error)))?
        .application_name("homeport")
        .disable_statement_logging();
    if let Some(password) = &config.password {
        options = options.password(password);
    }
    let place = match options.get_socket() {
        Some(folder) => folder.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    };
    let user = options.get_username();
    let name = format!(
        "postgres://{user}@{place}/{}",
        options.get_database().unwrap_or(user)
    );
    Ok((options, name))
}

/// Connections on demand.
pub(super) async fn connect(options: PgConnectOptions) -> Result<PgPool, sqlx::Error> {
    PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .acquire_slow_level(crate::SLOW_ACQUIRE)
        .idle_timeout(Some(Duration::from_secs(300)))
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_connect(|connection, _| Box::pin(async move { connection.execute(SETTINGS).await.map(drop) }))
        .connect_with(options)
        .await
}

/// Refuses a database that is not ours or newer than we are, and brings it to the newest schema. Several
/// processes may do this at one time. Also finds out whether we may write.
pub(super) async fn prepare(options: &PgConnectOptions, store: &str) -> Result<(), Failure> {
    // One connection, not a pool: a pool tries until its time is over, and hides why.
    let mut connection = tokio::time::timeout(ACQUIRE_TIMEOUT, options.connect())
        .await
        .map_err(|_| sqlx::Error::PoolTimedOut)??;
    let mut transaction = connection.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(MIGRATION_LOCK)
        .execute(&mut *transaction)
        .await?;
    inspect(&mut transaction, store).await?;
    transaction
        .execute("CREATE SCHEMA IF NOT EXISTS homeport; SET LOCAL search_path TO homeport")
        .await?;
    // Not `run`: the compiler cannot prove the future of that to be `Send`.
    MIGRATIONS
        .run_direct(None, &mut *transaction, false)
        .await
        .map_err(|error| Failure::of_migration(error, store, newest_schema()))?;
    // A database that only reads refuses this, even if there is nothing for it to do.
    transaction
        .execute("UPDATE newest_revision SET revision = revision WHERE single = 0")
        .await?;
    transaction.commit().await?;
    connection.close().await?;
    Ok(())
}

/// Refuses what is not ours. Reads only.
async fn inspect(connection: &mut PgConnection, store: &str) -> Result<(), Failure> {
    let store = store.to_owned();
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_tables WHERE schemaname = 'homeport'")
        .fetch_one(&mut *connection)
        .await?;
    if tables == 0 {
        return Ok(());
    }
    let ours: bool = sqlx::query_scalar("SELECT to_regclass('homeport._sqlx_migrations') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await?;
    if !ours {
        return Err(Error::Foreign { store }.into());
    }
    let found: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM homeport._sqlx_migrations")
        .fetch_one(&mut *connection)
        .await?;
    let known = newest_schema();
    match found {
        Some(found) if found > known => Err(Error::NewerSchema { store, found, known }.into()),
        Some(_) | None => Ok(()),
    }
}

fn newest_schema() -> i64 {
    let versions = MIGRATIONS.iter().map(|migration| migration.version);
    versions.max().unwrap_or_default()
}
