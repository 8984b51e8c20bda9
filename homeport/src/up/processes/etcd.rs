//! The etcd that holds who the home servers are: one that runs already, or one of this data folder's own.

use super::super::INSIDE;
use super::kept::kept;
use super::ports::Ports;
use super::process::{Addresses, Plan, Role};
use super::ready::Probe;
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// Its name among the processes.
pub(super) const NAME: &str = "etcd";
/// What all our keys begin with where nobody else has any.
const OWN_PREFIX: &str = "/homeport";
/// Made once for a data folder, so that no two share their keys by accident.
const IDENTITY: &str = "cluster-id";
const HELP_WAIT: Duration = Duration::from_secs(10);

/// How processes find each other.
pub(super) struct Etcd {
    pub(super) endpoints: Vec<String>,
    pub(super) prefix: String,
}

/// Reads `http://HOST:PORT` from the command line.
///
/// # Errors
/// Says what to write instead.
pub(super) fn endpoint(text: &str) -> Result<String, String> {
    if text.starts_with("https://") {
        return Err(
            "certificates cannot be given here: run homeport-router and homeport-homeserver with settings of \
             your own"
                .to_owned(),
        );
    }
    let text = text.trim_end_matches('/');
    let place = text
        .strip_prefix("http://")
        .and_then(|place| place.rsplit_once(':'));
    let sound = place.is_some_and(|(host, port)| {
        !host.is_empty() && !host.contains(['/', '@']) && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    if sound {
        Ok(text.to_owned())
    } else {
        Err("write http://HOST:PORT, such as http://127.0.0.1:2379".to_owned())
    }
}

/// What the keys of this data folder begin with in an etcd that others may use too.
///
/// # Errors
/// When its name cannot be kept.
pub(super) fn prefix(data: &Path, topology: &str) -> Result<String> {
    let identity = kept::<4>(&data.join(IDENTITY))?;
    Ok(format!("{OWN_PREFIX}/{topology}-{identity}"))
}

/// One of our own, with its data in the folder: epochs must not begin again where the store remembers them.
///
/// # Errors
/// When there are no ports, or the program cannot be run.
pub(super) async fn private(program: &Path, data: &Path, ports: &mut Ports) -> Result<(Etcd, Plan)> {
    let (client, peer) = (ports.take(INSIDE)?, ports.take(INSIDE)?);
    let (client_url, peer_url) = (format!("http://{client}"), format!("http://{peer}"));
    let folder = data.join("etcd").display().to_string();
    let cluster = format!("{NAME}={peer_url}");
    let arguments = [
        ("name", NAME),
        ("data-dir", &folder),
        ("listen-client-urls", &client_url),
        ("advertise-client-urls", &client_url),
        ("listen-peer-urls", &peer_url),
        ("initial-advertise-peer-urls", &peer_url),
        ("initial-cluster", &cluster),
    ];
    let arguments = arguments.iter().map(|(name, value)| format!("--{name}={value}"));
    let unsafe_no_fsync = if knows_no_fsync(program).await? {
        // Who is alive need not outlive a power cut, and a laptop's disk is slow.
        Some("--unsafe-no-fsync".to_owned())
    } else {
        None
    };
    let plan = Plan {
        name: NAME.to_owned(),
        role: Role::Etcd,
        program: program.to_owned(),
        arguments: arguments.chain(unsafe_no_fsync).map(Into::into).collect(),
        addresses: Addresses(vec![("client", client), ("peer", peer)]),
        probe: Probe {
            address: client,
            path: "/health",
        },
        log: super::process::log_of(data, NAME),
    };
    let etcd = Etcd {
        endpoints: vec![client_url],
        prefix: OWN_PREFIX.to_owned(),
    };
    Ok((etcd, plan))
}

/// Since 3.5.
async fn knows_no_fsync(program: &Path) -> Result<bool> {
    let run = Command::new(program)
        .arg("--help")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let cannot = || format!("run {} --help", program.display());
    let help = tokio::time::timeout(HELP_WAIT, run).await;
    let help = help.with_context(cannot)?.with_context(cannot)?;
    ensure!(
        help.status.success(),
        "{} --help ended with {}",
        program.display(),
        help.status
    );
    let said = [help.stdout, help.stderr].concat();
    Ok(String::from_utf8_lossy(&said).contains("--unsafe-no-fsync"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_or_refused_with_what_to_write() {
        assert_eq!(
            endpoint("http://127.0.0.1:2379/").unwrap(),
            "http://127.0.0.1:2379"
        );
        assert_eq!(endpoint("http://[::1]:2379").unwrap(), "http://[::1]:2379");
        for wrong in [
            "127.0.0.1:2379",
            "http://etcd",
            "http://etcd:0",
            "http://:2379",
            "http://me:secret@etcd:2379",
            "http://etcd:2379/v3",
            "",
        ] {
            let error = endpoint(wrong).unwrap_err();
            assert!(error.contains("http://HOST:PORT"), "{wrong}: {error}");
        }
        let secure = endpoint("https://etcd:2379").unwrap_err();
        assert!(secure.contains("homeport-router"), "{secure}");
    }

    #[test]
    fn two_data_folders_share_no_keys() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let prefix_of = |data: &tempfile::TempDir| prefix(data.path(), "lab").unwrap();
        assert!(prefix_of(&one).starts_with("/homeport/lab-"));
        assert_eq!(prefix_of(&one), prefix_of(&one));
        assert_ne!(prefix_of(&one), prefix_of(&other));
    }
}
