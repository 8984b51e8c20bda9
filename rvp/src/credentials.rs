//! Challenges and what clients answer to them: Digest and NTLM, the latter also by way of Negotiate
//! (spec 6.1 to 6.3).
//!
//! Reading and writing only. Whether an answer is right is decided where the secrets are, at the home server.

mod digest;
mod ntlm;
mod spnego;

pub use digest::{DigestChallenge, digest_challenge};
pub use ntlm::{NtlmChallenge, ntlm_challenge, select_ntlm};

use crate::{ParseError, header, limits};
use http::HeaderValue;
use http::header::AUTHORIZATION;
use spnego::Token;

/// What an `Authorization` header holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Authorization {
    /// The answer to a Digest challenge.
    Digest(DigestAnswer),
    /// NTLM type 1: asks for a challenge.
    NtlmNegotiate(NtlmNegotiate),
    /// NTLM type 3: the answer to it.
    NtlmAuthenticate {
        /// The answer.
        answer: NtlmAnswer,
        /// How it came.
        carrier: Carrier,
    },
    /// The client would rather use something else, such as Kerberos, but can do NTLM: [`select_ntlm`] makes
    /// what tells it to begin with that.
    SelectNtlm,
}

/// How an NTLM message is carried. The answer to it goes the same way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Carrier {
    /// `NTLM` and the message (spec 6.2).
    Ntlm,
    /// `Negotiate` and the bare message: what Windows sends when it has no Kerberos (RFC 4559).
    Negotiate,
    /// `Negotiate` and a token of SPNEGO that holds the message (RFC 4178).
    Spnego,
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
    /// How it came.
    pub carrier: Carrier,
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
    /// [`ParseError::UnsupportedCredentials`] for another scheme, and for a token of Negotiate that does not
    /// lead to NTLM or cannot be read: the client should be told what is offered. [`ParseError::BadHeader`]
    /// for a Digest or NTLM answer with a missing field or a message that is cut off.
    pub fn parse(value: &HeaderValue) -> Result<Self, ParseError> {
        let octets = value.as_bytes().trim_ascii();
        let scheme = octets.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        let is = |known: &str| scheme.eq_ignore_ascii_case(known.as_bytes());
        if is(DIGEST) {
            let (_, rest) = split_scheme(header::text(&AUTHORIZATION, value)?);
            DigestAnswer::parse(rest).map(Self::Digest)
        } else if is(NTLM) {
            let (_, rest) = split_scheme(header::text(&AUTHORIZATION, value)?);
            ntlm::parse(&ntlm::decode(&AUTHORIZATION, rest)?, Carrier::Ntlm)
        } else if is(NEGOTIATE) {
            Self::negotiate(value).ok_or(ParseError::UnsupportedCredentials)
        } else {
            Err(ParseError::UnsupportedCredentials)
        }
    }

    fn negotiate(value: &HeaderValue) -> Option<Self> {
        let text = header::text_within(&AUTHORIZATION, value, limits::NEGOTIATE_CHARS_MAX).ok()?;
        let token = ntlm::decode(&AUTHORIZATION, split_scheme(text).1).ok()?;
        let (message, carrier) = match ntlm::negotiated(&token)? {
            (Token::Message(message), carrier) => (message, carrier),
            (Token::NtlmWouldDo, _) => return Some(Self::SelectNtlm),
        };
        // The larger bound is for other mechanisms.
        let is_bounded = message.len() <= limits::HEADER_CHARS_MAX;
        is_bounded.then(|| ntlm::parse(message, carrier).ok())?
    }

    /// Makes the header.
    #[must_use]
    pub fn write(&self) -> HeaderValue {
        header::value(&match self {
            Self::Digest(answer) => answer.write(),
            Self::NtlmNegotiate(negotiate) => {
                ntlm::carry(negotiate.carrier, &negotiate.write(), spnego::ntlm_offer)
            }
            Self::NtlmAuthenticate { answer, carrier } => {
                ntlm::carry(*carrier, &answer.write(), spnego::client_response)
            }
            Self::SelectNtlm => ntlm::encode(NEGOTIATE, &spnego::kerberos_offer()),
        })
    }
}

const DIGEST: &str = "Digest";
const NTLM: &str = "NTLM";
const NEGOTIATE: &str = "Negotiate";

fn split_scheme(text: &str) -> (&str, &str) {
    let (scheme, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    (scheme, rest.trim())
}

#[cfg(test)]
#[path = "credentials_tests.rs"]
mod tests;
