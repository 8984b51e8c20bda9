//! Contact lists.

use super::accounts;
use super::failure::Failure;
use crate::{Contact, Error};
use rusqlite::{Connection, params};
use rvp::Principal;
use std::collections::BTreeMap;

const CLEAR: &str = "DELETE FROM contacts WHERE account = ?";

const PUT: &str =
    "INSERT INTO contacts (account, position, principal, name, group_name) VALUES (?, ?, ?, ?, ?)";

/// Puts a whole list in place of what somebody has. The transaction around it is the caller's.
pub(super) fn put_of(
    connection: &Connection,
    principal: &Principal,
    list: &[Contact],
) -> Result<(), Failure> {
    let account = accounts::id(connection, principal)?.ok_or(Error::NoSuchAccount)?;
    put(connection, BTreeMap::from([(account, list)]))
}

/// Puts whole lists in place of what there is. The transaction around it is the caller's.
pub(super) fn put(connection: &Connection, lists: BTreeMap<i64, &[Contact]>) -> Result<(), Failure> {
    if lists.is_empty() {
        return Ok(());
    }
    let mut clear = connection.prepare_cached(CLEAR)?;
    let mut put = connection.prepare_cached(PUT)?;
    for (account, list) in lists {
        clear.execute([account])?;
        for (position, contact) in (0_i64..).zip(list) {
            let Contact {
                principal,
                name,
                group,
            } = contact;
            put.execute(params![account, position, principal.as_url(), name, group])?;
        }
    }
    Ok(())
}
