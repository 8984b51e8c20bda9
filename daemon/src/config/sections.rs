//! Sections that several processes have, as plain data.

use super::{Mistakes, SecretFile, duration};
use crate::TelemetryConfig;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// The longest a step of a drain may be given.
const DRAIN_MAX: Duration = Duration::from_secs(300);
/// etcd grants no shorter lease, and a longer one keeps the dead among the living.
const LEASE_TTL: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(300)];
const ENDPOINTS_MAX: usize = 16;
const PREFIX_CHARS_MAX: usize = 200;

/// An address and port to listen on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(transparent)]
pub struct Listen(pub SocketAddr);

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Written)
    }
}

struct Written;

impl Visitor<'_> for Written {
    type Value = Listen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address and port such as \"0.0.0.0:8080\" or \"[::]:8080\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Listen, E> {
        text.parse()
            .map(Listen)
            .map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// `[admin]`: where the process tells an operator how it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminSection {
    /// `/livez`, `/readyz`, `/metrics` and `/log-filter`, for whoever reaches this address: 127.0.0.1:9090.
    pub listen: Listen,
}

impl Default for AdminSection {
    fn default() -> Self {
        Self {
            listen: Listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 9090))),
        }
    }
}

/// `[telemetry]`: logs and traces.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetrySection {
    /// What is logged: a level, or levels by module, `info,router=debug`.
    pub log: String,
    /// Log lines as JSON objects instead of text.
    pub json: bool,
    /// The OTLP/gRPC address of a trace collector, `http://collector:4317`; no traces without.
    pub otlp: Option<String>,
}

impl Default for TelemetrySection {
    fn default() -> Self {
        Self {
            log: "info".to_owned(),
            json: false,
            otlp: None,
        }
    }
}

impl TelemetrySection {
    /// For a process that appears in traces under this name.
    #[must_use]
    pub fn config(&self, service: &str) -> TelemetryConfig {
        TelemetryConfig {
            filter: self.log.clone(),
            otlp: self.otlp.clone(),
            service: service.to_owned(),
            json: self.json,
        }
    }

    pub(super) fn check(&self, mistakes: &mut Mistakes) {
        if let Err(error) = crate::telemetry::check_filter(&self.log) {
            mistakes.add("telemetry.log", format_args!("is {:?}: {error}", self.log));
        }
        if let Some(otlp) = &self.otlp {
            let host = otlp
                .strip_prefix("http://")
                .or_else(|| otlp.strip_prefix("https://"));
            if host.is_none_or(str::is_empty) || otlp.contains('@') {
                mistakes.add(
                    "telemetry.otlp",
                    "must be a URL such as \"http://collector:4317\", without a password",
                );
            }
        }
    }
}

/// `[drain]`: leaving service in order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DrainSection {
    /// How long each step may take, from 1 second to 5 minutes; what is then left is dropped.
    #[serde(with = "duration")]
    pub deadline: Duration,
}

impl Default for DrainSection {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(15),
        }
    }
}

impl DrainSection {
    pub(super) fn check(&self, mistakes: &mut Mistakes) {
        bounded(
            "drain.deadline",
            self.deadline,
            [Duration::from_secs(1), DRAIN_MAX],
            mistakes,
        );
    }
}

/// `[membership]`: how the process learns which home servers there are.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MembershipSection {
    /// In etcd, which is the only way for separate processes.
    pub etcd: EtcdSection,
}

impl MembershipSection {
    /// Notes what is wrong with it.
    pub fn check(&self, mistakes: &mut Mistakes) {
        self.etcd.check(mistakes);
    }

    /// Reads the files with secrets that it names, and notes what is wrong with them.
    pub fn check_secrets(&self, mistakes: &mut Mistakes) {
        let EtcdSection {
            password_file,
            key_file,
            ..
        } = &self.etcd;
        if let Some(file) = password_file {
            mistakes.secret("membership.etcd.password_file", file);
        }
        if let Some(file) = key_file {
            mistakes.secret("membership.etcd.key_file", file);
        }
    }
}

/// `[membership.etcd]`: the etcd cluster, and what of it is ours.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EtcdSection {
    /// Its members, `http://etcd-1:2379`, at most 16; `https://` when and only when there are certificates.
    pub endpoints: Vec<String>,
    /// What all our keys begin with; different for each cluster that shares an etcd.
    pub prefix: String,
    /// How long a home server counts as living that is not heard of: 2 seconds to 5 minutes, whole seconds.
    #[serde(with = "duration")]
    pub lease_ttl: Duration,
    /// What a home server does that does not hear from etcd.
    pub on_silence: OnSilence,
    /// The etcd user, together with `password_file`.
    pub user: Option<String>,
    /// The file with that user's password.
    pub password_file: Option<SecretFile>,
    /// The certificates that etcd's own is checked with, PEM; together with `cert_file` and `key_file`.
    pub ca_file: Option<PathBuf>,
    /// The certificate this process shows to etcd, PEM.
    pub cert_file: Option<PathBuf>,
    /// The private key of that certificate, PEM.
    pub key_file: Option<SecretFile>,
}

