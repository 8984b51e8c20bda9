//! Where notifications of a subscription are sent (spec 3.2, 7).

use crate::principal::{ALIASES, LOCAL, SCHEME, strip_prefix_ignoring_case};
use crate::{AttachmentId, ParseError, Principal, limits};
use http::uri::PathAndQuery;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// The `Call-Back` of a subscription.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum CallBack {
    /// A person: notifications go to that person's home server, which knows the clients.
    Principal(Principal),
    /// A client's own listener.
    Client(ClientUrl),
    /// A connection that the client holds open at a router: said between processes only, never by a client.
    Attachment(AttachmentId),
}

impl CallBack {
    /// Reads a URL: one below `/instmsg/` names a person, every other is a client's listener (spec 3.2).
    ///
    /// # Errors
    /// [`ParseError::BadAddress`] when it is neither.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let rest = strip_prefix_ignoring_case(text.trim(), SCHEME).unwrap_or_default();
        let path = rest.find('/').map_or("", |begin| &rest[begin..]);
        let below = |prefix| strip_prefix_ignoring_case(path, prefix).is_some();
        if below(ALIASES) || below(LOCAL) {
            Principal::from_url(text).map(Self::Principal)
        } else {
            ClientUrl::parse(text).map(Self::Client)
        }
    }
}

impl fmt::Display for CallBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Principal(principal) => principal.fmt(f),
            Self::Client(client) => client.fmt(f),
            Self::Attachment(id) => id.fmt(f),
        }
    }
}

/// The listener of a client, `http://192.0.2.10:49152`.
///
/// Whether it may be called is not decided here: that takes the connecting client's address (spec 7.2). Cloning copies a
/// pointer, and what has none takes no room for one.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientUrl {
    parts: Arc<Parts>,
}

#[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Parts {
    host: String,
    port: u16,
    /// Empty for `/`, which nearly all have: then it is no block of memory of its own.
    path: String,
}

impl ClientUrl {
    /// Reads an `http` URL without user information. The port defaults to 80, the path to `/`.
    ///
    /// # Errors
    /// [`ParseError::BadAddress`] when it is anything else.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let text = text.trim();
        let legal = |c: u8| c.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&c);
        if !text.bytes().all(legal) {
            return Err(ParseError::BadAddress("has an illegal character"));
        }
        let Some(rest) = strip_prefix_ignoring_case(text, SCHEME) else {
            return Err(ParseError::BadAddress("does not begin with http://"));
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (host, port) = split_port(authority)?;
        let path = match path {
            "" | "/" => String::new(),
            path if path.starts_with('/') => path.to_owned(),
            path => format!("/{path}"),
        };
        let legal = |path: &str| path.is_empty() || PathAndQuery::try_from(path).is_ok();
        if path.len() > limits::CALL_BACK_PATH_CHARS_MAX || !legal(&path) {
            return Err(ParseError::BadAddress(
                "has an illegal path or one that is too long",
            ));
        }
        let parts = Parts {
            host: canonical_host(host)?,
            port,
            path,
        };
        Ok(Self {
            parts: Arc::new(parts),
        })
    }

    /// The host in lower case: a name, an IPv4 address, or an IPv6 address without its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.parts.host
    }

    /// The TCP port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.parts.port
    }

    /// The path with its query, never empty.
    #[must_use]
    pub fn path(&self) -> &str {
        match self.parts.path.as_str() {
            "" => "/",
            path => path,
        }
    }

    /// Host and port as a `Host` header has them: brackets around IPv6, no port if it is 80.
    #[must_use]
    pub fn authority(&self) -> String {
        let (open, close) = if self.host().contains(':') {
            ("[", "]")
        } else {
            ("", "")
        };
        match self.port() {
            80 => format!("{open}{}{close}", self.host()),
            port => format!("{open}{}{close}:{port}", self.host()),
        }
    }
}

impl fmt::Display for ClientUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path() == "/" { "" } else { self.path() };
        write!(f, "http://{}{path}", self.authority())
    }
}

impl fmt::Debug for ClientUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientUrl({self})")
    }
}

fn split_port(authority: &str) -> Result<(&str, u16), ParseError> {
    let colon = match authority.rfind(']') {
        Some(bracket) => authority[bracket..].find(':').map(|at| bracket + at),
        None => authority.find(':'),
    };
    let Some(colon) = colon else {
        return Ok((authority, 80));
    };
    let port = &authority[colon + 1..];
    match port.parse() {
        Ok(number) if number != 0 && port.bytes().all(|c| c.is_ascii_digit()) => {
            Ok((&authority[..colon], number))
        }
        Ok(_) | Err(_) => Err(ParseError::BadAddress("has a port that is not a number")),
    }
}

