//! What NTLM and Digest need (spec 6.2, 6.3). Only for accounts that opt in: an NT hash is as good as the
//! password to whoever holds it, and so is an HA1 for its realm.

use md4::{Digest, Md4};
use md5::Md5;
use rvp::Principal;
use std::fmt;

/// The names a person may use towards NTLM and Digest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LegacyNames {
    /// The person. The domain is the realm of Digest.
    pub principal: Principal,
    /// The Windows domain, `EXAMPLE`; empty if there is none.
    pub nt_domain: String,
}

impl LegacyNames {
    /// The spellings that clients send as the user name of Digest (spec 6.3): the bare name, the address,
    /// and with the Windows domain before a backslash or a slash. Digest hashes the name as sent, so no
    /// other spelling, and no other letter case, can be accepted.
    #[must_use]
    pub fn spellings(&self) -> Vec<String> {
        let name = self.principal.name();
        let mut spellings = vec![name.to_owned(), self.principal.address()];
        if !self.nt_domain.is_empty() {
            spellings.push(format!("{}\\{name}", self.nt_domain));
            spellings.push(format!("{}/{name}", self.nt_domain));
        }
        spellings
    }
}

/// The secrets of NTLM and Digest.
///
/// `==` is for seeing whether an account changed, never for what somebody outside sent.
#[derive(Clone, PartialEq, Eq)]
pub struct LegacySecrets {
    /// MD4 of the password in UTF-16LE, for NTLM version 1 and 2 (spec 6.2).
    pub nt_hash: [u8; 16],
    /// One for each spelling of the user name. The realm is the principal's domain (spec 6.3).
    pub digest: Vec<DigestSecret>,
}

impl LegacySecrets {
    pub(super) fn derive(password: &str, names: &LegacyNames) -> Self {
        let wide: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let realm = names.principal.domain_str();
        let secret = |username: String| DigestSecret {
            ha1: Md5::digest(format!("{username}:{realm}:{password}")).into(),
            username,
        };
        Self {
            nt_hash: Md4::digest(&wide).into(),
            digest: names.spellings().into_iter().map(secret).collect(),
        }
    }

    /// The HA1 for a user name, in exactly the spelling sent.
    #[must_use]
    pub fn ha1(&self, username: &str) -> Option<&[u8; 16]> {
        self.digest
            .iter()
            .find(|secret| secret.username == username)
            .map(|secret| &secret.ha1)
    }
}

impl fmt::Debug for LegacySecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LegacySecrets")
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

/// HA1 of Digest for one spelling of the user name. Text outside of ASCII is hashed as UTF-8.
#[derive(Clone, PartialEq, Eq)]
pub struct DigestSecret {
    /// As a client sends it.
    pub username: String,
    /// `MD5(username:realm:password)`.
    pub ha1: [u8; 16],
}

impl fmt::Debug for DigestSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DigestSecret")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}
