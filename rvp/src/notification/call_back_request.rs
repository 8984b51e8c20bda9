//! The NOTIFY that a client's own listener receives (spec 3.7, 7.2).

use super::AckType;
use crate::{ClientUrl, Identity, MessageId, SubscriptionId, header, request};
use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, Request};

/// A notification on its last hop: from a server to a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallBackRequest<'a> {
    /// Whom to call.
    pub call_back: &'a ClientUrl,
    /// Who sends it: the person of a message, the server's bare host name of a property change.
    pub from: &'a Identity,
    /// Which hop this is.
    pub hop: u8,
    /// Only in messages.
    pub ack: Option<AckType>,
    /// The login, or the property subscription.
    pub subscription: Option<SubscriptionId>,
    /// Only in messages: by it a client may know one that it has taken before.
    pub id: Option<&'a MessageId>,
    /// What is told, byte for byte.
    pub document: Bytes,
}

impl CallBackRequest<'_> {
    /// Makes the request, for a connection to the call-back's host and port that carries nothing else.
    #[must_use]
    pub fn write(self) -> Request<Bytes> {
        let mut headers = HeaderMap::with_capacity(10);
        headers.insert(HOST, header::value(&self.call_back.authority()));
        headers.insert(header::RVP_HOP_COUNT, u16::from(self.hop).into());
        headers.insert(header::RVP_FROM_PRINCIPAL, header::value(&self.from.to_string()));
        if let Some(ack) = self.ack {
            headers.insert(header::RVP_ACK_TYPE, header::value(ack.name()));
        }
        if let Some(id) = self.subscription {
            headers.insert(header::SUBSCRIPTION_ID, id.get().into());
        }
        if let Some(id) = self.id {
            headers.insert(header::MESSAGE_ID, header::value(id.as_str()));
        }
        request::compose("NOTIFY", self.call_back.path(), headers, self.document)
    }
}
