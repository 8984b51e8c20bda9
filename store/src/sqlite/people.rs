//! Reads people: accounts with everything that belongs to them.

use super::failure::Failure;
use super::load::{self, Which, json, rows};
use crate::Durable;
use crate::stored::people::{Belongings, People, belongings};
use rusqlite::types::Value;
use rusqlite::{Connection, params};
use rvp::Principal;
use std::collections::BTreeSet;

/// Of the person with that number.
const OF_ONE: Belongings = belongings!("= ?");
/// Of those with numbers in that list, which costs more to unpack than one person's rows do to read.
const OF_THESE: Belongings = belongings!("IN (SELECT value FROM json_each(?))");

/// Reads people with all that belongs to them, ordered by principal. The transaction around it, which makes
/// it one moment's truth, is the caller's.
pub(super) fn load(connection: &Connection, which: Which<'_>) -> Result<Vec<Durable>, Failure> {
    let found = load::accounts(connection, which)?;
    let (belongings, whose) = match found.as_slice() {
        [] => return Ok(Vec::new()),
        [one] => (OF_ONE, Value::Integer(one.id)),
        these => (OF_THESE, Value::Text(json(these.iter().map(|found| found.id)))),
    };
    let whose = params![whose];
    let mut people = People::new(found);
    people.add_logins(rows(connection, belongings.logins, whose)?)?;
    people.add_views(rows(connection, belongings.views, whose)?)?;
    people.add_subscriptions(rows(connection, belongings.subscriptions, whose)?)?;
    people.add_access(rows(connection, belongings.access, whose)?)?;
    people.add_told(rows(connection, belongings.told, whose)?)?;
    people.add_kept(rows(connection, belongings.kept, whose)?)?;
    people.add_contacts(rows(connection, belongings.contacts, whose)?)?;
    Ok(people.finish())
}

/// The same of those of these people of whom there is an account, one after the other.
pub(super) fn load_these(
    connection: &Connection,
    people: &BTreeSet<Principal>,
) -> Result<Vec<Durable>, Failure> {
    let mut found = Vec::with_capacity(people.len());
    for person in people {
        found.extend(load(connection, Which::One(person))?);
    }
    Ok(found)
}
