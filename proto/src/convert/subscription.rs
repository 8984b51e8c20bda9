//! Subscriptions: their ids and kinds, the two forms of SUBSCRIBE, and the lines that list them.

use super::{Error, enumerated, required, text};
use crate::v1;
use crate::v1::request::Method as Wire;
use rvp::method::subscriptions::Subscribed;
use rvp::method::{Subscribe, Subscriptions, Unsubscribe};
use rvp::{CallBack, Lifetime, SubscriptionId, SubscriptionKind};

/// A field that always names a subscription.
pub(super) fn id(field: &'static str, number: u32) -> Result<SubscriptionId, Error> {
    optional_id(field, number)?.ok_or(Error::Missing(field))
}

/// A field that may name a subscription: 0 is none, which no id can be.
pub(super) fn optional_id(field: &'static str, number: u32) -> Result<Option<SubscriptionId>, Error> {
    match number {
        0 => Ok(None),
        number => SubscriptionId::new(number)
            .map(Some)
            .ok_or(Error::OutOfRange(field)),
    }
}

/// The other way.
pub(super) fn id_or_zero(id: Option<SubscriptionId>) -> u32 {
    id.map_or(0, SubscriptionId::get)
}

impl From<SubscriptionKind> for v1::SubscriptionKind {
    fn from(kind: SubscriptionKind) -> Self {
        match kind {
            SubscriptionKind::Login => Self::Login,
            SubscriptionKind::Property => Self::Property,
        }
    }
}

impl TryFrom<v1::SubscriptionKind> for SubscriptionKind {
    type Error = Error;

    fn try_from(message: v1::SubscriptionKind) -> Result<Self, Error> {
        match message {
            v1::SubscriptionKind::Unspecified => Err(Error::Missing("SubscriptionKind")),
            v1::SubscriptionKind::Login => Ok(Self::Login),
            v1::SubscriptionKind::Property => Ok(Self::Property),
        }
    }
}

impl From<Subscribe> for Wire {
    fn from(subscribe: Subscribe) -> Self {
        match subscribe {
            Subscribe::New {
                kind,
                call_back,
                lifetime: Lifetime(lifetime_seconds),
            } => Self::Subscribe(v1::Subscribe {
                kind: v1::SubscriptionKind::from(kind).into(),
                call_back: call_back.to_string(),
                lifetime_seconds,
            }),
            Subscribe::Refresh {
                id,
                lifetime: Lifetime(lifetime_seconds),
            } => Self::Refresh(v1::Refresh {
                id: id.get(),
                lifetime_seconds,
            }),
        }
    }
}

impl TryFrom<v1::Subscribe> for Subscribe {
    type Error = Error;

    fn try_from(message: v1::Subscribe) -> Result<Self, Error> {
        Ok(Self::New {
            kind: enumerated::<v1::SubscriptionKind, _>("Subscribe.kind", message.kind)?,
            call_back: text("Subscribe.call_back", &message.call_back, CallBack::parse_inside)?,
            lifetime: Lifetime(message.lifetime_seconds),
        })
    }
}

impl TryFrom<v1::Refresh> for Subscribe {
    type Error = Error;

    fn try_from(message: v1::Refresh) -> Result<Self, Error> {
        Ok(Self::Refresh {
            id: id("Refresh.id", message.id)?,
            lifetime: Lifetime(message.lifetime_seconds),
        })
    }
}

impl From<Unsubscribe> for v1::Unsubscribe {
    fn from(unsubscribe: Unsubscribe) -> Self {
        Self {
            id: unsubscribe.id.get(),
        }
    }
}

impl TryFrom<v1::Unsubscribe> for Unsubscribe {
    type Error = Error;

    fn try_from(message: v1::Unsubscribe) -> Result<Self, Error> {
        Ok(Self {
            id: id("Unsubscribe.id", message.id)?,
        })
    }
}

impl From<Subscriptions> for v1::Subscriptions {
    fn from(subscriptions: Subscriptions) -> Self {
        Self {
            kind: v1::SubscriptionKind::from(subscriptions.kind).into(),
        }
    }
}

impl TryFrom<v1::Subscriptions> for Subscriptions {
    type Error = Error;

    fn try_from(message: v1::Subscriptions) -> Result<Self, Error> {
        Ok(Self {
            kind: enumerated::<v1::SubscriptionKind, _>("Subscriptions.kind", message.kind)?,
        })
    }
}

impl From<Subscribed> for v1::SubscriptionEntry {
    fn from(line: Subscribed) -> Self {
        Self {
            id: line.id.get(),
            call_back: line.call_back.to_string(),
            subscriber: Some(line.subscriber.into()),
            left_seconds: line.left.0,
        }
    }
}

impl TryFrom<v1::SubscriptionEntry> for Subscribed {
    type Error = Error;

    fn try_from(message: v1::SubscriptionEntry) -> Result<Self, Error> {
        Ok(Self {
            id: id("SubscriptionEntry.id", message.id)?,
            call_back: text(
                "SubscriptionEntry.call_back",
                &message.call_back,
                CallBack::parse_inside,
            )?,
            subscriber: required("SubscriptionEntry.subscriber", message.subscriber)?,
            left: Lifetime(message.left_seconds),
        })
    }
}
