//! Kept messages: what waits for somebody who cannot be reached.

use bytes::Bytes;
use rvp::notification::AckType;
use rvp::{Identity, MessageId};
use std::time::SystemTime;

/// Octets of documents that one reading of kept messages does not go far beyond: the message that reaches it is
/// the last.
pub const KEPT_READ_BYTES_MAX: usize = 1024 * 1024;

/// A message that waits for its recipient.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptMessage {
    /// Its place among the messages kept for the person, from 1. Who keeps it chooses the number, above all
    /// others there are; what has the same number is replaced. Numbers from `i64::MAX` on are one to the store.
    pub number: u64,
    /// What a retry is known by.
    pub id: MessageId,
    /// Who sent it.
    pub from: Identity,
    /// When its sender wanted to be answered.
    pub ack: AckType,
    /// The notification as it came.
    pub document: Bytes,
    /// When it was accepted.
    pub accepted: SystemTime,
}

/// What is known of a kept message without its document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptHeader {
    /// Its place among the messages kept for the person.
    pub number: u64,
    /// What a retry is known by.
    pub id: MessageId,
    /// Who sent it.
    pub from: Identity,
    /// Octets that its document has, or had until a client took it.
    pub bytes: u32,
    /// When it was accepted.
    pub accepted: SystemTime,
    /// When a client took it, if one did. Then only this is left, so that a retry is not delivered again.
    pub taken: Option<SystemTime>,
}
