//! Messages kept for people.

use super::failure::Failure;
use super::rows::{Bound, Shape, execute};
use crate::KeptMessage;
use crate::stored::batch::Kept;
use crate::stored::{self, message, millis};
use rvp::Principal;
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

/// Reads messages that wait, within the limits.
pub(super) async fn waiting(
    connection: &mut SqliteConnection,
    principal: &Principal,
    after: u64,
    limit: u32,
) -> Result<Vec<KeptMessage>, Failure> {
    let rows = sqlx::query_as(WAITING)
        .bind(principal.as_url())
        .bind(stored::number(after))
        .bind(limit)
        .fetch(connection);
    message::within_limit(rows, principal).await
}
