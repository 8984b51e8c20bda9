//! Messages kept for people.

use super::failure::Failure;
use crate::KeptMessage;
use crate::stored::batch::Kept;
use crate::stored::millis;
use sqlx::PgConnection;
use std::collections::BTreeMap;

const PUT: &str = "INSERT INTO kept_messages
        (account, number, message_id, sender, ack, bytes, accepted, taken, document)
    SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (account, number) DO UPDATE SET
        message_id = excluded.message_id, sender = excluded.sender, ack = excluded.ack,
        bytes = excluded.bytes, accepted = excluded.accepted, taken = excluded.taken,
        document = excluded.document";

const TAKE: &str = "UPDATE kept_messages SET taken = coalesce(taken, taking.at), document = NULL
    FROM unnest($1, $2, $3) AS taking (account, number, at)
    WHERE kept_messages.account = taking.account AND kept_messages.number = taking.number";

const FORGET: &str = "DELETE FROM kept_messages USING unnest($1, $2) AS gone (account, number)
    WHERE kept_messages.account = gone.account AND kept_messages.number = gone.number";

/// Messages to be put, a column each.
#[derive(Default)]
struct Columns<'a> {
    accounts: Vec<i64>,
    numbers: Vec<i64>,
    ids: Vec<&'a str>,
    senders: Vec<String>,
    acks: Vec<&'a str>,
    bytes: Vec<i64>,
    accepted: Vec<i64>,
    taken: Vec<Option<i64>>,
    documents: Vec<Option<&'a [u8]>>,
}

impl<'a> Columns<'a> {
    fn push(&mut self, (account, number): (i64, i64), message: &'a KeptMessage, taken: Option<i64>) {
        self.accounts.push(account);
        self.numbers.push(number);
        self.ids.push(message.id.as_str());
        self.senders.push(message.from.to_string());
        self.acks.push(message.ack.name());
        self.bytes
            .push(i64::try_from(message.document.len()).unwrap_or(i64::MAX));
        self.accepted.push(millis::from_time(message.accepted));
        self.taken.push(taken);
        self.documents
            .push(taken.is_none().then_some(&message.document[..]));
    }
}

/// Puts, takes and forgets. The transaction around it is the caller's.
pub(super) async fn apply(
    connection: &mut PgConnection,
    outcomes: BTreeMap<(i64, i64), Kept<'_>>,
) -> Result<(), Failure> {
    let mut here = Columns::default();
    let mut taken: (Vec<i64>, Vec<i64>, Vec<i64>) = Default::default();
    let mut gone: (Vec<i64>, Vec<i64>) = Default::default();
    for (key, outcome) in outcomes {
        match outcome {
            Kept::Put(message) => here.push(key, message, None),
            Kept::PutAndTaken(message, at) => here.push(key, message, Some(millis::from_time(at))),
            Kept::Taken(at) => taken.extend([(key.0, key.1, millis::from_time(at))]),
            Kept::Forgotten => gone.extend([key]),
        }
    }
    if !gone.0.is_empty() {
        let query = sqlx::query(FORGET).bind(gone.0).bind(gone.1);
        query.execute(&mut *connection).await?;
    }
    if !taken.0.is_empty() {
        let query = sqlx::query(TAKE).bind(taken.0).bind(taken.1).bind(taken.2);
        query.execute(&mut *connection).await?;
    }
    if !here.accounts.is_empty() {
        let query = sqlx::query(PUT)
            .bind(here.accounts)
            .bind(here.numbers)
            .bind(here.ids);
        let query = query.bind(here.senders).bind(here.acks).bind(here.bytes);
        let query = query.bind(here.accepted).bind(here.taken).bind(here.documents);
        query.execute(&mut *connection).await?;
    }
    Ok(())
}
