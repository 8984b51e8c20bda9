//! Reads people: accounts with everything that belongs to them.

use super::accounts::{self, Which};
use super::failure::Failure;
use crate::stored;
use crate::stored::limited::Limited;
use crate::stored::message::message;
use crate::stored::people::{Belongings, People, belongings};
use crate::{Durable, KEPT_READ_BYTES_MAX, KeptMessage};
use futures_util::TryStreamExt;
use rvp::Principal;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};

const BELONGINGS: Belongings = belongings!("= ANY($1)");

/// Documents are only read of the messages within the limit: an answer cannot be broken off half way.
const WAITING: &str = "WITH waiting AS (
        SELECT account, number, sum(bytes) OVER (ORDER BY number) - bytes AS before FROM kept_messages
        WHERE account = (SELECT id FROM accounts WHERE principal = $1) AND number > $2 AND taken IS NULL
        ORDER BY number LIMIT $3)
    SELECT number, message_id, sender, ack, accepted, document
    FROM waiting JOIN kept_messages USING (account, number) WHERE before < $4 ORDER BY number";

/// Reads people with all that belongs to them, ordered by principal. The transaction around it, which makes
/// it one moment's truth, is the caller's.
pub(super) async fn load(connection: &mut PgConnection, which: Which<'_>) -> Result<Vec<Durable>, Failure> {
    let found = accounts::load(connection, which).await?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = found.iter().map(|found| found.id).collect();
    let mut people = People::new(found);
    people.add_logins(rows(connection, BELONGINGS.logins, &ids).await?)?;
    people.add_views(rows(connection, BELONGINGS.views, &ids).await?)?;
    people.add_subscriptions(rows(connection, BELONGINGS.subscriptions, &ids).await?)?;
    people.add_access(rows(connection, BELONGINGS.access, &ids).await?)?;
    people.add_told(rows(connection, BELONGINGS.told, &ids).await?)?;
    people.add_kept(rows(connection, BELONGINGS.kept, &ids).await?)?;
    people.add_contacts(rows(connection, BELONGINGS.contacts, &ids).await?)?;
    Ok(people.finish())
}

async fn rows<R: for<'r> FromRow<'r, PgRow> + Send + Unpin>(
    connection: &mut PgConnection,
    sql: &'static str,
    ids: &[i64],
) -> Result<Vec<R>, Failure> {
    Ok(sqlx::query_as(sql).bind(ids).fetch_all(connection).await?)
}

/// Reads messages that wait, within the limits.
pub(super) async fn waiting(
    connection: &mut PgConnection,
    principal: &Principal,
    after: u64,
    limit: u32,
) -> Result<Vec<KeptMessage>, Failure> {
    let mut rows = sqlx::query_as(WAITING)
        .bind(principal.as_url())
        .bind(stored::number(after))
        .bind(i64::from(limit))
        .bind(i64::try_from(KEPT_READ_BYTES_MAX).unwrap_or(i64::MAX))
        .fetch(connection);
    let mut messages = Limited::new();
    while let Some(row) = rows.try_next().await?
        && messages.take(message(row, principal)?)
    {}
    Ok(messages.finish())
}
