//! Accounts, and the numbering of their changes.

use super::failure::Failure;
use super::load::{self, Which, rows};
use crate::stored::{self, account};
use crate::{Account, AccountChange, Error, Put, Secrets};
use rusqlite::{Connection, OptionalExtension, params};
use rvp::Principal;

/// Creates or replaces an account. The transaction around it is the caller's.
pub(super) fn put(connection: &Connection, account: &Account, slot: u16, put: Put) -> Result<(), Failure> {
    let revision = next_revision(connection)?;
    let Account {
        principal,
        display_name,
        email,
        disabled,
        secrets: Secrets { scram, legacy },
    } = account;
    let (sql, refusal) = match put {
        Put::New => (account::INSERT, Error::Exists),
        Put::Replace => (account::UPDATE, Error::NoSuchAccount),
    };
    let values = params![
        principal.as_url(),
        slot,
        revision,
        display_name,
        email,
        disabled,
        &scram.salt[..],
        scram.iterations,
        &scram.stored_key[..],
        &scram.server_key[..],
        legacy.as_ref().map(|legacy| &legacy.nt_hash[..]),
    ];
    let mut put = connection.prepare_cached(sql)?;
    let id: Option<i64> = put.query_row(values, |row| row.get(0)).optional()?;
    let id = id.ok_or(refusal)?;
    connection.prepare_cached(account::FORGET_DIGEST)?.execute([id])?;
    let mut add = connection.prepare_cached(account::INSERT_DIGEST)?;
    for (position, secret) in (0_i64..).zip(legacy.iter().flat_map(|legacy| &legacy.digest)) {
        add.execute(params![id, position, secret.username, &secret.ha1[..]])?;
    }
    Ok(())
}

/// The row id of somebody who has an account.
pub(super) fn id(connection: &Connection, principal: &Principal) -> Result<Option<i64>, Failure> {
    let mut find = connection.prepare_cached("SELECT id FROM accounts WHERE principal = ?")?;
    Ok(find
        .query_row([principal.as_url()], |row| row.get(0))
        .optional()?)
}

/// Removes an account with all that belongs to it, and remembers that it was. The transaction around it is
/// the caller's.
pub(super) fn remove(connection: &Connection, principal: &Principal) -> Result<(), Failure> {
    let mut remove = connection.prepare_cached("DELETE FROM accounts WHERE principal = ?")?;
    if remove.execute([principal.as_url()])? == 0 {
        return Err(Error::NoSuchAccount.into());
    }
    let revision = next_revision(connection)?;
    let mut remember = connection.prepare_cached(account::REMEMBER_REMOVED)?;
    remember.execute(params![principal.as_url(), revision])?;
    Ok(())
}

/// Takes the next revision. Revisions are committed in their order, because whoever takes one holds the lock.
fn next_revision(connection: &Connection) -> Result<i64, Failure> {
    let mut next = connection.prepare_cached(account::NEXT_REVISION)?;
    Ok(next.query_row((), |row| row.get(0))?)
}

/// The newest revision.
pub(super) fn revision(connection: &Connection) -> Result<u64, Failure> {
    let mut newest = connection.prepare_cached(account::NEWEST_REVISION)?;
    Ok(account::revision(newest.query_row((), |row| row.get(0))?)?)
}

/// What changed after a revision, in order.
pub(super) fn changes(connection: &Connection, after: u64) -> Result<Vec<AccountChange>, Failure> {
    let after = stored::number(after);
    let put = load::accounts(connection, Which::ChangedAfter(after))?;
    let removed = rows(connection, account::REMOVED, params![after])?;
    Ok(account::changes(put, removed)?)
}
