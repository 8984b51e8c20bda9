//! Accounts, and the numbering of their changes.

use super::failure::Failure;
use super::load::{self, Which};
use crate::stored::{self, account};
use crate::{Account, AccountChange, Error, Put, Secrets};
use rvp::Principal;
use sqlx::SqliteConnection;

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
        Put::New => (account::INSERT, Error::Exists),
        Put::Replace => (account::UPDATE, Error::NoSuchAccount),
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
    sqlx::query(account::FORGET_DIGEST)
        .bind(id)
        .execute(&mut *connection)
        .await?;
    for (position, secret) in (0_i64..).zip(legacy.iter().flat_map(|legacy| &legacy.digest)) {
        sqlx::query(account::INSERT_DIGEST)
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
    sqlx::query(account::REMEMBER_REMOVED)
        .bind(principal.as_url())
        .bind(revision)
        .execute(&mut *connection)
        .await?;
    Ok(())
}

/// Takes the next revision. Revisions are committed in their order, because whoever takes one holds the lock.
async fn next_revision(connection: &mut SqliteConnection) -> Result<i64, Failure> {
    let next = sqlx::query_scalar(account::NEXT_REVISION);
    Ok(next.fetch_one(&mut *connection).await?)
}

/// The newest revision.
pub(super) async fn revision(connection: &mut SqliteConnection) -> Result<u64, Failure> {
    let newest: i64 = sqlx::query_scalar(account::NEWEST_REVISION)
        .fetch_one(&mut *connection)
        .await?;
    Ok(account::revision(newest)?)
}

/// What changed after a revision, in order.
pub(super) async fn changes(
    connection: &mut SqliteConnection,
    after: u64,
) -> Result<Vec<AccountChange>, Failure> {
    let after = stored::number(after);
    let put = load::accounts(connection, Which::ChangedAfter(after)).await?;
    let removed = sqlx::query_as(account::REMOVED)
        .bind(after)
        .fetch_all(&mut *connection)
        .await?;
    Ok(account::changes(put, removed)?)
}
