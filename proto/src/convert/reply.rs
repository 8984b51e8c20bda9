//! What a home server answers when it does not refuse.

use super::subscription::id;
use super::{Error, every, messages};
use crate::v1;
use crate::v1::reply::Reply as Wire;
use rvp::method::propfind::Properties;
use rvp::{Lifetime, Reply};

impl From<Reply> for v1::Reply {
    fn from(reply: Reply) -> Self {
        let reply = match reply {
            Reply::Subscribed {
                id,
                lifetime,
                properties,
            } => Wire::Subscribed(v1::Subscribed {
                id: id.get(),
                lifetime_seconds: lifetime.0,
                properties: properties.map(Into::into),
            }),
            Reply::Unsubscribed => Wire::Unsubscribed(v1::Unsubscribed {}),
            Reply::Subscriptions(lines) => Wire::Subscriptions(v1::SubscriptionList {
                entries: messages(lines),
            }),
            Reply::Properties(properties) => Wire::Properties(properties.into()),
            Reply::Patched(patched) => Wire::Patched(patched.into()),
            Reply::Notified => Wire::Notified(v1::Notified {}),
            Reply::Stored => Wire::Stored(v1::Stored {}),
            Reply::AccessList(list) => Wire::AccessList(list.into()),
            Reply::AccessChanged => Wire::AccessChanged(v1::AccessChanged {}),
        };
        Self { reply: Some(reply) }
    }
}

impl TryFrom<v1::Reply> for Reply {
    type Error = Error;

    fn try_from(message: v1::Reply) -> Result<Self, Error> {
        Ok(match message.reply.ok_or(Error::Missing("Reply.reply"))? {
            Wire::Subscribed(subscribed) => Self::Subscribed {
                id: id("Subscribed.id", subscribed.id)?,
                lifetime: Lifetime(subscribed.lifetime_seconds),
                properties: subscribed.properties.map(Properties::try_from).transpose()?,
            },
            Wire::Unsubscribed(v1::Unsubscribed {}) => Self::Unsubscribed,
            Wire::Subscriptions(list) => Self::Subscriptions(every(list.entries)?),
            Wire::Properties(properties) => Self::Properties(properties.try_into()?),
            Wire::Patched(patched) => Self::Patched(patched.try_into()?),
            Wire::Notified(v1::Notified {}) => Self::Notified,
            Wire::Stored(v1::Stored {}) => Self::Stored,
            Wire::AccessList(list) => Self::AccessList(list.try_into()?),
            Wire::AccessChanged(v1::AccessChanged {}) => Self::AccessChanged,
        })
    }
}
