//! Why a request is refused: the closed list that clients act on.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why something was not done. Names nobody and nothing inside the cluster.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// A field holds what it may not.
    Malformed,
    /// The name or the password is wrong, or a token is not good any more.
    WrongCredentials,
    /// The person may not do this.
    Forbidden,
    /// There is nobody of that address here.
    NobodyThere,
    /// The recipient cannot be reached, and nothing is kept.
    NotReachable,
    /// As much as may be is kept already: of messages for a recipient who cannot be reached, or of contacts.
    KeptFull,
    /// The recipient has left this conversation.
    LeftConversation,
    /// It is too large.
    TooLarge,
    /// There is no such thing to end or to renew: not watched, or not in the list.
    NotThere,
    /// The session has ended; the client logs on again.
    SessionOver,
    /// A bound is reached; trying again helps.
    Busy,
    /// The person's home server cannot be reached now; trying again helps.
    Unavailable,
    /// As many people are online as may be.
    Full,
    /// Too many people log on at once; this one is given a time of its own to come back.
    LogOnLater,
    /// This router does not do that.
    NotSupported,
    /// A defect at the server.
    Internal,
    /// Something that a newer peer says.
    #[serde(other)]
    Unknown,
}

impl Why {
    /// Every reason.
    pub const ALL: [Self; 17] = [
        Self::Malformed,
        Self::WrongCredentials,
        Self::Forbidden,
        Self::NobodyThere,
        Self::NotReachable,
        Self::KeptFull,
        Self::LeftConversation,
        Self::TooLarge,
        Self::NotThere,
        Self::SessionOver,
        Self::Busy,
        Self::Unavailable,
        Self::Full,
        Self::LogOnLater,
        Self::NotSupported,
        Self::Internal,
        Self::Unknown,
    ];

    /// A sentence for people.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Malformed => "the request is malformed",
            Self::WrongCredentials => "the name or the password is wrong",
            Self::Forbidden => "this is not permitted",
            Self::NobodyThere => "there is nobody by this name here",
            Self::NotReachable => "the recipient cannot be reached",
            Self::KeptFull => "as much is kept already as may be",
            Self::LeftConversation => "the recipient has left the conversation",
            Self::TooLarge => "it is too large",
            Self::NotThere => "there is no such thing",
            Self::SessionOver => "the session has ended",
            Self::Busy => "too much at once, try again",
            Self::Unavailable => "the service cannot be reached now, try again",
            Self::Full => "as many people are online as may be",
            Self::LogOnLater => "too many people log on at once, come back later",
            Self::NotSupported => "this server does not do that",
            Self::Internal => "the server made a mistake",
            Self::Unknown => "the server gave a reason that this client does not know",
        }
    }

    /// Whether the same request may succeed a little later.
    #[must_use]
    pub fn may_pass(self) -> bool {
        match self {
            Self::Busy | Self::Unavailable | Self::Full | Self::LogOnLater | Self::KeptFull => true,
            Self::Malformed
            | Self::WrongCredentials
            | Self::Forbidden
            | Self::NobodyThere
            | Self::NotReachable
            | Self::LeftConversation
            | Self::TooLarge
            | Self::NotThere
            | Self::SessionOver
            | Self::NotSupported
            | Self::Internal
            | Self::Unknown => false,
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}
