//! Accounts, and the numbering of their changes.

use super::failure::Failure;
use crate::stored;
use crate::stored::account::{self, AccountRow, DigestRow, Found};
use crate::{Account, AccountChange, Error, Put, Secrets};
use rvp::Principal;
use sqlx::{AssertSqlSafe, PgConnection};

/// Whose rows to read.
#[derive(Clone, Copy)]
pub(super) enum Which<'a> {
    /// Everybody.
    All,
    /// These people, by the addresses of their accounts.
    These(&'a [&'a str]),
    /// Everybody in these slots.
    InSlots(&'a [i64]),
    /// Those whose account changed after this revision.
    ChangedAfter(i64),
}

/// What goes with an account.
const BELONGINGS: [&str; 8] = [
    "DELETE FROM digest_secrets WHERE account = $1",
    "DELETE FROM logins WHERE account = $1",
    "DELETE FROM views WHERE account = $1",
    "DELETE FROM property_subscriptions WHERE account = $1",
    "DELETE FROM access_lists WHERE account = $1",
    "DELETE FROM told WHERE account = $1",
    "DELETE FROM kept_messages WHERE account = $1",
    "DELETE FROM contacts WHERE account = $1",
];

/// Reads accounts, ordered by principal.
pub(super) async fn load(connection: &mut PgConnection, which: Which<'_>) -> Result<Vec<Found>, Failure> {
    let condition = match which {
        Which::All => "",
        Which::These(_) => " WHERE principal = ANY($1)",
        Which::InSlots(_) => " WHERE slot = ANY($1)",
        Which::ChangedAfter(_) => " WHERE revision > $1",
    };
    let query = sqlx::query_as::<_, AccountRow>(AssertSqlSafe(format!(
        "{}{condition} ORDER BY principal",
        account::SELECT
    )));
    let query = match which {
        Which::All => query,
        Which::These(people) => query.bind(people),
        Which::InSlots(slots) => query.bind(slots),
        Which::ChangedAfter(revision) => query.bind(revision),
    };
    let rows = query.fetch_all(&mut *connection).await?;
    let mut found = rows
        .into_iter()
        .map(account::account)
        .collect::<Result<Vec<_>, _>>()?;
    let opted_in = account::opted_in(&found);
    if opted_in.is_empty() {
        return Ok(found);
    }
    let secrets: Vec<DigestRow> = sqlx::query_as(
        "SELECT account, username, ha1 FROM digest_secrets WHERE account = ANY($1) ORDER BY account, position",
    )
    .bind(opted_in)
    .fetch_all(&mut *connection)
    .await?;
    account::add_digest_secrets(&mut found, secrets)?;
    Ok(found)
}

/// Creates or replaces an account. The transaction around it is the caller's.
pub(super) async fn put(
    connection: &mut PgConnection,
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
        .bind(i64::from(slot))
        .bind(revision)
        .bind(super::text(display_name))
        .bind(super::text(email))
        .bind(*disabled)
        .bind(&scram.salt[..])
        .bind(i64::from(scram.iterations))
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
            .bind(super::text(&secret.username))
            .bind(&secret.ha1[..])
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Removes an account with all that belongs to it, and remembers that it was. The transaction around it is
/// the caller's.
pub(super) async fn remove(connection: &mut PgConnection, principal: &Principal) -> Result<(), Failure> {
    let revision = next_revision(connection).await?;
    // Waits for whoever is writing for the person, and whoever comes later finds no account.
    let id: Option<i64> = sqlx::query_scalar("DELETE FROM accounts WHERE principal = $1 RETURNING id")
        .bind(principal.as_url())
        .fetch_optional(&mut *connection)
        .await?;
    let id = id.ok_or(Error::NoSuchAccount)?;
    for delete in BELONGINGS {
        sqlx::query(delete).bind(id).execute(&mut *connection).await?;
    }
    sqlx::query(account::REMEMBER_REMOVED)
        .bind(principal.as_url())
        .bind(revision)
        .execute(&mut *connection)
        .await?;
    Ok(())
}

/// Takes the next revision. Revisions are committed in their order, because whoever takes one holds the lock of
/// the row. It is the first lock that anybody takes, so that nobody waits in a circle.
async fn next_revision(connection: &mut PgConnection) -> Result<i64, Failure> {
    let next = sqlx::query_scalar(account::NEXT_REVISION);
    Ok(next.fetch_one(&mut *connection).await?)
}

/// Holds off changes of accounts until the end of the transaction.
pub(super) async fn hold(connection: &mut PgConnection) -> Result<(), Failure> {
    let held = sqlx::query("SELECT revision FROM newest_revision FOR SHARE");
    held.execute(&mut *connection).await?;
    Ok(())
}

/// The newest revision.
pub(super) async fn revision(connection: &mut PgConnection) -> Result<u64, Failure> {
    let newest: i64 = sqlx::query_scalar(account::NEWEST_REVISION)
        .fetch_one(&mut *connection)
        .await?;
    Ok(account::revision(newest)?)
}

/// What changed after a revision, in order.
pub(super) async fn changes(
    connection: &mut PgConnection,
    after: u64,
) -> Result<Vec<AccountChange>, Failure> {
    let after = stored::number(after);
    let put = load(connection, Which::ChangedAfter(after)).await?;
    let removed = sqlx::query_as(account::REMOVED)
        .bind(after)
        .fetch_all(&mut *connection)
        .await?;
    Ok(account::changes(put, removed)?)
}
