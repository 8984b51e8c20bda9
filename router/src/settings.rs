//! What a router's configuration file says, section by section.

mod attachments;
mod call_backs;
mod etcd;
mod tls;

pub(crate) use call_backs::range;

pub use attachments::AttachmentsSection;
pub use tls::{TlsSection, Trust};

use crate::{Policy, Proxies, RouterConfig, Scheme, TlsError};
use daemon::config::{
    AdminSection, DrainSection, Listen, MembershipSection, Mistakes, Secret, SecretError, SecretFile,
    Settings, TelemetrySection,
};
use rvp::{Domain, ParseError};
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};

/// The hard cap, which no file may raise (design 1).
const CONNECTIONS_MAX: usize = 20_000;
const NAME_CHARS_MAX: usize = 63;

/// The configuration of a router process.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RouterSettings {
    /// Its name, unique among routers: `router-1`. Must be set.
    pub name: String,
    /// The hosts in the URLs of its people, `im.example.com`; at least one.
    pub domains: Vec<String>,
    /// The ways of logging on it offers: `ntlm` and `digest`.
    pub schemes: Vec<Scheme>,
    /// Which call-backs a client may name: `off`, `peer`, or a list of ranges such as `10.0.0.0/8`.
    #[serde(with = "call_backs")]
    pub call_backs: Policy,
    /// The file with the key that signs challenges and tokens, 64 hexadecimal digits; the same for all routers. Must be set.
    pub key_file: SecretFile,
    /// Where it listens.
    pub listen: ListenSection,
    /// The certificate that clients are shown.
    pub tls: TlsSection,
    /// What it is bounded by.
    pub limits: LimitsSection,
    /// Clients that hold a connection open.
    pub attachments: AttachmentsSection,
    /// How it learns which home servers there are.
    pub membership: MembershipSection,
    /// Where it tells how it is.
    pub admin: AdminSection,
    /// Logs and traces.
    pub telemetry: TelemetrySection,
    /// Leaving service.
    pub drain: DrainSection,
}

/// `[listen]`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListenSection {
    /// Where clients connect: 0.0.0.0:8080.
    pub rvp: Listen,
    /// Who reaches it: `inside`, or `none` of those we trust, as on the Internet.
    pub trust: Trust,
    /// The addresses of proxies that end TLS before it, `10.0.1.5` or ranges such as `10.0.1.0/28`: nobody else may connect. Anybody may unless said.
    pub proxies: Vec<String>,
}

/// `[limits]`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsSection {
    /// Connections of clients at once, 1 to 20,000; one too many is told so and closed.
    pub connections: usize,
}

impl Default for RouterSettings {
    fn default() -> Self {
        Self {
            name: String::new(),
            domains: Vec::new(),
            schemes: vec![Scheme::Ntlm, Scheme::Digest],
            // As for a listener that the Internet reaches, until somebody says it does not (design 9).
            call_backs: Policy::Off,
            key_file: SecretFile::default(),
            listen: ListenSection::default(),
            tls: TlsSection::default(),
            limits: LimitsSection::default(),
            attachments: AttachmentsSection::default(),
            membership: MembershipSection::default(),
            admin: AdminSection::default(),
            telemetry: TelemetrySection::default(),
            drain: DrainSection::default(),
        }
    }
}

impl ListenSection {
    fn proxies(&self) -> Result<Proxies, SettingsError> {
        let ranges: Option<Vec<_>> = self.proxies.iter().map(|text| Proxies::range(text)).collect();
        ranges.map(Proxies::new).ok_or(SettingsError::Proxies)
    }
}

impl Default for ListenSection {
    fn default() -> Self {
        Self {
            rvp: Listen(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8080))),
            trust: Trust::default(),
            proxies: Vec::new(),
        }
    }
}

impl Default for LimitsSection {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS_MAX,
        }
    }
}

