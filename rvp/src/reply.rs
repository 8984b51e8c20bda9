//! The successful answers, and every answer's form on the wire.

use crate::method::propfind::Properties;
use crate::method::proppatch::Patched;
use crate::method::subscriptions::{self, Subscribed};
use crate::method::{Acl, Subscribe};
use crate::{AccessList, Lifetime, Method, ParseError, SubscriptionId, SubscriptionKind, header};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::response::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode};

/// What a home server answers when it does not refuse.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// To SUBSCRIBE. A new property subscription carries the current properties (207), everything
    /// else is answered 200 (spec 3.2).
    Subscribed {
        /// The subscription.
        id: SubscriptionId,
        /// What was granted.
        lifetime: Lifetime,
        /// The properties at this moment, for a new property subscription.
        properties: Option<Properties>,
    },
    /// To UNSUBSCRIBE.
    Unsubscribed,
    /// To SUBSCRIPTIONS.
    Subscriptions(Vec<Subscribed>),
    /// To PROPFIND.
    Properties(Properties),
    /// To PROPPATCH.
    Patched(Patched),
    /// To NOTIFY: clients took the message as `RVP-Ack-Type` asks (200).
    Notified,
    /// To NOTIFY: no client could be reached, and the message is kept until one is (202, spec 3.7).
    Stored,
    /// To ACL without a body.
    AccessList(AccessList),
    /// To ACL with one.
    AccessChanged,
}

impl Reply {
    /// Makes the answer. The reason text of the status line is [`reason_phrase`]'s.
    #[must_use]
    pub fn write(&self) -> Response<Bytes> {
        let mut headers = HeaderMap::with_capacity(6);
        let (status, body) = match self {
            Self::Subscribed {
                id,
                lifetime,
                properties,
            } => {
                headers.insert(header::SUBSCRIPTION_ID, id.get().into());
                headers.insert(header::SUBSCRIPTION_LIFETIME, lifetime.0.into());
                match properties {
                    Some(properties) => (StatusCode::MULTI_STATUS, properties.write()),
                    None => (StatusCode::OK, Bytes::new()),
                }
            }
            Self::Subscriptions(subscriptions) => {
                (StatusCode::OK, subscriptions::write_answer(subscriptions))
            }
            Self::Properties(properties) => (StatusCode::MULTI_STATUS, properties.write()),
            Self::Patched(patched) => (StatusCode::MULTI_STATUS, patched.write()),
            Self::AccessList(list) => (StatusCode::OK, list.write()),
            Self::Unsubscribed | Self::Notified | Self::AccessChanged => (StatusCode::OK, Bytes::new()),
            Self::Stored => (StatusCode::ACCEPTED, Bytes::new()),
        };
        respond(status, headers, header::TEXT_XML, body)
    }

    /// Reads a server's answer to `method`, if it is a success.
    ///
    /// # Errors
    /// [`ParseError::BadResponse`] for any other status, and what is wrong with headers or body.
    pub fn parse(method: &Method, parts: &Parts, body: &[u8]) -> Result<Self, ParseError> {
        if !parts.status.is_success() {
            return Err(ParseError::BadResponse("is not a success"));
        }
        Ok(match method {
            Method::Subscribe(subscribe) => subscribed(subscribe, parts, body)?,
            Method::Unsubscribe(_) => Self::Unsubscribed,
            Method::Subscriptions(_) => Self::Subscriptions(subscriptions::parse_answer(body)?),
            Method::Propfind(propfind) => Self::Properties(propfind.parse_answer(body)?),
            Method::Proppatch(_) => Self::Patched(Patched::parse(body)?),
            Method::Notify(_) if parts.status == StatusCode::ACCEPTED => Self::Stored,
            Method::Notify(_) => Self::Notified,
            Method::Acl(Acl::Read) => Self::AccessList(AccessList::parse(body)?),
            Method::Acl(Acl::Change(_)) => Self::AccessChanged,
        })
    }
}

fn subscribed(subscribe: &Subscribe, parts: &Parts, body: &[u8]) -> Result<Reply, ParseError> {
    let tells = match subscribe {
        Subscribe::New { kind, .. } => *kind == SubscriptionKind::Property,
        Subscribe::Refresh { .. } => false,
    };
    let properties = tells && parts.status == StatusCode::MULTI_STATUS;
    Ok(Reply::Subscribed {
        id: header::subscription_id(&parts.headers)?.ok_or(ParseError::MissingHeader("Subscription-Id"))?,
        lifetime: header::lifetime(&parts.headers)?,
        properties: properties.then(|| Properties::parse(body, false)).transpose()?,
    })
}

/// The reason text of a status line, in Exchange's words where they are known (spec 3.1). Clients read
/// only the number.
#[must_use]
pub fn reason_phrase(status: StatusCode) -> &'static str {
    match status {
        StatusCode::OK => "Successful",
        StatusCode::FOUND => "Object Moved",
        StatusCode::UNAUTHORIZED => "Access Denied",
        other => other.canonical_reason().unwrap_or("Other"),
    }
}

/// Puts an answer together, with what every one of them has: never chunked, so always with its length.
pub(crate) fn respond(
    status: StatusCode,
    mut headers: HeaderMap,
    content_type: HeaderValue,
    body: Bytes,
) -> Response<Bytes> {
    headers.insert(header::RVP_NOTIFICATIONS_VERSION, header::VERSION);
    headers.insert(CONTENT_LENGTH, body.len().into());
    if !body.is_empty() {
        headers.insert(CONTENT_TYPE, content_type);
    }
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
