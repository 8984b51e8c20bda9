//! How to reach etcd, and how long a lease lives.

use crate::{Error, Terminal};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// etcd counts leases in whole seconds, and does not give shorter ones than this with its own defaults.
const TTL_MIN: Duration = Duration::from_secs(2);
/// Longer leases would leave the people of a dead home without one for too long.
const TTL_MAX: Duration = Duration::from_secs(300);
const ENDPOINTS_MAX: usize = 16;
const PREFIX_CHARS_MAX: usize = 200;

/// How a process reaches etcd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EtcdConfig {
    /// Client URLs of the etcd members, `http://` or `https://`: all of one kind, and `https://` when and only
    /// when there is [`EtcdConfig::tls`].
    pub endpoints: Vec<String>,
    /// What all keys begin with: one per Homeport cluster that shares an etcd. Begins with `/`, ends without.
    pub prefix: String,
    /// Who this process is to an etcd that asks for names. The user must be allowed to read and write below the
    /// prefix, routers' users too: see [`crate::EtcdMembership`] on epochs.
    pub user: Option<Credentials>,
    /// Certificates for TLS.
    pub tls: Option<TlsFiles>,
    /// How long a lease lives that nobody keeps alive: 2 to 300 s, whole seconds.
    pub ttl: Duration,
    /// What a member does that has heard nothing from etcd for nearly as long as its lease lives.
    pub on_silence: OnSilence,
}

/// A name and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user in etcd.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// PEM files for TLS. They are read anew for every connection, so a renewed certificate needs no restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// Who vouches for etcd.
    pub ca: PathBuf,
    /// This process's certificate.
    pub cert: PathBuf,
    /// The key to it.
    pub key: PathBuf,
}

/// What a member makes of not hearing from etcd. It cannot know whether etcd is down for everybody, and then
/// nobody's slots are given away, or whether it is cut off alone, and then its slots are given away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnSilence {
    /// Its lease counts as lost after four fifths of the time it lives, which is before etcd could end it.
    Lose,
    /// Its lease is lost when etcd says so and not before. While cut off alone, the member goes on for people
    /// that have a new home, and fencing by epoch keeps it from delivering and storing for them: routers refuse
    /// what it delivers and the store what it writes.
    Hold,
}

impl EtcdConfig {
    /// An etcd without names and TLS, with the prefix `/homeport`, a lease of 3 s and [`OnSilence::Hold`].
    ///
    /// Three seconds, so that the people of a home that was killed are served again within five.
    #[must_use]
    pub fn new(endpoints: Vec<String>) -> Self {
        Self {
            endpoints,
            prefix: "/homeport".into(),
            user: None,
            tls: None,
            ttl: Duration::from_secs(3),
            on_silence: OnSilence::Hold,
        }
    }

    /// Looks for what cannot be right, without asking anybody.
    ///
    /// # Errors
    /// [`Terminal::BadSettings`] with what to write instead.
    pub fn validate(&self) -> Result<(), Error> {
        match self.wrong() {
            None => Ok(()),
            Some(wrong) => Err(Terminal::BadSettings(wrong).into()),
        }
    }

    fn wrong(&self) -> Option<String> {
        if self.endpoints.is_empty() || self.endpoints.len() > ENDPOINTS_MAX {
            return Some(format!("give 1 to {ENDPOINTS_MAX} endpoints"));
        }
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        for endpoint in &self.endpoints {
            let url = endpoint.parse::<tonic::transport::Uri>().ok();
            let sound = url.is_some_and(|url| {
                url.scheme_str() == Some(scheme) && url.port_u16().is_some() && url.path() == "/"
            });
            if !sound {
                let hint = if self.tls.is_some() { "with" } else { "without" };
                return Some(format!(
                    "endpoint {endpoint:?} must be {scheme}://HOST:PORT {hint} TLS files"
                ));
            }
        }
        let legal = |c: char| c.is_ascii_alphanumeric() || "/-._".contains(c);
        let prefix = &self.prefix;
        if !prefix.starts_with('/')
            || prefix.ends_with('/')
            || prefix.len() > PREFIX_CHARS_MAX
            || !prefix.chars().all(legal)
        {
            return Some(format!(
                "prefix {prefix:?} must begin with / and not end with it, and have at most {PREFIX_CHARS_MAX} of \
                 the characters a-z, A-Z, 0-9, '/', '-', '.' and '_'"
            ));
        }
        if !(TTL_MIN..=TTL_MAX).contains(&self.ttl) || self.ttl.subsec_nanos() != 0 {
            let (min, max) = (TTL_MIN.as_secs(), TTL_MAX.as_secs());
            return Some(format!("the lease must live {min} to {max} s, whole seconds"));
        }
        match &self.user {
            Some(credentials) if credentials.user.is_empty() => Some("the user has no name".into()),
            Some(_) | None => None,
        }
    }

    /// How often a lease is kept alive and a silent watch is asked whether it still lives.
    pub(crate) fn beat(&self) -> Duration {
        self.ttl / 5
    }

    /// How long one answer of etcd may take before another of its members is asked.
    pub(crate) fn answer_wait(&self) -> Duration {
        self.beat().clamp(Duration::from_secs(1), Duration::from_secs(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> EtcdConfig {
        EtcdConfig::new(vec!["http://127.0.0.1:2379".into()])
    }

    fn tls() -> TlsFiles {
        TlsFiles {
            ca: "ca.pem".into(),
            cert: "cert.pem".into(),
            key: "key.pem".into(),
        }
    }

    #[test]
    fn settings_that_can_be_right_pass() {
        assert!(config().validate().is_ok());
        let secure = EtcdConfig {
            endpoints: vec!["https://etcd-1:2379".into(), "https://[::1]:2379".into()],
            tls: Some(tls()),
            ..config()
        };
        assert!(secure.validate().is_ok());
    }

    #[test]
    fn each_setting_that_cannot_be_right_is_named() {
        let endpoints = |endpoints: &[&str]| EtcdConfig {
            endpoints: endpoints.iter().map(|endpoint| (*endpoint).into()).collect(),
            ..config()
        };
        let prefix = |prefix: &str| EtcdConfig {
            prefix: prefix.into(),
            ..config()
        };
        let ttl = |millis| EtcdConfig {
            ttl: Duration::from_millis(millis),
            ..config()
        };
        let nameless = Credentials {
            user: String::new(),
            password: "x".into(),
        };
        for (bad, word) in [
            (endpoints(&[]), "endpoints"),
            (endpoints(&["127.0.0.1:2379"]), "endpoint"),
            (endpoints(&["http://etcd"]), "endpoint"),
            (endpoints(&["http://a:1", "https://b:1"]), "https://b:1"),
            (
                EtcdConfig {
                    tls: Some(tls()),
                    ..config()
                },
                "https://",
            ),
            (prefix("homeport"), "prefix"),
            (prefix("/"), "prefix"),
            (prefix("/a b"), "prefix"),
            (ttl(1_000), "lease"),
            (ttl(2_500), "lease"),
            (ttl(301_000), "lease"),
            (
                EtcdConfig {
                    user: Some(nameless),
                    ..config()
                },
                "user",
            ),
        ] {
            let error = bad.validate().unwrap_err();
            assert!(
                matches!(error, Error::Terminal(Terminal::BadSettings(_))),
                "{error}"
            );
            assert!(error.to_string().contains(word), "{error} names {word}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let credentials = Credentials {
            user: "homeport".into(),
            password: "s3cret".into(),
        };
        assert!(!format!("{credentials:?}").contains("s3cret"));
    }
}
