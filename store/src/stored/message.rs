//! Kept messages from their rows.

use super::{millis, unreadable};
use crate::{Error, KEPT_READ_BYTES_MAX, KeptHeader, KeptMessage};
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

fn message((number, id, from, ack, accepted, document): MessageRow) -> Option<KeptMessage> {
    Some(KeptMessage {
        number: u64::try_from(number).ok()?,
        id: MessageId::parse(&id).ok()?,
        from: Identity::parse(&from).ok()?,
        ack: AckType::ALL.into_iter().find(|known| known.name() == ack)?,
        document: Bytes::from(document?),
        accepted: millis::to_time(accepted)?,
    })
}

/// Messages that are read, up to the one that reaches the limit of octets.
pub(crate) struct Limited<'a> {
    of: &'a Principal,
    messages: Vec<KeptMessage>,
    octets: usize,
}

impl<'a> Limited<'a> {
    /// None of this person's yet.
    pub(crate) fn of(of: &'a Principal) -> Self {
        Self {
            of,
            messages: Vec::new(),
            octets: 0,
        }
    }

    /// Takes one more. Says whether there is room for another.
    pub(crate) fn take(&mut self, row: MessageRow) -> Result<bool, Error> {
        let message = message(row).ok_or_else(|| unreadable("message", &self.of.address()))?;
        self.octets += message.document.len();
        self.messages.push(message);
        Ok(self.octets < KEPT_READ_BYTES_MAX)
    }

    pub(crate) fn finish(self) -> Vec<KeptMessage> {
        self.messages
    }
}