/// Why settings do not become a configuration, although nothing was wrong with them a moment ago.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A domain is not a host name.
    #[error("`domains` has an item that is no host name")]
    Domain(#[source] ParseError),
    /// A proxy is no address.
    #[error("`listen.proxies` has an item that is no address")]
    Proxies,
    /// A file with a secret cannot be used.
    #[error("the secret of `{key}` cannot be used")]
    Secret {
        /// The setting.
        key: &'static str,
        /// What is wrong with the file.
        source: SecretError,
    },
    /// The file of the key holds something else.
    #[error("`key_file` {KEY_WRONG}")]
    Key,
    /// The certificate of clients or its key cannot be used.
    #[error("`{}` cannot be used", .0.setting())]
    Tls(#[from] TlsError),
}

const KEY_WRONG: &str =
    "must hold 64 hexadecimal digits; write it once with `openssl rand -hex 32`, for all routers";

impl RouterSettings {
    /// What the router itself is told. Reads the key, and the certificate if there is one.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn config(&self) -> Result<RouterConfig, SettingsError> {
        let domains = self
            .domains
            .iter()
            .map(|domain| Domain::parse(domain))
            .collect::<Result<_, _>>();
        let secret = self.key_file.read();
        let secret = secret.map_err(|source| SettingsError::Secret {
            key: "key_file",
            source,
        })?;
        Ok(RouterConfig {
            name: self.name.clone(),
            listen: self.listen.rvp.0,
            tls: self.tls.load()?,
            proxies: self.listen.proxies()?,
            domains: domains.map_err(SettingsError::Domain)?,
            schemes: self.schemes.clone(),
            call_backs: self.call_backs.clone(),
            key: key(&secret).ok_or(SettingsError::Key)?,
            attachments: self.attachments.config(),
            connections_max: self.limits.connections,
        })
    }
}

impl Settings for RouterSettings {
    fn check(&self, mistakes: &mut Mistakes) {
        let legal = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"-._".contains(&c);
        if self.name.is_empty() {
            mistakes.add(
                "name",
                "is missing; write a name that no other router has, name = \"router-1\"",
            );
        } else if self.name.len() > NAME_CHARS_MAX || !self.name.bytes().all(legal) {
            let name = &self.name;
            mistakes.add(
                "name",
                format_args!("is {name:?}, but must be 1 to 63 of a-z, 0-9, '-', '.' and '_'"),
            );
        }
        if self.domains.is_empty() {
            mistakes.add(
                "domains",
                "is missing; write the hosts of its people, domains = [\"im.example.com\"]",
            );
        }
        for domain in &self.domains {
            if let Err(error) = Domain::parse(domain) {
                mistakes.add(
                    "domains",
                    format_args!("has {domain:?}, which is no host name: {error}"),
                );
            }
        }
        if self.schemes.is_empty() {
            mistakes.add(
                "schemes",
                "is empty, so nobody could log on; write [\"ntlm\", \"digest\"]",
            );
        }
        if self.key_file.is_unset() {
            mistakes.add(
                "key_file",
                "is missing; write the path of a file, which all routers have the same",
            );
        }
        if !(1..=CONNECTIONS_MAX).contains(&self.limits.connections) {
            let connections = self.limits.connections;
            let wrong = format_args!("is {connections}, but must be from 1 to {CONNECTIONS_MAX}");
            mistakes.add("limits.connections", wrong);
        }
        tls::check(self, mistakes);
        self.attachments.check(mistakes);
        self.membership.check(mistakes);
    }

    fn check_secrets(&self, mistakes: &mut Mistakes) {
        if let Some(secret) = mistakes.secret("key_file", &self.key_file)
            && key(&secret).is_none()
        {
            mistakes.add("key_file", KEY_WRONG);
        }
        self.tls.check_files(mistakes);
        self.membership.check_secrets(mistakes);
    }

    fn admin(&self) -> &AdminSection {
        &self.admin
    }

    fn telemetry(&self) -> &TelemetrySection {
        &self.telemetry
    }

    fn drain(&self) -> &DrainSection {
        &self.drain
    }
}

/// The key in a file of hexadecimal digits.
fn key(secret: &Secret) -> Option<[u8; 32]> {
    let digits = secret.expose().trim_ascii();
    let mut key = [0; 32];
    if digits.len() != 2 * key.len() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    for (octet, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        *octet = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
