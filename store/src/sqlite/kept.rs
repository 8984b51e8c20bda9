//! Messages kept for people.

use super::failure::Failure;
use super::load::within_limit;
use crate::KeptMessage;
use crate::stored::batch::Kept;
use crate::stored::message::message;
use crate::stored::{self, millis};
use rusqlite::{Connection, params};
use rvp::Principal;
use std::collections::BTreeMap;
use std::time::SystemTime;

const PUT: &str = "INSERT INTO kept_messages
        (account, number, message_id, sender, ack, bytes, accepted, taken, document)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (account, number) DO UPDATE SET
        message_id = excluded.message_id, sender = excluded.sender, ack = excluded.ack,
        bytes = excluded.bytes, accepted = excluded.accepted, taken = excluded.taken,
        document = excluded.document";

pub(super) const TAKE: &str = "UPDATE kept_messages SET taken = coalesce(taken, ?3), document = NULL
    WHERE account = ?1 AND number = ?2";

pub(super) const FORGET: &str = "DELETE FROM kept_messages WHERE account = ? AND number = ?";

pub(super) const WAITING: &str =
    "SELECT number, message_id, sender, ack, accepted, document FROM kept_messages
    WHERE account = (SELECT id FROM accounts WHERE principal = ?) AND number > ? AND taken IS NULL
    ORDER BY number LIMIT ?";

/// Puts, takes and forgets. The transaction around it is the caller's.
pub(super) fn apply(
    connection: &Connection,
    outcomes: BTreeMap<(i64, i64), Kept<'_>>,
) -> Result<(), Failure> {
    for ((account, number), outcome) in outcomes {
        match outcome {
            Kept::Put(message) => put(connection, (account, number), message, None)?,
            Kept::PutAndTaken(message, at) => put(connection, (account, number), message, Some(at))?,
            Kept::Taken(at) => {
                let mut take = connection.prepare_cached(TAKE)?;
                take.execute(params![account, number, millis::from_time(at)])?;
            }
            Kept::Forgotten => {
                let mut forget = connection.prepare_cached(FORGET)?;
                forget.execute([account, number])?;
            }
        }
    }
    Ok(())
}

fn put(
    connection: &Connection,
    (account, number): (i64, i64),
    message: &KeptMessage,
    taken: Option<SystemTime>,
) -> Result<(), Failure> {
    let KeptMessage {
        number: _,
        id,
        from,
        ack,
        document,
        accepted,
    } = message;
    connection.prepare_cached(PUT)?.execute(params![
        account,
        number,
        id.as_str(),
        from.to_string(),
        ack.name(),
        i64::try_from(document.len()).unwrap_or(i64::MAX),
        millis::from_time(*accepted),
        taken.map(millis::from_time),
        taken.is_none().then_some(&document[..]),
    ])?;
    Ok(())
}

/// Reads messages that wait, within the limits.
pub(super) fn waiting(
    connection: &Connection,
    principal: &Principal,
    after: u64,
    limit: u32,
) -> Result<Vec<KeptMessage>, Failure> {
    let values = params![principal.as_url(), stored::number(after), limit];
    within_limit(connection, WAITING, values, |row| message(row, principal))
}
