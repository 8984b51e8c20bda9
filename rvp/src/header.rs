//! RVP's header names (spec 3.1), and reading their values within bounds.

use crate::{Lifetime, ParseError, SubscriptionId, limits};
use http::header::{AUTHORIZATION, HOST, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue};

/// `RVP-Notifications-Version`, in every request and response.
pub const RVP_NOTIFICATIONS_VERSION: HeaderName = HeaderName::from_static("rvp-notifications-version");
/// `RVP-From-Principal`: who asks.
pub const RVP_FROM_PRINCIPAL: HeaderName = HeaderName::from_static("rvp-from-principal");
/// `RVP-Ack-Type`: when to answer a NOTIFY.
pub const RVP_ACK_TYPE: HeaderName = HeaderName::from_static("rvp-ack-type");
/// `RVP-Hop-Count`: 1-based.
pub const RVP_HOP_COUNT: HeaderName = HeaderName::from_static("rvp-hop-count");
/// `Notification-Type`: the kind of subscription.
pub const NOTIFICATION_TYPE: HeaderName = HeaderName::from_static("notification-type");
/// `Call-Back`: where notifications go.
pub const CALL_BACK: HeaderName = HeaderName::from_static("call-back");
/// `Subscription-Id`.
pub const SUBSCRIPTION_ID: HeaderName = HeaderName::from_static("subscription-id");
/// `Subscription-Lifetime`, in seconds.
pub const SUBSCRIPTION_LIFETIME: HeaderName = HeaderName::from_static("subscription-lifetime");
/// `Message-Id`, of NOTIFY: by which a retry is known. Homeport's own.
pub const MESSAGE_ID: HeaderName = HeaderName::from_static("message-id");
/// `Depth`, of PROPFIND.
pub const DEPTH: HeaderName = HeaderName::from_static("depth");

/// The value of `RVP-Notifications-Version` in everything written. In what is read any will do (spec 3.1).
pub(crate) const VERSION: HeaderValue = HeaderValue::from_static("0.2");
/// The only type of a body with XML that every client takes (spec 0.1 rule 3).
pub(crate) const TEXT_XML: HeaderValue = HeaderValue::from_static("text/xml");

/// How people write the name, for errors.
fn spelling(name: &HeaderName) -> &'static str {
    const SPELLINGS: [(HeaderName, &str); 13] = [
        (RVP_NOTIFICATIONS_VERSION, "RVP-Notifications-Version"),
        (RVP_FROM_PRINCIPAL, "RVP-From-Principal"),
        (RVP_ACK_TYPE, "RVP-Ack-Type"),
        (RVP_HOP_COUNT, "RVP-Hop-Count"),
        (NOTIFICATION_TYPE, "Notification-Type"),
        (CALL_BACK, "Call-Back"),
        (SUBSCRIPTION_ID, "Subscription-Id"),
        (SUBSCRIPTION_LIFETIME, "Subscription-Lifetime"),
        (MESSAGE_ID, "Message-Id"),
        (DEPTH, "Depth"),
        (HOST, "Host"),
        (AUTHORIZATION, "Authorization"),
        (WWW_AUTHENTICATE, "WWW-Authenticate"),
    ];
    SPELLINGS
        .iter()
        .find(|(known, _)| known == name)
        .map_or("(other)", |(_, spelling)| spelling)
}

/// The error about a header's value.
pub(crate) fn bad(name: &HeaderName, reason: &'static str) -> ParseError {
    ParseError::BadHeader {
        header: spelling(name),
        reason,
    }
}

/// The text of a value: bounded, UTF-8, without outer white space.
pub(crate) fn text<'h>(name: &HeaderName, value: &'h HeaderValue) -> Result<&'h str, ParseError> {
    text_within(name, value, limits::HEADER_CHARS_MAX)
}

/// The same with another bound.
pub(crate) fn text_within<'h>(
    name: &HeaderName,
    value: &'h HeaderValue,
    chars_max: usize,
) -> Result<&'h str, ParseError> {
    if value.len() > chars_max {
        return Err(bad(name, "is too long"));
    }
    std::str::from_utf8(value.as_bytes())
        .map(str::trim)
        .map_err(|_| bad(name, "is not UTF-8"))
}

/// The value of a header that may be missing but not be given twice.
pub(crate) fn optional<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, ParseError> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(bad(name, "is given more than once"));
    }
    first.map(|value| text(name, value)).transpose()
}

/// The value of a header that must be there.
pub(crate) fn required<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<&'h str, ParseError> {
    optional(headers, name)?.ok_or_else(|| ParseError::MissingHeader(spelling(name)))
}

/// A decimal number, the largest there is if it is larger: whoever asks for more than 136 years gets
/// less anyway.
pub(crate) fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u32::MAX))
}

/// `Subscription-Id`, if it is there.
pub(crate) fn subscription_id(headers: &HeaderMap) -> Result<Option<SubscriptionId>, ParseError> {
    let Some(text) = optional(headers, &SUBSCRIPTION_ID)? else {
        return Ok(None);
    };
    let id = number(text).and_then(SubscriptionId::new);
    id.map(Some)
        .ok_or_else(|| bad(&SUBSCRIPTION_ID, "is not a number from 1 to 2147483647"))
}

/// `Subscription-Lifetime`. Leaving it out asks for a permanent subscription, which is refused, as
/// Exchange does (spec 1.3).
pub(crate) fn lifetime(headers: &HeaderMap) -> Result<Lifetime, ParseError> {
    match optional(headers, &SUBSCRIPTION_LIFETIME)? {
        None => Err(bad(
            &SUBSCRIPTION_LIFETIME,
            "is missing, and permanent subscriptions are not granted",
        )),
        Some(text) => match number(text) {
            None => Err(bad(&SUBSCRIPTION_LIFETIME, "is not a number of seconds")),
            Some(0) => Err(bad(&SUBSCRIPTION_LIFETIME, "is 0")),
            Some(seconds) => Ok(Lifetime(seconds)),
        },
    }
}

/// The value of that text. What is no legal value becomes spaces: nothing we write can begin a new header.
pub(crate) fn value(text: &str) -> HeaderValue {
    let legal = |c: u8| if c < b' ' || c == 0x7f { b' ' } else { c };
    let octets: Vec<u8> = text.bytes().map(legal).collect();
    HeaderValue::from_bytes(&octets).expect("control characters were replaced")
}
