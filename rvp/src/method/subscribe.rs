//! SUBSCRIBE: log on, watch somebody, or renew either (spec 3.2).

use crate::{CallBack, Lifetime, ParseError, SubscriptionId, SubscriptionKind, header};
use http::HeaderMap;

/// A SUBSCRIBE request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subscribe {
    /// A new subscription.
    New {
        /// What it is told.
        kind: SubscriptionKind,
        /// Where its notifications go.
        call_back: CallBack,
        /// What the client asks; the server may grant less.
        lifetime: Lifetime,
    },
    /// More time for one that exists.
    Refresh {
        /// Which.
        id: SubscriptionId,
        /// What the client asks.
        lifetime: Lifetime,
    },
}

impl Subscribe {
    /// Reads the headers; a body means nothing.
    pub(crate) fn parse(headers: &HeaderMap) -> Result<Self, ParseError> {
        let kind = header::optional(headers, &header::NOTIFICATION_TYPE)?;
        match (kind, header::subscription_id(headers)?) {
            (Some(kind), None) => Ok(Self::New {
                kind: SubscriptionKind::parse(kind)?,
                call_back: call_back(headers)?,
                lifetime: header::lifetime(headers)?,
            }),
            (None, Some(id)) => Ok(Self::Refresh {
                id,
                lifetime: header::lifetime(headers)?,
            }),
            (Some(_), Some(_)) => Err(header::bad(
                &header::SUBSCRIPTION_ID,
                "is given beside Notification-Type, so it is unclear whether the subscription is new",
            )),
            (None, None) => Err(ParseError::MissingHeader("Notification-Type")),
        }
    }

    /// Adds the headers.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let lifetime = match self {
            Self::New {
                kind,
                call_back,
                lifetime,
            } => {
                headers.insert(header::NOTIFICATION_TYPE, header::value(kind.notification_type()));
                headers.insert(header::CALL_BACK, header::value(&call_back.to_string()));
                lifetime
            }
            Self::Refresh { id, lifetime } => {
                headers.insert(header::SUBSCRIPTION_ID, id.get().into());
                lifetime
            }
        };
        headers.insert(header::SUBSCRIPTION_LIFETIME, lifetime.0.into());
    }
}

fn call_back(headers: &HeaderMap) -> Result<CallBack, ParseError> {
    let text = header::required(headers, &header::CALL_BACK)?;
    CallBack::parse(text).map_err(|_| header::bad(&header::CALL_BACK, "is not a URL that can be called"))
}
