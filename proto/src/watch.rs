//! Several people of one home are watched at once: each is asked for and answered alone.

use crate::op::Refusal;
use rvp::{Caller, Lifetime, Principal, Property, SubscriptionId};

/// People of one question.
pub const WATCH_MAX: usize = 256;

/// Who watches whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AskWatch {
    /// Who asks, and is told what changes.
    pub caller: Caller,
    /// How long it lasts unless it is renewed.
    pub lifetime: Lifetime,
    /// Who is watched: at most [`WATCH_MAX`].
    pub people: Vec<ToWatch>,
}

/// Somebody who is to be watched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ToWatch {
    /// Who.
    pub target: Principal,
    /// The subscription of before: when it is still there it is renewed, and nothing new is made.
    pub former: Option<SubscriptionId>,
}

/// Somebody is watched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Watching {
    /// By which subscription.
    pub subscription: SubscriptionId,
    /// How the person is now.
    pub properties: Vec<Property>,
}

/// What became of one of those who were to be watched.
pub type WatchAnswer = Result<Watching, Refusal>;
