//! The last hop of a message, and the clients that messages and changes are handed to.

use super::identity::{principal, url};
use super::notification::{document, hop, id_or_empty, optional_message_id};
use super::subscription::id;
use super::{Error, enumerated, required, text};
use crate::link::CallId;
use crate::op::{ClientLogin, DeliverMessage};
use crate::v1;
use rvp::Reach;

impl From<DeliverMessage> for v1::DeliverMessage {
    fn from(deliver: DeliverMessage) -> Self {
        Self {
            login: Some(deliver.login.into()),
            from: Some(deliver.from.into()),
            ack: v1::AckType::from(deliver.ack).into(),
            hop: deliver.hop.into(),
            document: deliver.document,
            id: id_or_empty(deliver.id.as_ref()),
            attempt: deliver.attempt,
            probe: deliver.probe,
            asked_by: deliver.asked_by.map_or(0, CallId::number),
        }
    }
}

impl TryFrom<v1::DeliverMessage> for DeliverMessage {
    type Error = Error;

    fn try_from(message: v1::DeliverMessage) -> Result<Self, Error> {
        Ok(Self {
            login: required("DeliverMessage.login", message.login)?,
            from: required("DeliverMessage.from", message.from)?,
            ack: enumerated::<v1::AckType, _>("DeliverMessage.ack", message.ack)?,
            hop: hop("DeliverMessage.hop", message.hop)?,
            document: document("DeliverMessage.document", message.document)?,
            id: optional_message_id("DeliverMessage.id", &message.id)?,
            attempt: message.attempt,
            probe: message.probe,
            asked_by: CallId::of(message.asked_by),
        })
    }
}

impl From<ClientLogin> for v1::ClientLogin {
    fn from(login: ClientLogin) -> Self {
        Self {
            principal: url(&login.principal),
            login: login.login.get(),
            reach: login.reach.to_string(),
        }
    }
}

impl TryFrom<v1::ClientLogin> for ClientLogin {
    type Error = Error;

    fn try_from(message: v1::ClientLogin) -> Result<Self, Error> {
        Ok(Self {
            principal: principal("ClientLogin.principal", &message.principal)?,
            login: id("ClientLogin.login", message.login)?,
            reach: text("ClientLogin.reach", &message.reach, Reach::parse)?,
        })
    }
}
