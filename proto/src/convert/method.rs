//! The seven methods. SUBSCRIBE and ACL have two forms on the link.

use super::Error;
use crate::v1;
use crate::v1::request::Method as Wire;
use rvp::Method;
use rvp::method::{Acl, Subscribe};

impl From<Method> for Wire {
    fn from(method: Method) -> Self {
        match method {
            Method::Subscribe(subscribe) => subscribe.into(),
            Method::Unsubscribe(unsubscribe) => Self::Unsubscribe(unsubscribe.into()),
            Method::Subscriptions(subscriptions) => Self::Subscriptions(subscriptions.into()),
            Method::Propfind(propfind) => Self::Propfind(propfind.into()),
            Method::Proppatch(proppatch) => Self::Proppatch(proppatch.into()),
            Method::Notify(notify) => Self::Notify(notify.into()),
            Method::Acl(Acl::Read) => Self::ReadAcl(v1::ReadAcl {}),
            Method::Acl(Acl::Change(list)) => Self::ChangeAcl(list.into()),
        }
    }
}

impl TryFrom<Wire> for Method {
    type Error = Error;

    fn try_from(message: Wire) -> Result<Self, Error> {
        Ok(match message {
            Wire::Subscribe(subscribe) => Self::Subscribe(Subscribe::try_from(subscribe)?),
            Wire::Refresh(refresh) => Self::Subscribe(Subscribe::try_from(refresh)?),
            Wire::Unsubscribe(unsubscribe) => Self::Unsubscribe(unsubscribe.try_into()?),
            Wire::Subscriptions(subscriptions) => Self::Subscriptions(subscriptions.try_into()?),
            Wire::Propfind(propfind) => Self::Propfind(propfind.try_into()?),
            Wire::Proppatch(proppatch) => Self::Proppatch(proppatch.try_into()?),
            Wire::Notify(notify) => Self::Notify(notify.try_into()?),
            Wire::ReadAcl(v1::ReadAcl {}) => Self::Acl(Acl::Read),
            Wire::ChangeAcl(list) => Self::Acl(Acl::Change(list.try_into()?)),
        })
    }
}
