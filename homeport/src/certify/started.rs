//! A cluster that is started for this: `homeport up --processes` on a folder of its own.

use crate::data::Recorded;
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// Longer than `up` itself waits until all are ready.
const READY_WAIT: Duration = Duration::from_secs(90);
/// How long it may take to end in order: each role in a moment, since nobody is logged on any more.
const STOP_WAIT: Duration = Duration::from_secs(20);
/// Lines of what it said that may say why it did not start.
const LINES: usize = 8;

/// A cluster that runs until it is stopped, or this process ends.
pub(super) struct Started {
    data: TempDir,
    child: Child,
    /// Read no further, but kept so that what is printed has a place.
    _said: Lines<BufReader<ChildStdout>>,
    restarts: bool,
}

impl Started {
    /// Starts it and waits until it is ready. Where there is one home server only, it is started again when it dies: nobody
    /// else could have its people.
    ///
    /// # Errors
    /// It does not start; says what it said.
    pub(super) async fn start(recorded: &Recorded) -> Result<Self> {
        let topology = recorded.load()?;
        let data = tempfile::Builder::new()
            .prefix("homeport-certify-")
            .tempdir()
            .context("make a folder for the cluster")?;
        let log = data.path().join("up.log");
        let restarts = topology.homes.len() == 1;
        let mut command = child(&recorded.topology, data.path())?;
        if restarts {
            command.arg("--restart");
        }
        command.stderr(File::create(&log).with_context(|| format!("write {}", log.display()))?);
        let mut child = command.spawn().context("start homeport up")?;
        let out = child.stdout.take().context("read what homeport up prints")?;
        let mut said = BufReader::new(out).lines();
        let ready = async {
            while let Ok(Some(line)) = said.next_line().await {
                if line.starts_with("ready ") {
                    return true;
                }
            }
            false
        };
        if !timeout(READY_WAIT, ready).await.unwrap_or(false) {
            bail!(
                "the cluster did not start; start it yourself with `homeport up {} --processes` and certify it with --data, \
                 if it needs more than its topology: {}",
                recorded.topology,
                end_of(&log)
            );
        }
        Ok(Self {
            data,
            child,
            _said: said,
            restarts,
        })
    }

    /// Its folder.
    pub(super) fn data(&self) -> &Path {
        self.data.path()
    }

    /// Its number, which is what its processes have as their parent; none when it has ended.
    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Whether a home server that dies is started again.
    pub(super) fn restarts(&self) -> bool {
        self.restarts
    }

    /// Stops it, and removes its folder.
    pub(super) async fn stop(mut self) {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        if let Some(pid) = pid.and_then(Pid::from_raw) {
            // It may have ended by itself.
            let _ = kill_process(pid, Signal::TERM);
        }
        if timeout(STOP_WAIT, self.child.wait()).await.is_err() {
            // All that it has started end with it.
            let _ = self.child.kill().await;
        }
    }
}

/// `homeport up`, in a process group of its own so that Ctrl-C reaches only this process, and killed when this process ends
/// without a word.
fn child(topology: &str, data: &Path) -> Result<Command> {
    let program = std::env::current_exe().context("find this program")?;
    let of = std::process::id().to_string();
    let mut command = Command::new(&program);
    command
        .args(["child", "--of", &of, "--"])
        .arg(&program)
        .args(["up", topology, "--processes", "--json", "--log", "warn"])
        .args(["--listen", "127.0.0.1:0", "--drain", "3", "--data"])
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    Ok(command)
}

/// The last lines of a file.
fn end_of(log: &PathBuf) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return "it said nothing".to_owned();
    }
    lines[lines.len().saturating_sub(LINES)..].join("\n  ")
}
