//! NOTIFY: hand a message or a property change on (spec 3.7).

use crate::notification::{AckType, Notification};
use crate::{MessageId, ParseError, SubscriptionId, header, limits};
use bytes::Bytes;
use http::HeaderMap;

/// A NOTIFY request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notify {
    /// When to answer; the default depends on the content and is filled in when parsed.
    pub ack: AckType,
    /// Which hop this is; 1 when the header is missing.
    pub hop: u8,
    /// The subscription it belongs to, if it says so.
    pub subscription: Option<SubscriptionId>,
    /// `Message-Id`, by which a retry is known; the first router makes one where it is missing.
    pub id: Option<MessageId>,
    /// What is handed on.
    pub notification: Notification,
}

impl Notify {
    /// Reads the headers and the body. Public for listeners of clients: what they receive is addressed to
    /// their own path, which names nobody, so [`crate::Request::parse`] refuses it.
    ///
    /// # Errors
    /// [`ParseError`] when a header or the document cannot be read, or after too many hops.
    pub fn parse(headers: &HeaderMap, body: Bytes) -> Result<Self, ParseError> {
        let hop = hop(headers)?;
        let subscription = header::subscription_id(headers)?;
        let ack = header::optional(headers, &header::RVP_ACK_TYPE)?
            .map(AckType::parse)
            .transpose()?;
        let id = header::optional(headers, &header::MESSAGE_ID)?
            .map(MessageId::parse)
            .transpose()?;
        let notification = Notification::parse(body)?;
        let ack = ack.unwrap_or_else(|| notification.content.default_ack());
        Ok(Self {
            ack,
            hop,
            subscription,
            id,
            notification,
        })
    }

    /// Adds the headers and makes the body.
    pub(crate) fn write(&self, headers: &mut HeaderMap) -> Bytes {
        headers.insert(header::RVP_ACK_TYPE, header::value(self.ack.name()));
        headers.insert(header::RVP_HOP_COUNT, u16::from(self.hop).into());
        if let Some(id) = self.subscription {
            headers.insert(header::SUBSCRIPTION_ID, id.get().into());
        }
        if let Some(id) = &self.id {
            headers.insert(header::MESSAGE_ID, header::value(id.as_str()));
        }
        self.notification.document.clone()
    }
}

/// `RVP-Hop-Count`, 1 if it is missing (spec 8.3).
fn hop(headers: &HeaderMap) -> Result<u8, ParseError> {
    let Some(text) = header::optional(headers, &header::RVP_HOP_COUNT)? else {
        return Ok(1);
    };
    match header::number(text).map(u8::try_from) {
        None | Some(Ok(0)) => Err(header::bad(&header::RVP_HOP_COUNT, "is not a number from 1")),
        Some(Ok(hop)) if hop <= limits::HOPS_MAX => Ok(hop),
        Some(Ok(_) | Err(_)) => Err(ParseError::TooManyHops),
    }
}
