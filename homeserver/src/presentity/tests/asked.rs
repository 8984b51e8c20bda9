//! What the core asks the store about messages, and a store that answers when a test says so.

use super::kept;
use crate::command::{Effect, Ticket};
use std::collections::BTreeMap;
use store::{ArchiveEntry, Change, Durable, KeptMessage};

/// A question that the store has not answered.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Question {
    /// Make this durable.
    Write(Ticket, Change),
    /// Archive these.
    Archive(Ticket, Vec<ArchiveEntry>),
    /// Read messages above this number.
    Read(Ticket, u64),
}

/// The question in an effect, if there is one.
pub(super) fn question(effect: &Effect) -> Option<Question> {
    match effect {
        Effect::Keep(ticket, change) => Some(Question::Write(*ticket, change.clone())),
        Effect::Archive(ticket, entries) => Some(Question::Archive(*ticket, entries.clone())),
        Effect::ReadKept(ticket, after) => Some(Question::Read(*ticket, *after)),
        Effect::Persist(_)
        | Effect::Spread(..)
        | Effect::DeliverMessage(..)
        | Effect::Detach(..)
        | Effect::KeptEnded(_)
        | Effect::Ended(..)
        | Effect::HandedOn(_)
        | Effect::WakeAt(_) => None,
    }
}

/// The kept messages with their documents.
#[derive(Clone, Default)]
pub(super) struct Messages(pub(super) BTreeMap<u64, KeptMessage>);

impl Messages {
    /// Writes a change of messages, here and in what else a store would hold.
    pub(super) fn write(&mut self, durable: &mut Durable, change: Change) {
        if let Change::PutMessage(message) = &change {
            self.0.insert(message.number, message.clone());
        }
        if let Change::TakeMessages(numbers, _) | Change::ForgetMessages(numbers) = &change {
            self.0.retain(|number, _| !numbers.contains(number));
        }
        kept::keep(durable, change);
    }

    /// A few of the messages above a number.
    pub(super) fn read(&self, after: u64) -> Vec<KeptMessage> {
        let above = self.0.range(after + 1..).map(|(_, message)| message.clone());
        above.take(3).collect()
    }
}
