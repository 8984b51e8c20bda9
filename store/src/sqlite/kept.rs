//! Messages kept for people.

use super::batch::Kept;
use super::failure::Failure;
use super::load::unreadable;
use super::millis;
use super::rows::{Bound, Shape, execute};
use crate::{KEPT_READ_BYTES_MAX, KeptHeader, KeptMessage};
use bytes::Bytes;
use futures_util::TryStreamExt;
use rvp::notification::AckType;
use rvp::{Identity, MessageId, Principal};
use sqlx::SqliteConnection;
use std::collections::BTreeMap;
use std::time::SystemTime;

const PUT: Shape = Shape {
    before: "INSERT INTO kept_messages
        (account, number, message_id, sender, ack, bytes, accepted, taken, document) VALUES ",
    row: "(?,?,?,?,?,?,?,?,?)",
    after: " ON CONFLICT (account, number) DO UPDATE SET
        message_id = excluded.message_id, sender = excluded.sender, ack = excluded.ack,
        bytes = excluded.bytes, accepted = excluded.accepted, taken = excluded.taken,
        document = excluded.document",
};

pub(super) const TAKE: Shape = Shape {
    before: "WITH taking (account, number, at) AS (VALUES ",
    row: "(?,?,?)",
    after: ") UPDATE kept_messages SET taken = coalesce(taken, taking.at), document = NULL FROM taking
        WHERE kept_messages.account = taking.account AND kept_messages.number = taking.number",
};

pub(super) const FORGET: Shape = Shape {
    before: "DELETE FROM kept_messages WHERE (account, number) IN (VALUES ",
    row: "(?,?)",
    after: ")",
};

pub(super) const WAITING: &str =
    "SELECT number, message_id, sender, ack, accepted, document FROM kept_messages
    WHERE account = (SELECT id FROM accounts WHERE principal = ?) AND number > ? AND taken IS NULL
    ORDER BY number LIMIT ?";

/// Puts, takes and forgets. The transaction around it is the caller's.
pub(super) async fn apply(
    connection: &mut SqliteConnection,
    outcomes: BTreeMap<(i64, i64), Kept<'_>>,
) -> Result<(), Failure> {
    let (mut here, mut taken, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    for ((account, number), outcome) in outcomes {
        match outcome {
            Kept::Put(message) => here.push((account, number, message, None)),
            Kept::PutAndTaken(message, at) => here.push((account, number, message, Some(at))),
            Kept::Taken(at) => taken.push((account, number, at)),
            Kept::Forgotten => gone.push((account, number)),
        }
    }
    execute(connection, FORGET, &gone, |query, (account, number)| {
        query.bind(*account).bind(*number)
    })
    .await?;
    execute(connection, TAKE, &taken, |query, (account, number, at)| {
        query.bind(*account).bind(*number).bind(millis::from_time(*at))
    })
    .await?;
    execute(connection, PUT, &here, |query, row| bind(query, *row)).await
}

fn bind(
    query: Bound,
    (account, number, message, taken): (i64, i64, &KeptMessage, Option<SystemTime>),
) -> Bound {
    let KeptMessage {
        number: _,
        id,
        from,
        ack,
        document,
        accepted,
    } = message;
    query
        .bind(account)
        .bind(number)
        .bind(id.as_str().to_owned())
        .bind(from.to_string())
        .bind(ack.name())
        .bind(i64::try_from(document.len()).unwrap_or(i64::MAX))
        .bind(millis::from_time(*accepted))
        .bind(taken.map(millis::from_time))
        .bind(taken.is_none().then(|| document.to_vec()))
}

/// A header as it is stored, with whose it is.
pub(super) type HeaderRow = (i64, i64, String, String, u32, i64, Option<i64>);

/// A header from its row.
pub(super) fn header((_, number, id, from, bytes, accepted, taken): HeaderRow) -> Option<KeptHeader> {
    let taken = match taken {
        Some(taken) => Some(millis::to_time(taken)?),
        None => None,
    };
    Some(KeptHeader {
        number: u64::try_from(number).ok()?,
        id: MessageId::parse(&id).ok()?,
        from: Identity::parse(&from).ok()?,
        bytes,
        accepted: millis::to_time(accepted)?,
        taken,
    })
}

type Row = (i64, String, String, String, i64, Option<Vec<u8>>);

/// Reads messages that wait, within the limits.
pub(super) async fn waiting(
    connection: &mut SqliteConnection,
    principal: &Principal,
    after: u64,
    limit: u32,
) -> Result<Vec<KeptMessage>, Failure> {
    let mut rows = sqlx::query_as::<_, Row>(WAITING)
        .bind(principal.as_url())
        .bind(i64::try_from(after).unwrap_or(i64::MAX))
        .bind(limit)
        .fetch(connection);
    let (mut messages, mut octets) = (Vec::new(), 0);
    while let Some(row) = rows.try_next().await? {
        let message = message(row).ok_or_else(|| unreadable("message", &principal.address()))?;
        octets += message.document.len();
        messages.push(message);
        if octets >= KEPT_READ_BYTES_MAX {
            break;
        }
    }
    Ok(messages)
}

fn message((number, id, from, ack, accepted, document): Row) -> Option<KeptMessage> {
    Some(KeptMessage {
        number: u64::try_from(number).ok()?,
        id: MessageId::parse(&id).ok()?,
        from: Identity::parse(&from).ok()?,
        ack: AckType::ALL.into_iter().find(|known| known.name() == ack)?,
        document: Bytes::from(document?),
        accepted: millis::to_time(accepted)?,
    })
}
