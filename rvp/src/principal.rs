//! Addresses of people: the logical URL that is their identity (spec 1.2).

use crate::{ParseError, limits};
use std::fmt;
use std::sync::Arc;

pub(crate) const SCHEME: &str = "http://";
pub(crate) const ALIASES: &str = "/instmsg/aliases/";
pub(crate) const LOCAL: &str = "/instmsg/local/";
/// What a name may hold beside letters and digits.
const NAME_PUNCTUATION: &[u8] = b"-._+~!$&'=";

/// The host of an instant-messaging domain, `im.example.com`: lower case, with a port only if it is not 80.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Domain(Arc<str>);

impl Domain {
    /// Reads a host with an optional port.
    ///
    /// # Errors
    /// [`ParseError::BadAddress`] when it is empty, too long or holds other than letters, digits, `-`, `.`
    /// and a decimal port.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if let Some((host, "")) = split_canonical_host(text) {
            return Ok(Self(host.into()));
        }
        let text = text.trim();
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        };
        if host.is_empty() || text.len() > limits::DOMAIN_CHARS_MAX {
            return Err(ParseError::BadAddress("has no host or one that is too long"));
        }
        let legal = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'.' || c == b'_';
        if !host.bytes().all(legal) || host.starts_with('.') {
            return Err(ParseError::BadAddress("has a host with an illegal character"));
        }
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        match port.map(str::parse::<u16>) {
            None | Some(Ok(80)) => Ok(Self(host.into())),
            Some(Ok(0) | Err(_)) => Err(ParseError::BadAddress("has a port that is not a number")),
            Some(Ok(port)) => Ok(Self(format!("{host}:{port}").into())),
        }
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same host without its port.
    #[must_use]
    pub fn without_port(&self) -> Self {
        match self.0.split_once(':') {
            Some((host, _)) => Self(host.into()),
            None => self.clone(),
        }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Domain({})", self.0)
    }
}

/// A person's address in its canonical form, `http://im.example.com/instmsg/aliases/alice`.
///
/// Canonical means lower case and without `:80`, because clients compare the text (spec 1.2). It is what
/// placement hashes, so two spellings of one person must never differ here. Cloning copies a pointer.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Principal {
    url: Arc<str>,
}

