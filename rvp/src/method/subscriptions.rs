//! SUBSCRIPTIONS: who watches, or where one is logged on (spec 3.4).

use crate::xml::{self, Element, Writer};
use crate::{CallBack, Identity, Lifetime, ParseError, SubscriptionId, SubscriptionKind, header, limits};
use bytes::Bytes;
use http::HeaderMap;

/// A SUBSCRIPTIONS request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subscriptions {
    /// Of which kind.
    pub kind: SubscriptionKind,
}

/// One line of the answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subscribed {
    /// Which.
    pub id: SubscriptionId,
    /// Where its notifications go: of a property subscription the watcher (`d:href`).
    pub call_back: CallBack,
    /// Who subscribed (`a:principal`).
    pub subscriber: Identity,
    /// Seconds left.
    pub left: Lifetime,
}

impl Subscriptions {
    /// Reads the headers; a body means nothing.
    pub(crate) fn parse(headers: &HeaderMap) -> Result<Self, ParseError> {
        let kind = header::required(headers, &header::NOTIFICATION_TYPE)?;
        Ok(Self {
            kind: SubscriptionKind::parse(kind)?,
        })
    }

    /// Adds the headers.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        headers.insert(
            header::NOTIFICATION_TYPE,
            header::value(self.kind.notification_type()),
        );
    }
}

/// Writes the answer; without subscriptions it is an empty root.
pub(crate) fn write_answer(subscriptions: &[Subscribed]) -> Bytes {
    Writer::document("r:subscriptions", |writer| {
        for subscribed in subscriptions {
            writer.within("r:subscription", |writer| {
                writer.text("r:subscription-id", &subscribed.id.get().to_string());
                writer.text("d:href", &subscribed.call_back.to_string());
                writer.within("a:principal", |writer| {
                    writer.text("a:rvp-principal", &subscribed.subscriber.to_string());
                });
                writer.text("d:timeout", &subscribed.left.0.to_string());
            });
        }
    })
}

/// Reads the answer.
pub(crate) fn parse_answer(body: &[u8]) -> Result<Vec<Subscribed>, ParseError> {
    let root = xml::parse(body, limits::XML_NODES_ANSWER_MAX)?;
    if !root.is("subscriptions") {
        return Err(ParseError::element("subscriptions", "is missing"));
    }
    root.all("subscription").map(subscribed).collect()
}

fn subscribed(line: &Element<'_>) -> Result<Subscribed, ParseError> {
    let id = header::number(&line.expect("subscription-id")?.text).and_then(SubscriptionId::new);
    let left = header::number(&line.expect("timeout")?.text);
    Ok(Subscribed {
        id: id
            .ok_or_else(|| ParseError::element("subscription-id", "is not a number from 1 to 2147483647"))?,
        call_back: CallBack::parse(&line.expect("href")?.text)?,
        subscriber: Identity::parse(&line.expect("principal")?.expect("rvp-principal")?.text)?,
        left: Lifetime(left.ok_or_else(|| ParseError::element("timeout", "is not a number of seconds"))?),
    })
}
