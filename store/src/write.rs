//! Changes of what is kept of a person.

use crate::{Login, PropertySubscription, View};
use rvp::{AccessList, Principal, SubscriptionId, ViewId};

/// A change of one person's state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Write {
    /// Whose.
    pub principal: Principal,
    /// The person's slot, for stores that refuse writes by slot. A store in one file, which only
    /// one home server uses, goes by the slot of the account.
    pub slot: u16,
    /// What changes.
    pub change: Change,
}

/// What changes. Putting replaces what has the same id; removing what is not there does nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// A login was made or renewed.
    PutLogin(Login),
    /// A login ended.
    RemoveLogin(SubscriptionId),
    /// A view was set.
    PutView(View),
    /// A view ended.
    RemoveView(ViewId),
    /// A property subscription was made or renewed.
    PutSubscription(PropertySubscription),
    /// A property subscription ended.
    RemoveSubscription(SubscriptionId),
    /// The access list was set.
    PutAccess(AccessList),
    /// The person set the display name.
    PutDisplayName(String),
}
