//! The cluster under measurement, by `homeport up --processes`, and an etcd that can be taken away.

#[path = "../../../tests/harness/processes/ports.rs"]
mod ports;

use anyhow::{Context, Result, bail, ensure};
use ports::Reserved;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(60);

/// A running `homeport up --processes`; ended when dropped.
pub(crate) struct Cluster {
    child: Child,
    processes: Vec<Process>,
}

#[derive(Deserialize)]
struct Told {
    processes: Vec<Process>,
}

#[derive(Deserialize)]
struct Process {
    name: String,
    role: String,
    pid: u32,
    addresses: BTreeMap<String, String>,
}

impl Cluster {
    /// Starts a topology on free ports and waits until it is ready.
    pub(crate) async fn start(homeport: &Path, data: &Path, topology: &str, etcd: &str) -> Result<Self> {
        Self::start_with(homeport, data, topology, &(etcd.to_owned(), Vec::new())).await
    }

    /// The same with further arguments.
    pub(crate) async fn start_with(
        homeport: &Path,
        data: &Path,
        topology: &str,
        (etcd, further): &(String, Vec<String>),
    ) -> Result<Self> {
        let mut child = Command::new(homeport)
            .args(["up", topology, "--processes", "--json", "--log", "warn"])
            .args(["--domain", "127.0.0.1", "--listen", "127.0.0.1:0"])
            .args(["--etcd", etcd, "--data"])
            .arg(data)
            .args(further)
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {}", homeport.display()))?;
        let output = child.stdout.take().context("read what it prints")?;
        let mut processes = Vec::new();
        for line in BufReader::new(output).lines() {
            let line = line?;
            if line.starts_with("{\"processes\"") {
                processes = serde_json::from_str::<Told>(&line)?.processes;
            }
            if line.starts_with("ready ") {
                return Ok(Self { child, processes });
            }
        }
        bail!("it ended before it was ready")
    }

    /// Where clients connect.
    pub(crate) fn routers(&self) -> Result<Vec<SocketAddr>> {
        let routers = self.processes.iter().filter(|process| process.role == "router");
        routers
            .map(|process| {
                let address = process.addresses.get("rvp").context("find a router")?;
                Ok(address.parse()?)
            })
            .collect()
    }

    /// Seconds of processor time so far of the routers, of the homes, and of a database with this first process.
    pub(crate) fn cpu_seconds(&self, database: Option<u32>) -> Result<[f64; 3]> {
        let of = |role: &str| -> Result<f64> {
            let processes = self.processes.iter().filter(|process| process.role == role);
            let used = processes.map(|process| Ok(times(&process.pid.to_string())?.0));
            used.sum()
        };
        let mut of_database = 0.0;
        for each in std::fs::read_dir("/proc")? {
            let name = each?.file_name();
            // Others may end while we look.
            let found = name.to_str().and_then(|name| Some((name, times(name).ok()?)));
            if let Some((name, (used, parent))) = found
                && (Some(parent) == database || name.parse().ok() == database && database.is_some())
            {
                of_database += used;
            }
        }
        Ok([of("router")?, of("home server")?, of_database])
    }

    /// Octets of memory that the routers have made, and the homes: without what is mapped from files.
    pub(crate) fn anonymous_bytes(&self) -> Result<[u64; 2]> {
        let of = |role: &str| -> Result<u64> {
            let processes = self.processes.iter().filter(|process| process.role == role);
            processes.map(|process| anonymous(process.pid)).sum()
        };
        Ok([of("router")?, of("home server")?])
    }

    /// Sends a signal to a process by its name.
    pub(crate) fn signal(&self, name: &str, signal: &str) -> Result<()> {
        let process = self.processes.iter().find(|process| process.name == name);
        kill(process.context("find a process")?.pid, signal)
    }

    /// Drains a home server as an operator does, until it is empty.
    pub(crate) async fn drain(&self, homeport: &Path, data: &Path, home: &str) -> Result<()> {
        let status = tokio::process::Command::new(homeport)
            .args(["drain", home, "--json", "--data"])
            .arg(data)
            .status();
        let status = tokio::time::timeout(PATIENCE, status).await??;
        ensure!(status.success(), "the drain ended with {status}");
        Ok(())
    }

