//! Reads accounts, and rows of any kind.

use super::failure::Failure;
use crate::Error;
use crate::stored::account::{self, AccountRow, Found};
use crate::stored::limited::{Document, Limited};
use rusqlite::{Connection, Params, Row, params};
use rvp::Principal;

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
pub(super) fn accounts(connection: &Connection, which: Which<'_>) -> Result<Vec<Found>, Failure> {
    let select = |condition| format!("{}{condition} ORDER BY principal", account::SELECT);
    let found: Vec<AccountRow> = match which {
        Which::All => rows(connection, &select(""), ())?,
        Which::One(principal) => {
            let sql = select(" WHERE principal = ?");
            rows(connection, &sql, params![principal.as_url()])?
        }
        Which::InSlots(slots) => {
            // One statement for any number of slots.
            let sql = select(" WHERE slot IN (SELECT value FROM json_each(?))");
            rows(connection, &sql, params![json(slots)])?
        }
        Which::ChangedAfter(revision) => rows(connection, &select(" WHERE revision > ?"), params![revision])?,
    };
    let found: Result<Vec<Found>, _> = found.into_iter().map(account::account).collect();
    let mut found = found?;
    add_digest_secrets(connection, &mut found)?;
    Ok(found)
}

fn add_digest_secrets(connection: &Connection, found: &mut [Found]) -> Result<(), Failure> {
    const SECRETS: &str = "SELECT account, username, ha1 FROM digest_secrets
        WHERE account IN (SELECT value FROM json_each(?)) ORDER BY account, position";
    let opted_in = account::opted_in(found);
    if opted_in.is_empty() {
        return Ok(());
    }
    let of_these = params![json(opted_in)];
    Ok(account::add_digest_secrets(
        found,
        rows(connection, SECRETS, of_these)?,
    )?)
}

/// All rows of a statement.
pub(super) fn rows<R>(connection: &Connection, sql: &str, values: impl Params) -> Result<Vec<R>, Failure>
where
    R: for<'r> TryFrom<&'r Row<'r>, Error = rusqlite::Error>,
{
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(values, |row| R::try_from(row))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What is made of the rows of a statement, up to the one that reaches the limit of octets.
pub(super) fn within_limit<R, T: Document>(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    made_of: impl Fn(R) -> Result<T, Error>,
) -> Result<Vec<T>, Failure>
where
    R: for<'r> TryFrom<&'r Row<'r>, Error = rusqlite::Error>,
{
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let mut all = Limited::new();
    while let Some(row) = rows.next()?
        && all.take(made_of(R::try_from(row)?)?)
    {}
    Ok(all.finish())
}

/// A list of numbers as one value to bind, for `json_each`.
pub(super) fn json<N: std::fmt::Display>(numbers: impl IntoIterator<Item = N>) -> String {
    let numbers: Vec<String> = numbers.into_iter().map(|number| number.to_string()).collect();
    format!("[{}]", numbers.join(","))
}
