//! Reads people: accounts with everything that belongs to them.

use super::failure::Failure;
use super::load::{self, Which, json, rows};
use crate::Durable;
use crate::stored::people::{People, belongings};
use rusqlite::{Connection, params};

belongings!("IN (SELECT value FROM json_each(?))");

/// Reads people with all that belongs to them, ordered by principal. The transaction around it, which makes
/// it one moment's truth, is the caller's.
pub(super) fn load(connection: &Connection, which: Which<'_>) -> Result<Vec<Durable>, Failure> {
    let found = load::accounts(connection, which)?;
    let ids = json(found.iter().map(|found| found.id));
    let of_these = params![ids];
    let mut people = People::new(found);
    people.add_logins(rows(connection, LOGINS, of_these)?)?;
    people.add_views(rows(connection, VIEWS, of_these)?)?;
    people.add_subscriptions(rows(connection, SUBSCRIPTIONS, of_these)?)?;
    people.add_access(rows(connection, ACCESS, of_these)?)?;
    people.add_told(rows(connection, TOLD, of_these)?)?;
    people.add_kept(rows(connection, KEPT, of_these)?)?;
    people.add_contacts(rows(connection, CONTACTS, of_these)?)?;
    Ok(people.finish())
}