    /// What a home server counts, by name.
    pub(crate) async fn metrics(&self) -> Result<BTreeMap<String, BTreeMap<String, f64>>> {
        let mut all = BTreeMap::new();
        for process in self
            .processes
            .iter()
            .filter(|process| process.role == "home server")
        {
            let admin = process.addresses.get("admin").context("find an admin listener")?;
            let Ok(mut stream) = TcpStream::connect(admin.as_str()).await else {
                // It was killed.
                continue;
            };
            stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").await?;
            let mut text = String::new();
            tokio::time::timeout(PATIENCE, stream.read_to_string(&mut text)).await??;
            let mut counted: BTreeMap<String, f64> = BTreeMap::new();
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                if let Some((name, value)) = line.rsplit_once(' ')
                    && let Ok(value) = value.parse::<f64>()
                {
                    let name = name.split('{').next().unwrap_or(name);
                    let name = name.trim_start_matches("homeport_homeserver_");
                    *counted.entry(name.to_owned()).or_default() += value;
                }
            }
            all.insert(process.name.clone(), counted);
        }
        Ok(all)
    }

    /// Checks that no home has forgotten a message.
    pub(crate) async fn ledger(&self) -> Result<()> {
        for (name, counted) in self.metrics().await? {
            let count = |name: &str| counted.get(name).copied().unwrap_or(0.0);
            let accepted = count("messages_accepted_total");
            let ended = [
                "delivered_total",
                "stored_total",
                "refused_total",
                "expired_total",
                "in_flight",
            ]
            .map(|what| count(&format!("messages_{what}")));
            println!(
                "  ledger of {name}: {accepted} accepted = {ended:?} delivered, stored, refused, expired, in flight"
            );
            ensure!(
                ended.iter().sum::<f64>() == accepted,
                "{name} has forgotten messages"
            );
        }
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // It ends its processes when it is asked to; it may have ended by itself.
        let _ = kill(self.child.id(), "INT");
        let _ = self.child.wait();
    }
}

/// An etcd of one member.
pub(crate) struct Etcd {
    folder: PathBuf,
    client: Reserved,
    peer: Reserved,
    child: Option<Child>,
}

impl Etcd {
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        Ok(Self {
            folder: folder.to_owned(),
            client: Reserved::new()?,
            peer: Reserved::new()?,
            child: None,
        })
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.client.address())
    }

    /// Starts it, also again with what it had, and waits until it answers.
    pub(crate) async fn start(&mut self) -> Result<()> {
        let (client, peer) = (self.endpoint(), format!("http://{}", self.peer.address()));
        let child = Command::new("etcd")
            .arg("--data-dir")
            .arg(&self.folder)
            .args([
                "--listen-client-urls",
                &client,
                "--advertise-client-urls",
                &client,
            ])
            .args([
                "--listen-peer-urls",
                &peer,
                "--initial-advertise-peer-urls",
                &peer,
            ])
            .args(["--initial-cluster", &format!("default={peer}")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("start etcd: install the Debian package etcd-server")?;
        self.child = Some(child);
        let answers = async {
            while TcpStream::connect(self.client.address()).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, answers)
            .await
            .context("etcd does not answer")
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub(crate) fn signal(&self, signal: &str) -> Result<()> {
        kill(self.child.as_ref().context("etcd runs")?.id(), signal)
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Anonymous memory of a process in octets, as the system counts it.
fn anonymous(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes: u64 = line
        .context("find RssAnon")?
        .trim()
        .trim_end_matches(" kB")
        .parse()?;
    Ok(kilobytes * 1024)
}

/// Seconds of processor time of a process, and its parent.
fn times(process: &str) -> Result<(f64, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in parentheses may contain anything.
    let (_, fields) = stat.rsplit_once(") ").context("read a process's times")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let field = |number: usize| -> Result<u32> { Ok(fields.get(number).context("read a time")?.parse()?) };
    // Linux counts these in hundredths of a second.
    Ok((f64::from(field(11)? + field(12)?) / 100.0, field(1)?))
}

fn kill(pid: u32, signal: &str) -> Result<()> {
    let sent = Command::new("kill")
        .args([&format!("-{signal}"), &pid.to_string()])
        .status()?;
    ensure!(sent.success(), "process {pid} could not be signalled");
    Ok(())
}
