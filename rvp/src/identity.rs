//! Who sends a request, and how far that is proved.

use crate::{Domain, ParseError, Principal};
use std::fmt;

/// Whoever a request names in `RVP-From-Principal`: a person or, with a bare host name, a server (spec 3.1).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Identity {
    /// A person's logical URL.
    Person(Principal),
    /// A server, acting for itself.
    Server(Domain),
}

impl Identity {
    /// Reads a logical URL or a bare host name.
    ///
    /// # Errors
    /// [`ParseError::BadAddress`] when it is neither.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if let Some(person) = Principal::from_canonical(text) {
            return Ok(Self::Person(person));
        }
        let text = text.trim();
        if text.contains('/') {
            Principal::from_url(text).map(Self::Person)
        } else {
            Domain::parse(text).map(Self::Server)
        }
    }

    /// The person, unless a server is meant.
    #[must_use]
    pub fn person(&self) -> Option<&Principal> {
        match self {
            Self::Person(person) => Some(person),
            Self::Server(_) => None,
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(person) => person.fmt(f),
            Self::Server(domain) => domain.fmt(f),
        }
    }
}

/// What a caller showed to prove who it is (spec 6.5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Credential {
    /// Nothing: the claim is believed where an entry says so.
    Assertion,
    /// Passed a Digest challenge.
    Digest,
    /// Passed an NTLM challenge.
    Ntlm,
    /// Proved itself inside the cluster.
    Internal,
}

impl Credential {
    /// Every credential, in the order they are written.
    pub const ALL: [Self; 4] = [Self::Assertion, Self::Digest, Self::Ntlm, Self::Internal];
}

/// Who asks, with what proof.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Caller {
    /// Who.
    pub identity: Identity,
    /// With what proof.
    pub credential: Credential,
}

impl Caller {
    /// Whether this is `person`, and proved to be.
    #[must_use]
    pub fn is_proved(&self, person: &Principal) -> bool {
        self.credential != Credential::Assertion && self.identity.person() == Some(person)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_person_and_a_bare_host_a_server() {
        let alice = Principal::from_address("alice@im.example.com").unwrap();
        for text in [
            "http://im.example.com/instmsg/aliases/alice",
            " http://im.example.com/instmsg/aliases/alice\r\n",
            "HTTP://IM.example.com:80/instmsg/aliases/Alice/",
            "http://home1.example.com/instmsg/local/im.example.com/instmsg/aliases/%61lice",
        ] {
            assert_eq!(
                Identity::parse(text),
                Ok(Identity::Person(alice.clone())),
                "{text}"
            );
        }
        for text in ["im.example.com", " IM.example.com. ", "im.example.com:80"] {
            assert_eq!(
                Identity::parse(text),
                Ok(Identity::Server(alice.domain())),
                "{text}"
            );
        }
        for text in [
            "",
            "/",
            "http:",
            "alice@im.example.com",
            "http://im.example.com/instmsg/aliases/",
            "http://im.example.com/instmsg/aliases/alice/bob",
            "im.example.com/instmsg/aliases/alice",
        ] {
            assert!(Identity::parse(text).is_err(), "{text}");
        }
    }
}
