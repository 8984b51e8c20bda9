//! UNSUBSCRIBE: end a subscription (spec 3.3).

use crate::{ParseError, SubscriptionId, header};
use http::HeaderMap;

/// An UNSUBSCRIBE request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unsubscribe {
    /// Which.
    pub id: SubscriptionId,
}

impl Unsubscribe {
    /// Reads the headers; a body means nothing.
    pub(crate) fn parse(headers: &HeaderMap) -> Result<Self, ParseError> {
        let id = header::subscription_id(headers)?;
        id.map(|id| Self { id })
            .ok_or(ParseError::MissingHeader("Subscription-Id"))
    }

    /// Adds the headers.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        headers.insert(header::SUBSCRIPTION_ID, self.id.get().into());
    }
}
