//! Reads people: accounts with everything that belongs to them.

use super::accounts::{self, Which};
use super::failure::Failure;
use crate::stored::people::People;
use crate::stored::{self, message};
use crate::{Durable, KEPT_READ_BYTES_MAX, KeptMessage};
use rvp::Principal;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};

/// The condition of all statements below.
macro_rules! of_these {
    ($select:literal, $order:literal) => {
        concat!($select, " WHERE account = ANY($1) ORDER BY account, ", $order)
    };
}

const LOGINS: &str = of_these!("SELECT account, id, call_back, router, ends FROM logins", "id");
const VIEWS: &str = of_these!(
    "SELECT account, id, login, state, default_state, changed, ends FROM views",
    "id"
);
const SUBSCRIPTIONS: &str = of_these!(
    "SELECT account, id, watcher, subscriber, ends FROM property_subscriptions",
    "id"
);
const ACCESS: &str = of_these!("SELECT account, document FROM access_lists", "1");
const TOLD: &str = of_these!("SELECT account, state FROM told", "1");
const KEPT: &str = of_these!(
    "SELECT account, number, message_id, sender, bytes, accepted, taken FROM kept_messages",
    "number"
);
const CONTACTS: &str = of_these!(
    "SELECT account, principal, name, group_name FROM contacts",
    "position"
);

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
    let ids: Vec<i64> = found.iter().map(|found| found.id).collect();
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
    let rows = sqlx::query_as(WAITING)
        .bind(principal.as_url())
        .bind(stored::number(after))
        .bind(i64::from(limit))
        .bind(i64::try_from(KEPT_READ_BYTES_MAX).unwrap_or(i64::MAX))
        .fetch(connection);
    message::within_limit(rows, principal).await
}