/// One spelling for each host, so that a policy on addresses cannot be passed by an unusual one.
fn canonical_host(host: &str) -> Result<String, ParseError> {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let address: Ipv6Addr = address
            .parse()
            .map_err(|_| ParseError::BadAddress("has a bad IPv6 address"))?;
        return Ok(address.to_string());
    }
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    if host.is_empty() || host.len() > limits::DOMAIN_CHARS_MAX {
        return Err(ParseError::BadAddress("has no host or one that is too long"));
    }
    let legal = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
    };
    if !host.split('.').all(legal) {
        return Err(ParseError::BadAddress("has a host with an illegal character"));
    }
    // Resolvers take `127.1`, `0x7f.1` and `2130706433` for addresses, so a host whose last label looks
    // like a number must be an address in the usual form.
    let last = host.rsplit('.').next().unwrap_or_default();
    let numeric = last.bytes().all(|c| c.is_ascii_digit()) || last.starts_with("0x");
    if numeric && host.parse::<Ipv4Addr>().is_err() {
        return Err(ParseError::BadAddress("has a bad IPv4 address"));
    }
    Ok(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_url_has_host_port_and_path() {
        for (text, host, port, path, written) in [
            (
                "http://192.0.2.10:49152",
                "192.0.2.10",
                49152,
                "/",
                "http://192.0.2.10:49152",
            ),
            (
                "http://192.0.2.10:49152/",
                "192.0.2.10",
                49152,
                "/",
                "http://192.0.2.10:49152",
            ),
            (
                " HTTP://Desk.Example.com ",
                "desk.example.com",
                80,
                "/",
                "http://desk.example.com",
            ),
            (
                "http://desk.example.com.:80/in?x=1",
                "desk.example.com",
                80,
                "/in?x=1",
                "http://desk.example.com/in?x=1",
            ),
            (
                "http://[2001:DB8::0:1]:1025/rvp",
                "2001:db8::1",
                1025,
                "/rvp",
                "http://[2001:db8::1]:1025/rvp",
            ),
            ("http://[::1]", "::1", 80, "/", "http://[::1]"),
            ("http://desk?q", "desk", 80, "/?q", "http://desk/?q"),
        ] {
            let url = ClientUrl::parse(text).unwrap();
            assert_eq!((url.host(), url.port(), url.path()), (host, port, path), "{text}");
            assert_eq!(url.to_string(), written);
            assert_eq!(ClientUrl::parse(written).unwrap(), url);
        }
    }

    #[test]
    fn what_is_not_a_client_url_is_refused() {
        for text in [
            "",
            "192.0.2.10:49152",
            "https://192.0.2.10:49152",
            "<http://192.0.2.10:49152>",
            "http://",
            "http://:49152",
            "http://alice@192.0.2.10:49152",
            "http://192.0.2.10:0",
            "http://192.0.2.10:65536",
            "http://192.0.2.10:+80",
            "http://192.0.2.10:",
            "http://192.0.2.10:80:80",
            "http://2130706433/",
            "http://127.1/",
            "http://0x7f.0x1/",
            "http://192.0.2.010/",
            "http://[2001:db8::1/",
            "http://[2001:db8::1]x:80/",
            "http://[fe80::1%25eth0]/",
            "http://2001:db8::1/",
            "http://desk..example.com/",
            "http://de sk/",
            "http://desk/\u{e9}",
            "http://desk/#part",
        ] {
            assert!(ClientUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_url_below_instmsg_is_a_person() {
        for text in [
            "http://im.example.com/instmsg/aliases/alice",
            "http://IM.example.com:80/INSTMSG/aliases/Alice/",
            "http://home1.example.com/instmsg/local/im.example.com/instmsg/aliases/alice",
        ] {
            let CallBack::Principal(person) = CallBack::parse(text).unwrap() else {
                panic!("{text}")
            };
            assert_eq!(person.address(), "alice@im.example.com");
        }
        assert!(CallBack::parse("http://im.example.com/instmsg/aliases/").is_err());
        let text = "http://192.0.2.10:49152/instmsg";
        let client = CallBack::parse(text).unwrap();
        assert!(matches!(client, CallBack::Client(_)));
        assert_eq!(client.to_string(), text);
    }
}
