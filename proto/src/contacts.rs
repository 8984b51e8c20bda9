//! Contact lists as they are asked for and told: they are kept at home, and the client shows them.

use rvp::{Caller, Principal, SubscriptionId};

/// One entry of a contact list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Contact {
    /// Who.
    pub who: Principal,
    /// What the list's owner calls them; empty for nothing.
    pub name: String,
    /// The group that the list's owner put them into; empty for none.
    pub group: String,
}

/// A question about a contact list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AskContacts {
    /// Whose list.
    pub principal: Principal,
    /// Who asks.
    pub caller: Caller,
    /// Which login of the caller asks: it is not told of its own change.
    pub login: Option<SubscriptionId>,
    /// What is to be done.
    pub action: ContactsAction,
}

/// What is to be done with a contact list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ContactsAction {
    /// Say all of it.
    Read,
    /// Put this one in: in the place of the one of its address, else at the end.
    Put(Contact),
    /// Take this one out.
    Remove(Principal),
}

/// What was changed of a contact list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ContactChange {
    /// This one was put in, or is different now.
    Put(Contact),
    /// This one was taken out.
    Removed(Principal),
}
