//! Accounts, and the numbering of their changes.

use super::failure::Failure;
use crate::stored::account::{self, AccountRow, DigestRow, Found};
use crate::stored::{self, unreadable};
use crate::{Account, AccountChange, Error, Put, Secrets};
use rvp::Principal;
use sqlx::{AssertSqlSafe, PgConnection};

/// Whose rows to read.
#[derive(Clone, Copy)]
pub(super) enum Which<'a> {
    /// Everybody.
    All,
    /// One person.
    One(&'a Principal),
    /// Everybody in these slots.
    InSlots(&'a [i64]),
    /// Those whose account changed after this revision.
    ChangedAfter(i64),
}

const INSERT: &str = "INSERT INTO accounts (principal, slot, revision, display_name, email, disabled,
        scram_salt, scram_iterations, scram_stored_key, scram_server_key, nt_hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (principal) DO NOTHING RETURNING id";

const UPDATE: &str =
    "UPDATE accounts SET slot = $2, revision = $3, display_name = $4, email = $5, disabled = $6,
        scram_salt = $7, scram_iterations = $8, scram_stored_key = $9, scram_server_key = $10, nt_hash = $11
    WHERE principal = $1 RETURNING id";

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
        Which::One(_) => " WHERE principal = $1",
        Which::InSlots(_) => " WHERE slot = ANY($1)",
        Which::ChangedAfter(_) => " WHERE revision > $1",
    };
    let query = sqlx::query_as::<_, AccountRow>(AssertSqlSafe(format!(
        "{}{condition} ORDER BY principal",
        account::SELECT
    )));
    let query = match which {
        Which::All => query,
        Which::One(principal) => query.bind(principal.as_url()),
        Which::InSlots(slots) => query.bind(slots),
        Which::ChangedAfter(revision) => query.bind(revision),
    };
    let rows = query.fetch_all(&mut *connection).await?;
    let mut found = rows
        .into_iter()
        .map(account::account)
        .collect::<Result<Vec<_>, _>>()?;
    let secrets: Vec<DigestRow> = sqlx::query_as(
        "SELECT account, username, ha1 FROM digest_secrets WHERE account = ANY($1) ORDER BY account, position",
    )
    .bind(account::opted_in(&found))
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
        Put::New => (INSERT, Error::Exists),
        Put::Replace => (UPDATE, Error::NoSuchAccount),
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
    sqlx::query("DELETE FROM digest_secrets WHERE account = $1")
        .bind(id)
        .execute(&mut *connection)
        .await?;
    for (position, secret) in (0_i64..).zip(legacy.iter().flat_map(|legacy| &legacy.digest)) {
        sqlx::query("INSERT INTO digest_secrets (account, position, username, ha1) VALUES ($1, $2, $3, $4)")
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
    sqlx::query(
        "INSERT INTO removed_accounts (principal, revision) VALUES ($1, $2)
            ON CONFLICT (principal) DO UPDATE SET revision = excluded.revision",
    )
    .bind(principal.as_url())
    .bind(revision)
    .execute(&mut *connection)
    .await?;
    Ok(())
}

/// Takes the next revision. Revisions are committed in their order, because whoever takes one holds the lock of
/// the row. It is the first lock that anybody takes, so that nobody waits in a circle.
async fn next_revision(connection: &mut PgConnection) -> Result<i64, Failure> {
    let next = sqlx::query_scalar("UPDATE newest_revision SET revision = revision + 1 RETURNING revision");
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
    let newest: i64 = sqlx::query_scalar("SELECT revision FROM newest_revision")
        .fetch_one(&mut *connection)
        .await?;
    u64::try_from(newest).map_err(|_| unreadable("revision", "the store").into())
}

/// What changed after a revision, in order.
pub(super) async fn changes(
    connection: &mut PgConnection,
    after: u64,
) -> Result<Vec<AccountChange>, Failure> {
    let after = stored::number(after);
    let put = load(connection, Which::ChangedAfter(after)).await?;
    let mut changes: Vec<(i64, AccountChange)> = put
        .into_iter()
        .map(|found| (found.revision, AccountChange::Put(Box::new(found.account))))
        .collect();
    let removed: Vec<(i64, String)> =
        sqlx::query_as("SELECT revision, principal FROM removed_accounts WHERE revision > $1")
            .bind(after)
            .fetch_all(&mut *connection)
            .await?;
    for (revision, principal) in removed {
        changes.push((revision, AccountChange::Removed(stored::principal(&principal)?)));
    }
    changes.sort_by_key(|(revision, _)| *revision);
    Ok(changes.into_iter().map(|(_, change)| change).collect())
}
