//! Accounts, and the numbering of their changes.

use super::failure::Failure;
use super::load::{self, Which};
use crate::stored::{self, unreadable};
use crate::{Account, AccountChange, Error, Put, Secrets};
use rvp::Principal;
use sqlx::SqliteConnection;

const INSERT: &str = "INSERT INTO accounts (principal, slot, revision, display_name, email, disabled,
        scram_salt, scram_iterations, scram_stored_key, scram_server_key, nt_hash)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
    ON CONFLICT (principal) DO NOTHING RETURNING id";

const UPDATE: &str =
    "UPDATE accounts SET slot = ?2, revision = ?3, display_name = ?4, email = ?5, disabled = ?6,
        scram_salt = ?7, scram_iterations = ?8, scram_stored_key = ?9, scram_server_key = ?10, nt_hash = ?11
    WHERE principal = ?1 RETURNING id";

/// Creates or replaces an account. The transaction around it is the caller's.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    account: &Account,
    slot: u16,
    put: Put,
) -> Result<(), Failure> {
    let revision = next_revision(connection).await?;
    let Account {
        principal,
        display_name,
        email,
        disabled,
        secrets: Secrets { scram, legacy },
    } = account;
    let (sql, refusal) = match put {
        Put::New => (INSERT, Error::Exists),
        Put::Replace => (UPDATE, Error::NoSuchAccount),
    };
    let id: Option<i64> = sqlx::query_scalar(sql)
        .bind(principal.as_url())
        .bind(slot)
        .bind(revision)
        .bind(display_name.as_str())
        .bind(email.as_str())
        .bind(*disabled)
        .bind(&scram.salt[..])
        .bind(scram.iterations)
        .bind(&scram.stored_key[..])
        .bind(&scram.server_key[..])
        .bind(legacy.as_ref().map(|legacy| &legacy.nt_hash[..]))
        .fetch_optional(&mut *connection)
        .await?;
    let id = id.ok_or(refusal)?;
    sqlx::query("DELETE FROM digest_secrets WHERE account = ?")
        .bind(id)
        .execute(&mut *connection)
        .await?;
    for (position, secret) in (0_i64..).zip(legacy.iter().flat_map(|legacy| &legacy.digest)) {
        sqlx::query("INSERT INTO digest_secrets (account, position, username, ha1) VALUES (?, ?, ?, ?)")
            .bind(id)
            .bind(position)
            .bind(secret.username.as_str())
            .bind(&secret.ha1[..])
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Removes an account with all that belongs to it, and remembers that it was. The transaction around it is
/// the caller's.
pub(super) async fn remove(connection: &mut SqliteConnection, principal: &Principal) -> Result<(), Failure> {
    let removed = sqlx::query("DELETE FROM accounts WHERE principal = ?")
        .bind(principal.as_url())
        .execute(&mut *connection)
        .await?;
    if removed.rows_affected() == 0 {
        return Err(Error::NoSuchAccount.into());
    }
    let revision = next_revision(connection).await?;
    sqlx::query(
        "INSERT INTO removed_accounts (principal, revision) VALUES (?, ?)
            ON CONFLICT (principal) DO UPDATE SET revision = excluded.revision",
    )
    .bind(principal.as_url())
    .bind(revision)
    .execute(&mut *connection)
    .await?;
    Ok(())
}

/// Takes the next revision. Revisions are committed in their order, because whoever takes one holds the lock.
async fn next_revision(connection: &mut SqliteConnection) -> Result<i64, Failure> {
    let next = sqlx::query_scalar("UPDATE newest_revision SET revision = revision + 1 RETURNING revision");
    Ok(next.fetch_one(&mut *connection).await?)
}

/// The newest revision.
pub(super) async fn revision(connection: &mut SqliteConnection) -> Result<u64, Failure> {
    let newest: i64 = sqlx::query_scalar("SELECT revision FROM newest_revision")
        .fetch_one(&mut *connection)
        .await?;
    u64::try_from(newest).map_err(|_| unreadable("revision", "the store").into())
}

/// What changed after a revision, in order.
pub(super) async fn changes(
    connection: &mut SqliteConnection,
    after: u64,
) -> Result<Vec<AccountChange>, Failure> {
    let after = stored::number(after);
    let put = load::accounts(connection, Which::ChangedAfter(after)).await?;
    let mut changes: Vec<(i64, AccountChange)> = put
        .into_iter()
        .map(|found| (found.revision, AccountChange::Put(Box::new(found.account))))
        .collect();
    let removed: Vec<(i64, String)> =
        sqlx::query_as("SELECT revision, principal FROM removed_accounts WHERE revision > ?")
            .bind(after)
            .fetch_all(&mut *connection)
            .await?;
    for (revision, principal) in removed {
        changes.push((revision, AccountChange::Removed(stored::principal(&principal)?)));
    }
    changes.sort_by_key(|(revision, _)| *revision);
    Ok(changes.into_iter().map(|(_, change)| change).collect())
}
