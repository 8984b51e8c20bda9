//! Reads people: accounts with everything that belongs to them.

use super::failure::Failure;
use super::load::{self, Which, json};
use crate::Durable;
use crate::stored::people::{People, belongings};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, SqliteConnection};

belongings!("IN (SELECT value FROM json_each(?))");

/// Reads people with all that belongs to them, ordered by principal. The transaction around it, which makes
/// it one moment's truth, is the caller's.
pub(super) async fn load(
    connection: &mut SqliteConnection,
    which: Which<'_>,
) -> Result<Vec<Durable>, Failure> {
    let found = load::accounts(connection, which).await?;
    let ids = json(found.iter().map(|found| found.id));
    let mut people = People::new(found);
    people.add_logins(rows(connection, LOGINS, &ids).await?)?;
    people.add_views(rows(connection, VIEWS, &ids).await?)?;
    people.add_subscriptions(rows(connection, SUBSCRIPTIONS, &ids).await?)?;
    people.add_access(rows(connection, ACCESS, &ids).await?)?;
    people.add_told(rows(connection, TOLD, &ids).await?)?;
    people.add_kept(rows(connection, KEPT, &ids).await?)?;
    people.add_contacts(rows(connection, CONTACTS, &ids).await?)?;
    Ok(people.finish())
}

async fn rows<R: for<'r> FromRow<'r, SqliteRow> + Send + Unpin>(
    connection: &mut SqliteConnection,
    sql: &'static str,
    ids: &str,
) -> Result<Vec<R>, Failure> {
    Ok(sqlx::query_as(sql).bind(ids).fetch_all(connection).await?)
}
