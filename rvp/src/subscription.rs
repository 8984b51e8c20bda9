//! Subscriptions: their ids, kinds and lifetimes (spec 3.2).

use crate::{ParseError, header};
use std::num::NonZeroU32;
use std::time::Duration;

/// The id of a subscription on one node. Fits a signed 32-bit integer (spec 0.1 rule 6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SubscriptionId(NonZeroU32);

impl SubscriptionId {
    /// The id of that number; none for 0 and beyond 2147483647.
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number)
            .filter(|n| i32::try_from(n.get()).is_ok())
            .map(Self)
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

/// What a subscription is told.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum SubscriptionKind {
    /// `pragma/notify`: everything meant for the person. On one's own node this is a login.
    Login,
    /// `update/propchange`: changes of properties.
    Property,
}

impl SubscriptionKind {
    /// The value of `Notification-Type`.
    #[must_use]
    pub fn notification_type(self) -> &'static str {
        match self {
            Self::Login => "pragma/notify",
            Self::Property => "update/propchange",
        }
    }

    /// The kind that a `Notification-Type` asks for.
    pub(crate) fn parse(text: &str) -> Result<Self, ParseError> {
        let is = |kind: Self| text.eq_ignore_ascii_case(kind.notification_type());
        [Self::Login, Self::Property]
            .into_iter()
            .find(|kind| is(*kind))
            .ok_or_else(|| {
                header::bad(
                    &header::NOTIFICATION_TYPE,
                    "is neither pragma/notify nor update/propchange",
                )
            })
    }
}

/// Seconds that a subscription or a leased value lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Lifetime(pub u32);

impl Lifetime {
    /// The same as a duration.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.0.into())
    }
}
