//! The server under measurement: a process of its own, started and ended here.

use anyhow::{Context, Result, bail};
use membership::Slot;
use rvp::{Domain, Principal};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use store::{Account, LegacyNames, Location, Put, Secrets};

/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse";

/// A running `homeport up`; ended when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

/// Makes so many accounts. All have the same password, whose secrets are derived once a name.
pub(crate) async fn make_people(data: &Path, count: usize) -> Result<Vec<Principal>> {
    make_people_in(&Location::Sqlite(data.join("homeport.db")), count).await
}

/// The same in a store of whatever kind.
pub(crate) async fn make_people_in(location: &Location, count: usize) -> Result<Vec<Principal>> {
    let store = location.open().await?;
    let domain = Domain::parse("127.0.0.1")?;
    let mut people = Vec::new();
    for number in 0..count {
        let principal = Principal::new(&domain, &format!("person{number}"))?;
        let names = LegacyNames {
            principal: principal.clone(),
            nt_domain: "CORP".to_owned(),
        };
        let account = Account {
            principal: principal.clone(),
            display_name: format!("Person {number}"),
            email: principal.address(),
            disabled: false,
            secrets: Secrets::derive(PASSWORD, Some(&names))?,
        };
        store
            .put_account(&account, Slot::of(&principal).number(), Put::New)
            .await?;
        people.push(principal);
    }
    store.close().await;
    Ok(people)
}

impl Server {
    /// Starts the topology `lab` on free ports and waits until it is ready.
    pub(crate) async fn start(homeport: &Path, data: &Path) -> Result<Self> {
        let mut child = Command::new(homeport)
            .args([
                "up",
                "lab",
                "--domain",
                "127.0.0.1",
                "--listen",
                "127.0.0.1:0",
                "--log",
                "warn",
                "--data",
            ])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {}", homeport.display()))?;
        let output = child.stdout.take().context("read what the server prints")?;
        for line in BufReader::new(output).lines() {
            if let Some(url) = line?.strip_prefix("ready http://") {
                return Ok(Self {
                    child,
                    address: url.parse()?,
                });
            }
        }
        bail!("the server ended before it was ready")
    }

    /// Runs the demo until it is ready, interrupts it as Ctrl-C does, and returns how it ended and what it
    /// printed.
    #[allow(dead_code, reason = "used by the tests that share this server")]
    pub(crate) async fn run_and_interrupt(homeport: &Path, data: &Path) -> Result<(ExitStatus, Vec<String>)> {
        let mut child = Command::new(homeport)
            .args([
                "up",
                "--demo",
                "--domain",
                "127.0.0.1",
                "--listen",
                "127.0.0.1:0",
                "--data",
            ])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().context("read what the server prints")?;
        let mut said = Vec::new();
        for line in BufReader::new(output).lines() {
            said.push(line?);
            if said.last().is_some_and(|line| line.starts_with("ready ")) {
                let interrupt = Command::new("kill")
                    .args(["-INT", &child.id().to_string()])
                    .status()?;
                anyhow::ensure!(interrupt.success(), "the server could not be interrupted");
            }
        }
        Ok((child.wait()?, said))
    }

    /// Resident memory, as the operating system counts it.
    #[allow(dead_code, reason = "the tests that share this server do not measure")]
    pub(crate) fn resident_bytes(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .context("find VmRSS")?;
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes * 1024)
    }

    /// CPU time of all its threads so far, in user space and kernel.
    #[allow(dead_code, reason = "the tests that share this server do not measure")]
    pub(crate) fn cpu_seconds(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let after_name = stat.rsplit(')').next().context("read the process's times")?;
        let mut times = after_name
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(str::parse::<f64>);
        let (Some(user), Some(kernel)) = (times.next(), times.next()) else {
            bail!("read the process's times")
        };
        // Linux counts these in hundredths of a second.
        Ok((user? + kernel?) / 100.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