/// What a home server makes of not hearing from etcd for nearly as long as its lease lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnSilence {
    /// It goes on: an etcd that is down logs nobody off (design 7).
    Hold,
    /// It gives its lease up: should it be cut off alone, it serves nobody beside its successor.
    Lose,
}

impl Default for EtcdSection {
    fn default() -> Self {
        Self {
            endpoints: Vec::new(),
            prefix: "/homeport".to_owned(),
            lease_ttl: Duration::from_secs(3),
            on_silence: OnSilence::Hold,
            user: None,
            password_file: None,
            ca_file: None,
            cert_file: None,
            key_file: None,
        }
    }
}

impl EtcdSection {
    fn check(&self, mistakes: &mut Mistakes) {
        self.check_endpoints(mistakes);
        let legal = |c: char| c.is_ascii_alphanumeric() || "/-._".contains(c);
        let ends = self.prefix.starts_with('/') && !self.prefix.ends_with('/');
        if !ends || self.prefix.len() > PREFIX_CHARS_MAX || !self.prefix.chars().all(legal) {
            let wrong = format_args!(
                "is {:?}, but must be like \"/homeport\", without / at its end",
                self.prefix
            );
            mistakes.add("membership.etcd.prefix", wrong);
        }
        let ttl = "membership.etcd.lease_ttl";
        bounded(ttl, self.lease_ttl, LEASE_TTL, mistakes);
        if self.lease_ttl.subsec_nanos() != 0 {
            let written = duration::write(self.lease_ttl);
            mistakes.add(
                ttl,
                format_args!("is {written:?}, but etcd counts leases in whole seconds"),
            );
        }
        together(
            &[
                ("user", self.user.is_some()),
                ("password_file", self.password_file.is_some()),
            ],
            mistakes,
        );
        together(&self.certificates(), mistakes);
    }

    fn certificates(&self) -> [(&'static str, bool); 3] {
        [
            ("ca_file", self.ca_file.is_some()),
            ("cert_file", self.cert_file.is_some()),
            ("key_file", self.key_file.is_some()),
        ]
    }

    fn check_endpoints(&self, mistakes: &mut Mistakes) {
        let key = "membership.etcd.endpoints";
        let secure = self.certificates().iter().any(|(_, there)| *there);
        let (scheme, with) = if secure {
            ("https://", "with")
        } else {
            ("http://", "without")
        };
        match self.endpoints.len() {
            0 => mistakes.add(
                key,
                "is missing; write the members of the etcd cluster, [\"http://etcd-1:2379\"]",
            ),
            1..=ENDPOINTS_MAX => {}
            count => mistakes.add(key, format_args!("has {count} items, more than {ENDPOINTS_MAX}")),
        }
        for endpoint in &self.endpoints {
            let place = endpoint
                .strip_prefix(scheme)
                .and_then(|place| place.rsplit_once(':'));
            let sound = place.is_some_and(|(host, port)| {
                !host.is_empty()
                    && !host.contains(['/', '@'])
                    && port.parse::<u16>().is_ok_and(|port| port > 0)
            });
            if endpoint.contains('@') {
                mistakes.add(
                    key,
                    "has a user or password in a URL; write user and password_file instead",
                );
            } else if !sound {
                let wrong =
                    format_args!("has {endpoint:?}, but must be {scheme}HOST:PORT {with} certificates");
                mistakes.add(key, wrong);
            }
        }
    }
}

/// Notes which settings are missing of some that only make sense together.
fn together(settings: &[(&str, bool)], mistakes: &mut Mistakes) {
    if let Some((there, _)) = settings.iter().find(|(_, is_set)| *is_set) {
        for (missing, _) in settings.iter().filter(|(_, is_set)| !is_set) {
            let key = format!("membership.etcd.{missing}");
            mistakes.add(&key, format_args!("is missing; it goes together with {there}"));
        }
    }
}

fn bounded(key: &str, value: Duration, [least, most]: [Duration; 2], mistakes: &mut Mistakes) {
    if value < least || value > most {
        let [value, least, most] = [value, least, most].map(duration::write);
        mistakes.add(
            key,
            format_args!("is {value:?}, but must be from {least:?} to {most:?}"),
        );
    }
}
