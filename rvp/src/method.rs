//! The seven methods. One file each, with its request as a value.

pub mod acl;
pub mod notify;
pub mod propfind;
pub mod proppatch;
pub mod subscribe;
pub mod subscriptions;
pub mod unsubscribe;

pub use acl::Acl;
pub use notify::Notify;
pub use propfind::Propfind;
pub use proppatch::Proppatch;
pub use subscribe::Subscribe;
pub use subscriptions::Subscriptions;
pub use unsubscribe::Unsubscribe;

/// A request's method with everything that it carries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Method {
    /// SUBSCRIBE (spec 3.2).
    Subscribe(Subscribe),
    /// UNSUBSCRIBE (spec 3.3).
    Unsubscribe(Unsubscribe),
    /// SUBSCRIPTIONS (spec 3.4).
    Subscriptions(Subscriptions),
    /// PROPFIND (spec 3.5).
    Propfind(Propfind),
    /// PROPPATCH (spec 3.6).
    Proppatch(Proppatch),
    /// NOTIFY (spec 3.7).
    Notify(Notify),
    /// ACL (spec 3.8).
    Acl(Acl),
}

impl Method {
    /// The word in the request line.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Subscribe(_) => "SUBSCRIBE",
            Self::Unsubscribe(_) => "UNSUBSCRIBE",
            Self::Subscriptions(_) => "SUBSCRIPTIONS",
            Self::Propfind(_) => "PROPFIND",
            Self::Proppatch(_) => "PROPPATCH",
            Self::Notify(_) => "NOTIFY",
            Self::Acl(_) => "ACL",
        }
    }
}

#[cfg(test)]
#[path = "method_tests.rs"]
mod tests;
