//! Challenges and what clients answer to them: Digest and NTLM (spec 6.1 to 6.3).
//!
//! Reading and writing only. Whether an answer is right is decided where the secrets are, at the home server.

mod digest;
mod ntlm;

pub use digest::{DigestChallenge, digest_challenge};
pub use ntlm::{NtlmChallenge, ntlm_challenge};

use crate::{ParseError, header};
use http::HeaderValue;
use http::header::AUTHORIZATION;

/// What an `Authorization` header holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Authorization {
    /// The answer to a Digest challenge.
    Digest(DigestAnswer),
    /// NTLM type 1: asks for a challenge.
    NtlmNegotiate(NtlmNegotiate),
    /// NTLM type 3: the answer to it.
    NtlmAuthenticate(NtlmAnswer),
}

/// The fields of a Digest answer, as sent: the user name is hashed in exactly this spelling (spec 6.3).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DigestAnswer {
    /// `alice`, `DOMAIN\alice` or `DOMAIN/alice`.
    pub username: String,
    /// The realm.
    pub realm: String,
    /// The challenge's nonce.
    pub nonce: String,
    /// The request's path or URL.
    pub uri: String,
    /// 32 hexadecimal digits.
    pub response: String,
    /// What `qop="auth"` adds; absent in the form of RFC 2069.
    pub qop: Option<DigestQop>,
}

/// The fields that `qop="auth"` adds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DigestQop {
    /// The nonce count, as sent. It never advances with librvp and is not enforced (spec 6.3).
    pub nc: String,
    /// The client's nonce.
    pub cnonce: String,
}

/// What is read of an NTLM type 1 message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NtlmNegotiate {
    /// The flags the client offers.
    pub flags: u32,
}

/// What is read of an NTLM type 3 message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NtlmAnswer {
    /// The client's domain, often arbitrary.
    pub domain: String,
    /// The account, possibly `name@domain`.
    pub user: String,
    /// The LM response: 24 octets.
    pub lm_response: Vec<u8>,
    /// The NT response: 24 octets for version 1, more for version 2.
    pub nt_response: Vec<u8>,
}

impl Authorization {
    /// Reads an `Authorization` header.
    ///
    /// # Errors
    /// [`ParseError::BadHeader`] for another scheme, a missing field or a message that is cut off.
    pub fn parse(value: &HeaderValue) -> Result<Self, ParseError> {
        let text = header::text(&AUTHORIZATION, value)?;
        let (scheme, rest) = split_scheme(text);
        if scheme.eq_ignore_ascii_case(DIGEST) {
            DigestAnswer::parse(rest).map(Self::Digest)
        } else if scheme.eq_ignore_ascii_case(NTLM) {
            ntlm::parse(&ntlm::decode(&AUTHORIZATION, rest)?)
        } else {
            Err(header::bad(
                &AUTHORIZATION,
                "has a scheme other than Digest and NTLM",
            ))
        }
    }

    /// Makes the header.
    #[must_use]
    pub fn write(&self) -> HeaderValue {
        header::value(&match self {
            Self::Digest(answer) => answer.write(),
            Self::NtlmNegotiate(negotiate) => ntlm::encode(&negotiate.write()),
            Self::NtlmAuthenticate(answer) => ntlm::encode(&answer.write()),
        })
    }
}

const DIGEST: &str = "Digest";
const NTLM: &str = "NTLM";

fn split_scheme(text: &str) -> (&str, &str) {
    let (scheme, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    (scheme, rest.trim())
}

#[cfg(test)]
#[path = "credentials_tests.rs"]
mod tests;