impl Principal {
    /// Composes a principal of a domain and a name.
    ///
    /// # Errors
    /// [`ParseError::BadAddress`] when the name is empty, too long or holds a character that a name may not.
    pub fn new(domain: &Domain, name: &str) -> Result<Self, ParseError> {
        if is_canonical_name(name) {
            return Ok(Self::of(domain.as_str(), name));
        }
        if name.is_empty() || name.len() > limits::NAME_CHARS_MAX {
            return Err(ParseError::BadAddress(
                "has an empty name or one that is too long",
            ));
        }
        if !name
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || NAME_PUNCTUATION.contains(&c))
        {
            return Err(ParseError::BadAddress("has a name with an illegal character"));
        }
        Ok(Self::of(domain.as_str(), &name.to_ascii_lowercase()))
    }

    /// The principal of a domain and a name that are canonical.
    fn of(domain: &str, name: &str) -> Self {
        Self {
            url: [SCHEME, domain, ALIASES, name].concat().into(),
        }
    }

    /// Reads a path: `/instmsg/aliases/NAME` with the host it was sent to, or the physical form
    /// `/instmsg/local/HOST/instmsg/aliases/NAME`, which names its own host (spec 1.2).
    ///
    /// # Errors
    /// [`ParseError::BadAddress`] when it is neither.
    pub fn from_path(host: &Domain, path: &str) -> Result<Self, ParseError> {
        // As nearly all are.
        if let Some(name) = path.strip_prefix(ALIASES)
            && is_canonical_name(name)
        {
            return Ok(Self::of(host.as_str(), name));
        }
        if let Some(rest) = strip_prefix_ignoring_case(path, LOCAL) {
            let Some((host, _)) = rest.split_once('/') else {
                return Err(ParseError::BadAddress("names no person"));
            };
            return Self::from_aliases(&Domain::parse(host)?, &rest[host.len()..]);
        }
        Self::from_aliases(host, path)
    }

    /// Reads a logical or physical URL in any letter case, with or without a trailing `/`.
    ///
    /// # Errors
    /// [`ParseError::BadAddress`] when it is not the URL of a person.
    pub fn from_url(url: &str) -> Result<Self, ParseError> {
        if let Some(person) = Self::from_canonical(url) {
            return Ok(person);
        }
        let url = url.trim();
        let Some(rest) = strip_prefix_ignoring_case(url, SCHEME) else {
            return Err(ParseError::BadAddress("does not begin with http://"));
        };
        let host = rest.split('/').next().unwrap_or_default();
        Self::from_path(&Domain::parse(host)?, &rest[host.len()..])
    }

    /// Reads a URL as we write it, without a port: nearly all that are read are, and a message names half a dozen. None
    /// for every other, which is read with more care.
    pub(crate) fn from_canonical(url: &str) -> Option<Self> {
        let (_, path) = split_canonical_host(url.strip_prefix(SCHEME)?)?;
        is_canonical_name(path.strip_prefix(ALIASES)?).then(|| Self { url: url.into() })
    }

    /// Reads what people type, `alice@im.example.com`.
    ///
    /// # Errors
    /// [`ParseError::BadAddress`] when there is not exactly one `@` or a part is illegal.
    pub fn from_address(address: &str) -> Result<Self, ParseError> {
        let begin = address.bytes().position(|c| c == b'@').map_or(0, |at| at + 1);
        let (name, domain) = address.split_at(begin);
        if let Some((host, "")) = split_canonical_host(domain)
            && let Some(name) = name.strip_suffix('@')
            && is_canonical_name(name)
        {
            return Ok(Self::of(host, name));
        }
        match address.trim().split_once('@') {
            Some((name, domain)) => Self::new(&Domain::parse(domain)?, name),
            None => Err(ParseError::BadAddress("must have the form name@domain")),
        }
    }

    fn from_aliases(host: &Domain, path: &str) -> Result<Self, ParseError> {
        let Some(name) = strip_prefix_ignoring_case(path, ALIASES) else {
            return Err(ParseError::BadAddress("is not below /instmsg/aliases/"));
        };
        Self::new(host, &percent_decode(name.strip_suffix('/').unwrap_or(name))?)
    }

    /// The canonical logical URL.
    #[must_use]
    pub fn as_url(&self) -> &str {
        &self.url
    }

    /// Whether there is another clone of it.
    pub(crate) fn is_held_elsewhere(&self) -> bool {
        Arc::strong_count(&self.url) > 1
    }

    /// The host part.
    #[must_use]
    pub fn domain(&self) -> Domain {
        Domain(self.domain_str().into())
    }

    /// The host part as text.
    #[must_use]
    pub fn domain_str(&self) -> &str {
        &self.url[SCHEME.len()..self.name_begins() - ALIASES.len()]
    }

    /// The name part.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.url[self.name_begins()..]
    }

    /// No name has a `/`, and it is shorter than what is before it.
    fn name_begins(&self) -> usize {
        let slash = self.url.bytes().rposition(|c| c == b'/');
        slash.map_or(0, |slash| slash + 1)
    }

    /// The path on the logical host.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.url[self.name_begins() - ALIASES.len()..]
    }

    /// What people type and see, `alice@im.example.com`.
    #[must_use]
    pub fn address(&self) -> String {
        [self.name(), "@", self.domain_str()].concat()
    }

    /// The same person with the port of the host left out.
    #[must_use]
    pub fn without_port(&self) -> Self {
        if self.domain_str().contains(':') {
            Self::of(self.domain().without_port().as_str(), self.name())
        } else {
            self.clone()
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Principal({})", self.address())
    }
}

/// Splits off a host in its canonical form, if `text` begins with one. A port is not taken for a part of it.
fn split_canonical_host(text: &str) -> Option<(&str, &str)> {
    const HOST: [bool; 256] = lower_case_and(b"-._");
    let ends = text.bytes().position(|c| !HOST[usize::from(c)]);
    let (host, rest) = text.split_at(ends.unwrap_or(text.len()));
    let is_host = (1..=limits::DOMAIN_CHARS_MAX).contains(&host.len())
        && !host.starts_with('.')
        && !host.ends_with('.');
    is_host.then_some((host, rest))
}

fn is_canonical_name(name: &str) -> bool {
    const NAME: [bool; 256] = lower_case_and(NAME_PUNCTUATION);
    (1..=limits::NAME_CHARS_MAX).contains(&name.len()) && name.bytes().all(|c| NAME[usize::from(c)])
}

/// Which octets are lower-case letters, digits or one of `punctuation`.
const fn lower_case_and(punctuation: &[u8]) -> [bool; 256] {
    let mut legal = [false; 256];
    let mut c: u8 = 0;
    while c < u8::MAX {
        legal[c as usize] = c.is_ascii_lowercase() || c.is_ascii_digit();
        c += 1;
    }
    let mut at = 0;
    while at < punctuation.len() {
        legal[punctuation[at] as usize] = true;
        at += 1;
    }
    legal
}

pub(crate) fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

fn percent_decode(text: &str) -> Result<String, ParseError> {
    const BAD: ParseError = ParseError::BadAddress("has a bad percent escape");
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        if octet == b'%' {
            let digit = |c: Option<u8>| c.and_then(|c| char::from(c).to_digit(16)).ok_or(BAD);
            let (high, low) = (digit(rest.next())?, digit(rest.next())?);
            octets.push(u8::try_from(high * 16 + low).map_err(|_| BAD)?);
        } else {
            octets.push(octet);
        }
    }
    String::from_utf8(octets).map_err(|_| BAD)
}

#[cfg(test)]
#[path = "principal_tests.rs"]
mod tests;
