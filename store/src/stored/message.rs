//! Kept messages from their rows.

use super::{millis, unreadable};
use crate::{Error, KeptHeader, KeptMessage};
use bytes::Bytes;
use rvp::notification::AckType;
use rvp::{Identity, MessageId, Principal};

/// The columns of a header: whose, its number, id and sender, octets of its document, when it was accepted, and
/// taken.
pub(crate) type HeaderRow = (i64, i64, String, String, i64, i64, Option<i64>);

/// The columns of a message that waits: its number, id, sender, when to answer, when it was accepted, and its
/// document.
pub(crate) type MessageRow = (i64, String, String, String, i64, Option<Vec<u8>>);

/// A header from its row.
pub(crate) fn header((_, number, id, from, bytes, accepted, taken): HeaderRow) -> Option<KeptHeader> {
    let taken = match taken {
        Some(taken) => Some(millis::to_time(taken)?),
        None => None,
    };
    Some(KeptHeader {
        number: u64::try_from(number).ok()?,
        id: MessageId::parse(&id).ok()?,
        from: Identity::parse(&from).ok()?,
        bytes: u32::try_from(bytes).ok()?,
        accepted: millis::to_time(accepted)?,
        taken,
    })
}

/// A message of this person from its row.
pub(crate) fn message(row: MessageRow, of: &Principal) -> Result<KeptMessage, Error> {
    waiting(row).ok_or_else(|| unreadable("message", &of.address()))
}

fn waiting((number, id, from, ack, accepted, document): MessageRow) -> Option<KeptMessage> {
    Some(KeptMessage {
        number: u64::try_from(number).ok()?,
        id: MessageId::parse(&id).ok()?,
        from: Identity::parse(&from).ok()?,
        ack: AckType::ALL.into_iter().find(|known| known.name() == ack)?,
        document: Bytes::from(document?),
        accepted: millis::to_time(accepted)?,
    })
}
