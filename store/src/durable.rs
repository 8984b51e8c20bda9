//! What is kept of one person.

use crate::{Account, Contact, KeptHeader};
use rvp::{AccessList, Identity, PresenceState, Principal, Reach, SubscriptionId, ViewId};
use std::time::SystemTime;

/// Everything that is kept of one person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Durable {
    /// The account.
    pub account: Account,
    /// Logins, by ascending id.
    pub logins: Vec<Login>,
    /// Views, by ascending id.
    pub views: Vec<View>,
    /// Subscriptions of others, and of the person, to the person's properties, by ascending id.
    pub subscriptions: Vec<PropertySubscription>,
    /// The access list, if the person ever set one.
    pub access: Option<AccessList>,
    /// The state that all watchers were told last; none while that is not known.
    pub told: Option<PresenceState>,
    /// The messages kept for the person without their documents, by ascending number: those that wait, and
    /// those that a client took and whose ids are still remembered.
    pub kept: Vec<KeptHeader>,
    /// The contact list, in the person's order.
    pub contacts: Vec<Contact>,
}

impl Durable {
    /// Somebody of whom nothing is kept but the account.
    #[must_use]
    pub fn new(account: Account) -> Self {
        Self {
            account,
            logins: Vec::new(),
            views: Vec::new(),
            subscriptions: Vec::new(),
            access: None,
            told: None,
            kept: Vec::new(),
            contacts: Vec::new(),
        }
    }
}

/// A login. Its client will not notice that its home died, so its login must outlive the home.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Login {
    /// Its id, unique for the person.
    pub id: SubscriptionId,
    /// How the client is reached.
    pub reach: Reach,
    /// The router that can reach it, by the name the topology gives it.
    pub router: String,
    /// When it ends unless it is renewed.
    pub ends: SystemTime,
}

/// One device's share of a person's presence (spec 1.3, 4.4).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct View {
    /// Its id, unique for the person.
    pub id: ViewId,
    /// The login it was set through, if any.
    pub login: Option<SubscriptionId>,
    /// The state until the lease ends.
    pub state: PresenceState,
    /// The state afterwards.
    pub default: PresenceState,
    /// When the state was last changed by intention: the most recent view counts (spec 4.4).
    pub changed: SystemTime,
    /// When the lease ends; none for a state without a lease.
    pub ends: Option<SystemTime>,
}

/// Somebody is told about changes of the person's properties (spec 3.2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PropertySubscription {
    /// Its id, unique for the person.
    pub id: SubscriptionId,
    /// Who is told: the call-back.
    pub watcher: Principal,
    /// Who asked for it, most often the watcher.
    pub subscriber: Identity,
    /// When it ends unless it is renewed.
    pub ends: SystemTime,
}
