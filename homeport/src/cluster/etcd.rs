//! The etcd of a cluster, as it is named on the command line: the same settings that the server programs have.

use anyhow::{Context, Result, anyhow};
use daemon::config::SecretFile;
use daemon::{OnError, Tasks};
use membership::{Credentials, Error, EtcdConfig, EtcdMembership, Membership, TlsFiles};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long etcd may take to say who the members are.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// As the server programs have it.
const PREFIX: &str = "/homeport";

/// How an etcd is reached.
#[derive(clap::Args, Clone, Default, Debug)]
pub(super) struct EtcdArguments {
    /// The members of the cluster's etcd, http://HOST:PORT, or https:// with certificates
    #[arg(long, value_name = "URL", value_delimiter = ',')]
    etcd: Vec<String>,
    /// What all keys in that etcd begin with
    #[arg(long, value_name = "PREFIX", default_value = PREFIX, requires = "etcd")]
    prefix: String,
    /// Who this is to etcd
    #[arg(long, value_name = "NAME", requires_all = ["etcd", "etcd_password_file"])]
    etcd_user: Option<String>,
    /// The file with the password of that user
    #[arg(long, value_name = "FILE", requires = "etcd_user")]
    etcd_password_file: Option<PathBuf>,
    /// Who vouches for etcd, PEM
    #[arg(long, value_name = "FILE", requires_all = ["etcd", "etcd_cert", "etcd_key"])]
    etcd_ca: Option<PathBuf>,
    /// The certificate to show to etcd, PEM
    #[arg(long, value_name = "FILE", requires = "etcd_ca")]
    etcd_cert: Option<PathBuf>,
    /// The key to that certificate, PEM
    #[arg(long, value_name = "FILE", requires = "etcd_ca")]
    etcd_key: Option<PathBuf>,
}

impl EtcdArguments {
    /// What the membership is told, if an etcd was named. Reads the password.
    ///
    /// # Errors
    /// The password cannot be read.
    pub(super) fn config(&self) -> Result<Option<EtcdConfig>> {
        if self.etcd.is_empty() {
            return Ok(None);
        }
        let user = match (&self.etcd_user, &self.etcd_password_file) {
            (Some(user), Some(file)) => Some(Credentials {
                user: user.clone(),
                password: SecretFile::new(file)
                    .read_text()
                    .map_err(|error| anyhow!("--etcd-password-file {error}"))?,
            }),
            (_, _) => None,
        };
        let tls = match (&self.etcd_ca, &self.etcd_cert, &self.etcd_key) {
            (Some(ca), Some(cert), Some(key)) => Some(TlsFiles {
                ca: ca.clone(),
                cert: cert.clone(),
                key: key.clone(),
            }),
            (_, _, _) => None,
        };
        let endpoints = self.etcd.iter().map(|url| url.trim_end_matches('/').to_owned());
        Ok(Some(EtcdConfig {
            prefix: self.prefix.clone(),
            user,
            tls,
            ..EtcdConfig::new(endpoints.collect())
        }))
    }

    /// As arguments of another command, if an etcd was named.
    pub(super) fn text(&self) -> Option<String> {
        if self.etcd.is_empty() {
            return None;
        }
        let mut text = format!(" --etcd {}", self.etcd.join(","));
        let files = [
            ("--etcd-password-file", &self.etcd_password_file),
            ("--etcd-ca", &self.etcd_ca),
            ("--etcd-cert", &self.etcd_cert),
            ("--etcd-key", &self.etcd_key),
        ];
        if self.prefix != PREFIX {
            text.push_str(&format!(" --prefix {}", self.prefix));
        }
        if let Some(user) = &self.etcd_user {
            text.push_str(&format!(" --etcd-user {user}"));
        }
        for (option, file) in files {
            if let Some(file) = file {
                text.push_str(&format!(" {option} {}", file.display()));
            }
        }
        Some(text)
    }
}

/// The etcd of a data folder, which has no passwords.
pub(super) fn own(endpoints: Vec<String>, prefix: String) -> EtcdConfig {
    EtcdConfig {
        prefix,
        ..EtcdConfig::new(endpoints)
    }
}

/// Follows the members. Returns when they were read once.
///
/// # Errors
/// The settings cannot be right, etcd refuses, or it cannot be reached in time.
pub(super) async fn follow(config: EtcdConfig, tasks: &Tasks) -> Result<Arc<EtcdMembership>> {
    let endpoints = config.endpoints.join(", ");
    let spawn = tasks.spawner("members", OnError::Log);
    let membership = EtcdMembership::start(config, spawn, rand::random()).map_err(explained)?;
    let mut connected = membership.connected();
    let reached = tokio::time::timeout(CONNECT_WAIT, async {
        let refused = async {
            match membership.check().await {
                Err(error) => error,
                Ok(()) => std::future::pending().await,
            }
        };
        tokio::select! {
            // The sender lives in `membership`.
            _ = connected.wait_for(|connected| *connected) => Ok(()),
            error = refused => Err(explained(error)),
        }
    });
    let cannot = || format!("the members cannot be read from etcd at {endpoints}");
    match reached.await {
        Ok(reached) => reached.with_context(cannot)?,
        Err(_) => return Err(anyhow!("no answer in {} s", CONNECT_WAIT.as_secs()).context(cannot())),
    }
    Ok(membership)
}

/// A reason and what to do about it, without that it could be tried again: who runs a command knows.
fn explained(error: Error) -> anyhow::Error {
    match error {
        Error::Retryable { source, .. } => anyhow!(source.to_string())
            .context("etcd cannot be reached: does it run, and may this machine connect to it?"),
        Error::Terminal(terminal) => anyhow!(terminal),
    }
}
