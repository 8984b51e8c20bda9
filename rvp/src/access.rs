//! Access lists: who may do what with a person's node (spec 3.8, 6.4, 6.5).

mod document;

use crate::{Credential, Identity};
use std::collections::BTreeSet;

/// A right on a node (spec 6.4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Right {
    /// Listing property names.
    List,
    /// Reading properties.
    Read,
    /// PROPPATCH.
    Write,
    /// Sending NOTIFY to the node.
    SendTo,
    /// Receiving its notifications.
    ReceiveFrom,
    /// Reading the access list.
    ReadAcl,
    /// Changing the access list.
    WriteAcl,
    /// Seeing the state.
    Presence,
    /// SUBSCRIPTIONS.
    Subscriptions,
    /// SUBSCRIBE with a call-back that is not the caller's.
    SubscribeOthers,
}

impl Right {
    /// Every right, in the order they are written. `a:all` is read as all of them.
    pub const ALL: [Self; 10] = [
        Self::List,
        Self::Read,
        Self::Write,
        Self::SendTo,
        Self::ReceiveFrom,
        Self::ReadAcl,
        Self::WriteAcl,
        Self::Presence,
        Self::Subscriptions,
        Self::SubscribeOthers,
    ];

    /// The element's local name: `send-to`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Read => "read",
            Self::Write => "write",
            Self::SendTo => "send-to",
            Self::ReceiveFrom => "receive-from",
            Self::ReadAcl => "readacl",
            Self::WriteAcl => "writeacl",
            Self::Presence => "presence",
            Self::Subscriptions => "subscriptions",
            Self::SubscribeOthers => "subscribe-others",
        }
    }

    /// The right of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.name() == name)
    }
}

/// Whom an entry is about. `All` sorts last, as evaluation wants it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Who {
    /// Exactly this person or server.
    One(Identity),
    /// `a:allprincipals`.
    All,
}

/// The credentials an entry accepts.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Credentials {
    /// `a:any`: any valid credentials, so not a bare assertion.
    Any,
    /// Those listed; never empty.
    Listed(BTreeSet<Credential>),
}

/// One access control entry.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Entry {
    /// Whom it is about.
    pub who: Who,
    /// What they must have shown for it to count.
    pub credentials: Credentials,
    /// Rights given.
    pub grant: BTreeSet<Right>,
    /// Rights refused; a refusal beats a grant in the same entry.
    pub deny: BTreeSet<Right>,
}

/// An access list, or the entries of one that a client changes.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct AccessList {
    /// The entries, at most one for each principal once merged.
    pub entries: Vec<Entry>,
}

#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;
