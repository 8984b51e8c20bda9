//! People, servers and what they showed.

use super::{Error, text};
use crate::v1;
use rvp::{Credential, Identity, Principal};

/// A field that holds a logical URL.
pub(super) fn principal(field: &'static str, url: &str) -> Result<Principal, Error> {
    text(field, url, Principal::from_url)
}

/// A principal as a field holds it.
pub(super) fn url(principal: &Principal) -> String {
    principal.as_url().to_owned()
}

impl From<Identity> for v1::Identity {
    fn from(identity: Identity) -> Self {
        let text = match identity {
            Identity::Person(person) => url(&person),
            Identity::Server(domain) => domain.as_str().to_owned(),
        };
        Self { text }
    }
}

impl TryFrom<v1::Identity> for Identity {
    type Error = Error;

    fn try_from(message: v1::Identity) -> Result<Self, Error> {
        text("Identity.text", &message.text, Self::parse)
    }
}

impl From<Credential> for v1::Credential {
    fn from(credential: Credential) -> Self {
        match credential {
            Credential::Assertion => Self::Assertion,
            Credential::Digest => Self::Digest,
            Credential::Ntlm => Self::Ntlm,
            Credential::Internal => Self::Internal,
        }
    }
}

impl TryFrom<v1::Credential> for Credential {
    type Error = Error;

    fn try_from(message: v1::Credential) -> Result<Self, Error> {
        match message {
            v1::Credential::Unspecified => Err(Error::Missing("Credential")),
            v1::Credential::Assertion => Ok(Self::Assertion),
            v1::Credential::Digest => Ok(Self::Digest),
            v1::Credential::Ntlm => Ok(Self::Ntlm),
            v1::Credential::Internal => Ok(Self::Internal),
        }
    }
}
