//! Reads people: accounts with everything that belongs to them.

use super::failure::Failure;
use super::load::{self, Which, json};
use crate::Durable;
use crate::stored::people::People;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, SqliteConnection};

/// The condition of all statements below.
macro_rules! of_these {
    ($select:literal, $order:literal) => {
        concat!(
            $select,
            " WHERE account IN (SELECT value FROM json_each(?)) ORDER BY account, ",
            $order
        )
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
