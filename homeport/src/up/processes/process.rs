//! One process: started, waited for, told to end.

use super::backoff::Backoff;
use super::ready::Probe;
use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Serialize, Serializer};
use std::ffi::OsString;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::Instant;

/// Variables of our environment that would change what a settings file or an argument says.
const FOREIGN: [&str; 3] = ["HOMEPORT_ROUTER__", "HOMEPORT_HOMESERVER__", "ETCD_"];

/// What a process is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Router,
    HomeServer,
    Etcd,
}

impl Role {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Router => "router",
            Self::HomeServer => "home server",
            Self::Etcd => "etcd",
        }
    }
}

/// Where a process listens, by what for.
#[derive(Debug)]
pub(super) struct Addresses(pub(super) Vec<(&'static str, SocketAddr)>);

impl Serialize for Addresses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

/// What is run, and how to tell that it works.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) addresses: Addresses,
    pub(super) probe: Probe,
    /// The file that gets all it prints.
    pub(super) log: PathBuf,
}

impl Plan {
    /// Where clients connect to it, if they do.
    pub(super) fn for_clients(&self) -> Option<SocketAddr> {
        let places = &self.addresses.0;
        places
            .iter()
            .find(|(what, _)| *what == "rvp")
            .map(|(_, place)| *place)
    }
}

/// The file that gets what a process prints.
pub(super) fn log_of(data: &Path, name: &str) -> PathBuf {
    data.join("log").join(format!("{name}.log"))
}

/// A process that runs, or has died.
pub(super) struct Process {
    pub(super) plan: Plan,
    /// Of the one that runs or ran last.
    pub(super) pid: u32,
    child: Option<Child>,
    started: Instant,
    backoff: Backoff,
    /// When to start it again.
    again: Option<Instant>,
}

impl Process {
    /// Starts it, with a new log; the log of the time before is kept beside it.
    ///
    /// # Errors
    /// When it cannot be started, or its log not be made.
    pub(super) fn start(plan: Plan, homeport: &Path) -> Result<Self> {
        let log = &plan.log;
        let folder = log.parent().unwrap_or(log);
        std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        if log.exists() {
            std::fs::rename(log, log.with_extension("log.1"))
                .with_context(|| format!("rename {}", log.display()))?;
        }
        let child = spawn(&plan, homeport)?;
        Ok(Self {
            pid: child.id().unwrap_or_default(),
            plan,
            child: Some(child),
            started: Instant::now(),
            backoff: Backoff::default(),
            again: None,
        })
    }

    /// Starts it again, after what it has logged.
    ///
    /// # Errors
    /// When it cannot be started; it is then to be tried again later.
    pub(super) fn start_again(&mut self, homeport: &Path) -> Result<()> {
        self.again = None;
        self.started = Instant::now();
        match spawn(&self.plan, homeport) {
            Ok(child) => {
                self.pid = child.id().unwrap_or_default();
                self.child = Some(child);
                Ok(())
            }
            Err(error) => {
                self.schedule();
                Err(error)
            }
        }
    }

    /// It is to be started again, the later the more often it died. Returns the pause.
    pub(super) fn schedule(&mut self) -> Duration {
        let now = Instant::now();
        let pause = self.backoff.after(now.duration_since(self.started));
        self.again = Some(now + pause);
        pause
    }

    /// When it is to be started again, if it is.
    pub(super) fn again(&self) -> Option<Instant> {
        self.again
    }

    pub(super) fn runs(&self) -> bool {
        self.child.is_some()
    }

    /// Returns when it ends; never if it does not run. Dropping the future loses nothing.
    pub(super) async fn ended(&mut self) -> std::io::Result<ExitStatus> {
        let Some(child) = &mut self.child else {
            return std::future::pending().await;
        };
        let status = child.wait().await;
        self.child = None;
        status
    }

    /// Asks it to end in order, or ends it.
    pub(super) fn signal(&self, signal: Signal) {
        // None once it was waited for, so nobody else has its id.
        let pid = self.child.as_ref().and_then(Child::id);
        let pid = pid
            .and_then(|pid| i32::try_from(pid).ok())
            .and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended by itself.
            let _ = kill_process(pid, signal);
        }
    }
}

/// In a process group of its own, so that Ctrl-C in a terminal reaches only this process, which ends the others in
/// order.
fn spawn(plan: &Plan, homeport: &Path) -> Result<Child> {
    let cannot = || format!("start {}", plan.name);
    let log = File::options().create(true).append(true).open(&plan.log);
    let log = log
        .with_context(|| format!("open {}", plan.log.display()))
        .with_context(cannot)?;
    let mut command = Command::new(homeport);
    command
        .args(["child", "--of", &std::process::id().to_string(), "--"])
        .arg(&plan.program)
        .args(&plan.arguments)
        .stdin(Stdio::null())
        .stdout(log.try_clone().with_context(cannot)?)
        .stderr(log)
        .process_group(0)
        .kill_on_drop(true);
    for (name, _) in std::env::vars_os() {
        if FOREIGN
            .iter()
            .any(|beginning| name.as_encoded_bytes().starts_with(beginning.as_bytes()))
        {
            command.env_remove(name);
        }
    }
    if plan.role == Role::Etcd && cfg!(target_arch = "aarch64") {
        // Versions before 3.5 refuse to run there without it.
        command.env("ETCD_UNSUPPORTED_ARCH", "arm64");
    }
    command.spawn().with_context(cannot)
}
