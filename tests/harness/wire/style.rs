//! How the documented clients write a request (spec 10), and how whom it is about may be spelled (spec 1.2).

use super::{Ask, Wire};
use rvp::Principal;

/// Which client is played.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// librvp 0.9.7: a connection for each request, `Content-Length: 0`, ACL bodies without a type, NTLM from
    /// the first octet once it has worked.
    Librvp,
    /// The Miranda plugin: header lines that end in a bare LF, no view ids.
    Miranda,
    /// Net-RVP: one connection kept alive, indented XML with other prefixes, no length without a body.
    NetRvp,
}

/// How a request names whom it is about, and its sender itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Spelling {
    /// `/instmsg/aliases/alice` at `im.example.com`.
    #[default]
    Plain,
    /// `/instmsg/local/im.example.com/instmsg/aliases/alice` at a home server's name.
    Physical,
    /// `http://im.example.com/instmsg/aliases/alice` in the request line.
    Absolute,
    /// Capitals in host and name.
    UpperCase,
    /// `/instmsg/aliases/alice/`.
    TrailingSlash,
    /// The port it connects to behind the host.
    WithPort,
}

impl Style {
    /// Whether a connection serves more than one request.
    #[must_use]
    pub fn keeps_connection(self) -> bool {
        self == Self::NetRvp
    }

    /// Whether a client that knows that NTLM works begins with it on every connection (spec 6.2).
    #[must_use]
    pub fn begins_with_ntlm(self) -> bool {
        self == Self::Librvp
    }

    /// Whether the client names its view once it has one (spec 3.6).
    #[must_use]
    pub fn names_views(self) -> bool {
        self == Self::Librvp
    }

    /// The user name it gives for Digest (spec 6.3).
    #[must_use]
    pub fn digest_user(self, nt_domain: &str, name: &str) -> String {
        match self {
            Self::Librvp => format!("{nt_domain}\\{name}"),
            Self::Miranda => format!("{nt_domain}/{name}"),
            Self::NetRvp => name.to_owned(),
        }
    }

    /// The octets of a request.
    #[must_use]
    pub fn write(self, wire: &Wire, ask: &Ask, authorization: Option<&str>) -> Vec<u8> {
        let (host, path) = wire.spelling.place(&ask.target, wire.router.port());
        let from = ask
            .from
            .clone()
            .unwrap_or_else(|| wire.spelling.url(&wire.me, wire.router.port()));
        let mut lines = vec![
            format!("{} {path} HTTP/1.1", ask.method),
            format!("Host: {host}"),
            "RVP-Notifications-Version: 0.2".to_owned(),
            format!("RVP-From-Principal: {from}"),
        ];
        let own = ask.headers.iter().map(|(name, value)| format!("{name}: {value}"));
        lines.extend(own);
        lines.extend(self.own_lines(ask));
        lines.extend(authorization.map(|value| format!("Authorization: {value}")));
        let end = if self == Self::Miranda { "\n" } else { "\r\n" };
        let mut octets = (lines.join(end) + end + end).into_bytes();
        octets.extend(&ask.body);
        octets
    }

    fn own_lines(self, ask: &Ask) -> Vec<String> {
        let mut lines = Vec::new();
        if !ask.body.is_empty() || self != Self::NetRvp {
            lines.push(format!("Content-Length: {}", ask.body.len()));
        }
        let forgets_type = self == Self::Librvp && ask.method == "ACL";
        if !ask.body.is_empty() && !forgets_type {
            lines.push("Content-Type: text/xml".to_owned());
        }
        let logs_on = ask
            .headers
            .iter()
            .any(|(name, value)| name == "Call-Back" && !value.contains("/instmsg/"));
        match self {
            Self::Librvp => {}
            Self::Miranda if logs_on => lines.push("User-Agent: msmsgs/5.1.0.639".to_owned()),
            Self::Miranda => {}
            Self::NetRvp => lines.push("User-Agent: msmsgs/4.6.0.84".to_owned()),
        }
        lines
    }
}

impl Spelling {
    /// The `Host` and what stands in the request line.
    fn place(self, target: &Principal, port: u16) -> (String, String) {
        let (host, path) = (target.domain_str(), target.path());
        match self {
            Self::Plain => (host.to_owned(), path.to_owned()),
            Self::Physical => (
                "home7.example.com".to_owned(),
                format!("/instmsg/local/{host}{path}"),
            ),
            // The host of the request line counts; this one is another on purpose (RFC 9112, 3.2.2).
            Self::Absolute => ("proxy.example.net".to_owned(), target.as_url().to_owned()),
            Self::UpperCase => (
                host.to_uppercase(),
                format!("/instmsg/aliases/{}", target.name().to_uppercase()),
            ),
            Self::TrailingSlash => (host.to_owned(), format!("{path}/")),
            Self::WithPort => (format!("{host}:{port}"), path.to_owned()),
        }
    }

    /// What stands in a Digest answer: the path, never the whole URL (spec 6.3).
    #[must_use]
    pub fn digest_uri(self, target: &Principal) -> String {
        match self {
            Self::Absolute => target.path().to_owned(),
            Self::Plain | Self::Physical | Self::UpperCase | Self::TrailingSlash | Self::WithPort => {
                self.place(target, 0).1
            }
        }
    }

    /// Somebody's URL in this spelling.
    #[must_use]
    pub fn url(self, person: &Principal, port: u16) -> String {
        let (host, name) = (person.domain_str(), person.name());
        match self {
            Self::Plain | Self::Absolute | Self::Physical => person.to_string(),
            Self::UpperCase => format!(
                "http://{}/instmsg/aliases/{}",
                host.to_uppercase(),
                name.to_uppercase()
            ),
            Self::TrailingSlash => format!("{person}/"),
            Self::WithPort => format!("http://{host}:{port}{}", person.path()),
        }
    }
}
