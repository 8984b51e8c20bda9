//! Reads accounts.

use super::failure::Failure;
use crate::stored::account::{self, AccountRow, DigestRow, Found};
use rvp::Principal;
use sqlx::{AssertSqlSafe, SqliteConnection};

/// Whose rows to read.
#[derive(Clone, Copy)]
pub(super) enum Which<'a> {
    /// Everybody.
    All,
    /// One person.
    One(&'a Principal),
    /// Everybody in these slots.
    InSlots(&'a [u16]),
    /// Those whose account changed after this revision.
    ChangedAfter(i64),
}

/// Reads accounts, ordered by principal.
pub(super) async fn accounts(
    connection: &mut SqliteConnection,
    which: Which<'_>,
) -> Result<Vec<Found>, Failure> {
    let condition = match which {
        Which::All => "",
        Which::One(_) => " WHERE principal = ?",
        // One statement for any number of slots.
        Which::InSlots(_) => " WHERE slot IN (SELECT value FROM json_each(?))",
        Which::ChangedAfter(_) => " WHERE revision > ?",
    };
    let query = sqlx::query_as::<_, AccountRow>(AssertSqlSafe(format!(
        "{}{condition} ORDER BY principal",
        account::SELECT
    )));
    let query = match which {
        Which::All => query,
        Which::One(principal) => query.bind(principal.as_url()),
        Which::InSlots(slots) => query.bind(json(slots)),
        Which::ChangedAfter(revision) => query.bind(revision),
    };
    let rows = query.fetch_all(&mut *connection).await?;
    let mut found = rows
        .into_iter()
        .map(account::account)
        .collect::<Result<Vec<_>, _>>()?;
    add_digest_secrets(connection, &mut found).await?;
    Ok(found)
}

async fn add_digest_secrets(connection: &mut SqliteConnection, found: &mut [Found]) -> Result<(), Failure> {
    let rows: Vec<DigestRow> = sqlx::query_as(
        "SELECT account, username, ha1 FROM digest_secrets
            WHERE account IN (SELECT value FROM json_each(?)) ORDER BY account, position",
    )
    .bind(json(account::opted_in(found)))
    .fetch_all(&mut *connection)
    .await?;
    Ok(account::add_digest_secrets(found, rows)?)
}

/// A list of numbers as one value to bind, for `json_each`.
pub(super) fn json<N: std::fmt::Display>(numbers: impl IntoIterator<Item = N>) -> String {
    let numbers: Vec<String> = numbers.into_iter().map(|number| number.to_string()).collect();
    format!("[{}]", numbers.join(","))
}
