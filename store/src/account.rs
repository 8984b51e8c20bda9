//! Accounts: who may log on.

use crate::Secrets;
use rvp::Principal;

/// A person who may log on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// Who.
    pub principal: Principal,
    /// The name people see, `d:displayname` (spec 4.2).
    pub display_name: String,
    /// The mail address, `r:email` (spec 4.2). Differs from the instant-messaging address.
    pub email: String,
    /// Whether log-on is refused. Everything else of the person is kept.
    pub disabled: bool,
    /// What a log-on is checked against.
    pub secrets: Secrets,
}

/// What putting an account expects to find.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Put {
    /// No account of that principal.
    New,
    /// An account of that principal.
    Replace,
}

/// A change of an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AccountChange {
    /// It was created or replaced, and is now this.
    Put(Box<Account>),
    /// It was removed.
    Removed(Principal),
}
