//! The four messages.

use crate::limits::{NONCE_CHARS_MAX, SCRAM_CHARS_MAX};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;
use std::fmt;

/// The client's first message: `n,,n=alice@im.example.com,r=NONCE`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientFirst {
    /// Whether the client could bind a channel and believes that the server cannot (`y,,` in place of `n,,`).
    pub could_bind: bool,
    /// Who wants to log on, as written.
    pub name: String,
    /// The client's nonce.
    pub nonce: String,
}

/// The server's first message: `r=NONCES,s=SALT,i=ROUNDS`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerFirst {
    /// The client's nonce and behind it the server's.
    pub nonce: String,
    /// The salt of the account's verifier.
    pub salt: Vec<u8>,
    /// The verifier's rounds of PBKDF2.
    pub iterations: u32,
}

/// The client's last message: `c=biws,r=NONCES,p=PROOF`.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientFinal {
    /// What the client's first message began with, which is how an attacker is noticed who changed it.
    pub could_bind: bool,
    /// Both nonces.
    pub nonce: String,
    /// The proof.
    pub proof: [u8; 32],
}

/// The server's last message: `v=SIGNATURE`, by which it shows that it has the verifier.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerFinal {
    /// The signature.
    pub signature: [u8; 32],
}

/// What both sides sign.
#[must_use]
pub fn auth_message(first: &ClientFirst, challenge: &ServerFirst, last: &ClientFinal) -> String {
    let (bare, challenge, last) = (first.bare(), challenge.write(), last.without_proof());
    format!("{bare},{challenge},{last}")
}

fn header(could_bind: bool) -> &'static str {
    if could_bind { "y,," } else { "n,," }
}

impl ClientFirst {
    /// Reads it. None for what is malformed, wants a channel bound, or names somebody to act for: nobody acts for
    /// another one here.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > SCRAM_CHARS_MAX {
            return None;
        }
        let (could_bind, bare) = match (text.strip_prefix("n,,"), text.strip_prefix("y,,")) {
            (Some(bare), _) => (false, bare),
            (None, Some(bare)) => (true, bare),
            (None, None) => return None,
        };
        let mut parts = Parts::of(bare);
        let name = unescape(parts.next('n')?)?;
        let nonce = nonce(parts.next('r')?, NONCE_CHARS_MAX)?;
        // The other side signs what was sent, and signs it as it is written here.
        let first = Self {
            could_bind,
            name,
            nonce,
        };
        (parts.is_done() && first.bare() == bare).then_some(first)
    }

    /// Writes it.
    #[must_use]
    pub fn write(&self) -> String {
        format!("{}{}", header(self.could_bind), self.bare())
    }

    fn bare(&self) -> String {
        let name = self.name.replace('=', "=3D").replace(',', "=2C");
        format!("n={name},r={}", self.nonce)
    }
}

impl ServerFirst {
    /// Reads it; none for what is malformed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > SCRAM_CHARS_MAX {
            return None;
        }
        let mut parts = Parts::of(text);
        let first = Self {
            nonce: nonce(parts.next('r')?, 2 * NONCE_CHARS_MAX)?,
            salt: STANDARD.decode(parts.next('s')?).ok()?,
            iterations: parts.next('i')?.parse().ok()?,
        };
        // Extensions that are not mandatory might follow; whoever signs must have read all, so there are none.
        (parts.is_done() && first.write() == text).then_some(first)
    }

    /// Writes it.
    #[must_use]
    pub fn write(&self) -> String {
        let salt = STANDARD.encode(&self.salt);
        format!("r={},s={salt},i={}", self.nonce, self.iterations)
    }
}

impl ClientFinal {
    /// Reads it; none for what is malformed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > SCRAM_CHARS_MAX {
            return None;
        }
        let mut parts = Parts::of(text);
        let could_bind = match STANDARD.decode(parts.next('c')?).ok()?.as_slice() {
            b"n,," => false,
            b"y,," => true,
            _ => return None,
        };
        let last = Self {
            could_bind,
            nonce: nonce(parts.next('r')?, 2 * NONCE_CHARS_MAX)?,
            proof: octets(parts.next('p')?)?,
        };
        (parts.is_done() && last.write() == text).then_some(last)
    }

    /// Writes it.
    #[must_use]
    pub fn write(&self) -> String {
        format!("{},p={}", self.without_proof(), STANDARD.encode(self.proof))
    }

    fn without_proof(&self) -> String {
        let header = STANDARD.encode(header(self.could_bind));
        format!("c={header},r={}", self.nonce)
    }
}

impl ServerFinal {
    /// Reads it; none for what is malformed, and for an error in its place.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = Parts::of(text);
        let signature = octets(parts.next('v')?)?;
        parts.is_done().then_some(Self { signature })
    }

    /// Writes it.
    #[must_use]
    pub fn write(&self) -> String {
        format!("v={}", STANDARD.encode(self.signature))
    }
}

impl fmt::Debug for ClientFinal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientFinal").finish_non_exhaustive()
    }
}

impl fmt::Debug for ServerFinal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerFinal").finish_non_exhaustive()
    }
}

/// Attributes between commas, in the one order they may have.
struct Parts<'a> {
    rest: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Self {
        Self { rest: Some(text) }
    }

    fn next(&mut self, letter: char) -> Option<&'a str> {
        let rest = self.rest?;
        let (part, rest) = match rest.split_once(',') {
            Some((part, rest)) => (part, Some(rest)),
            None => (rest, None),
        };
        self.rest = rest;
        part.strip_prefix(letter)?.strip_prefix('=')
    }

    fn is_done(&self) -> bool {
        self.rest.is_none()
    }
}

fn nonce(text: &str, max: usize) -> Option<String> {
    let legal = |octet: u8| octet.is_ascii_graphic() && octet != b',';
    (!text.is_empty() && text.len() <= max && text.bytes().all(legal)).then(|| text.to_owned())
}

fn octets(text: &str) -> Option<[u8; 32]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

/// Undoes the two escapes that a name may hold; anything else behind `=` is malformed.
fn unescape(text: &str) -> Option<String> {
    let mut name = String::with_capacity(text.len());
    let mut rest = Cow::Borrowed(text);
    while let Some((before, after)) = rest.split_once('=') {
        name.push_str(before);
        name.push(match after.get(..2)? {
            "2C" => ',',
            "3D" => '=',
            _ => return None,
        });
        rest = Cow::Owned(after[2..].to_owned());
    }
    name.push_str(&rest);
    (!name.is_empty()).then_some(name)
}
