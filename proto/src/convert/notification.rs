//! NOTIFY: messages and property changes. The document is moved, never copied or read.

use super::identity::{principal, url};
use super::subscription::{id_or_zero, optional_id};
use super::{Error, at_most, enumerated, messages, required, text};
use crate::v1;
use crate::v1::message::Kind;
use crate::v1::notify::Content as Wire;
use bytes::Bytes;
use rvp::MessageId;
use rvp::limits::{BODY_BYTES_MAX, CONTACTS_MAX, PROPERTIES_MAX};
use rvp::method::Notify;
use rvp::notification::{AckType, Content, Message, MessageKind, Notification, PropertyChange};

/// A document that is relayed. It was a request's body, so it is bounded as one.
pub(super) fn document(field: &'static str, document: Bytes) -> Result<Bytes, Error> {
    if document.len() > BODY_BYTES_MAX {
        return Err(Error::OutOfRange(field));
    }
    Ok(document)
}

/// The hop to state. Whether there were too many is not decided here.
pub(super) fn hop(field: &'static str, number: u32) -> Result<u8, Error> {
    u8::try_from(number).map_err(|_| Error::OutOfRange(field))
}

/// A message's id as text, empty for none.
pub(super) fn id_or_empty(id: Option<&MessageId>) -> String {
    id.map_or_else(String::new, MessageId::to_string)
}

/// The id in a field that is empty when there is none.
pub(super) fn optional_message_id(field: &'static str, id: &str) -> Result<Option<MessageId>, Error> {
    (!id.is_empty())
        .then(|| text(field, id, MessageId::parse))
        .transpose()
}

impl From<AckType> for v1::AckType {
    fn from(ack: AckType) -> Self {
        match ack {
            AckType::SingleHop => Self::SingleHop,
            AckType::DeepOr => Self::DeepOr,
            AckType::DeepAnd => Self::DeepAnd,
        }
    }
}

impl TryFrom<v1::AckType> for AckType {
    type Error = Error;

    fn try_from(message: v1::AckType) -> Result<Self, Error> {
        match message {
            v1::AckType::Unspecified => Err(Error::Missing("AckType")),
            v1::AckType::SingleHop => Ok(Self::SingleHop),
            v1::AckType::DeepOr => Ok(Self::DeepOr),
            v1::AckType::DeepAnd => Ok(Self::DeepAnd),
        }
    }
}

impl From<Notify> for v1::Notify {
    fn from(notify: Notify) -> Self {
        let Notification { document, content } = notify.notification;
        Self {
            ack: v1::AckType::from(notify.ack).into(),
            hop: notify.hop.into(),
            subscription: id_or_zero(notify.subscription),
            id: id_or_empty(notify.id.as_ref()),
            document,
            content: Some(match content {
                Content::Message(message) => Wire::Message(message.into()),
                Content::PropertyChange(change) => Wire::PropertyChange(change.into()),
            }),
        }
    }
}

impl TryFrom<v1::Notify> for Notify {
    type Error = Error;

    fn try_from(message: v1::Notify) -> Result<Self, Error> {
        Ok(Self {
            ack: enumerated::<v1::AckType, _>("Notify.ack", message.ack)?,
            hop: hop("Notify.hop", message.hop)?,
            subscription: optional_id("Notify.subscription", message.subscription)?,
            id: optional_message_id("Notify.id", &message.id)?,
            notification: Notification {
                document: document("Notify.document", message.document)?,
                content: match message.content.ok_or(Error::Missing("Notify.content"))? {
                    Wire::Message(message) => Content::Message(message.try_into()?),
                    Wire::PropertyChange(change) => Content::PropertyChange(change.try_into()?),
                },
            },
        })
    }
}

impl From<Message> for v1::Message {
    fn from(message: Message) -> Self {
        Self {
            from: Some(message.from.into()),
            to: messages(message.to),
            kind: Kind::from(message.kind).into(),
        }
    }
}

impl TryFrom<v1::Message> for Message {
    type Error = Error;

    fn try_from(message: v1::Message) -> Result<Self, Error> {
        Ok(Self {
            from: required("Message.from", message.from)?,
            to: at_most("Message.to", CONTACTS_MAX, message.to)?,
            kind: enumerated::<Kind, _>("Message.kind", message.kind)?,
        })
    }
}

impl From<MessageKind> for Kind {
    fn from(kind: MessageKind) -> Self {
        match kind {
            MessageKind::Text => Self::Text,
            MessageKind::Typing => Self::Typing,
            MessageKind::Join => Self::Join,
            MessageKind::Leave => Self::Leave,
        }
    }
}

impl From<Kind> for MessageKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text,
            Kind::Typing => Self::Typing,
            Kind::Join => Self::Join,
            Kind::Leave => Self::Leave,
        }
    }
}

impl From<PropertyChange> for v1::PropertyChange {
    fn from(change: PropertyChange) -> Self {
        Self {
            from: url(&change.from),
            to: messages(change.to),
            properties: messages(change.properties),
        }
    }
}

impl TryFrom<v1::PropertyChange> for PropertyChange {
    type Error = Error;

    fn try_from(message: v1::PropertyChange) -> Result<Self, Error> {
        Ok(Self {
            from: principal("PropertyChange.from", &message.from)?,
            to: at_most("PropertyChange.to", CONTACTS_MAX, message.to)?,
            properties: at_most("PropertyChange.properties", PROPERTIES_MAX, message.properties)?,
        })
    }
}
