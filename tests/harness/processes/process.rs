//! One operating-system process: started, asked, signalled, ended.

use super::journal::Journal;
use super::passing;
use crate::wait::{until, within};
use crate::wire::{Answer, Connection};
use anyhow::{Context, ensure};
use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::process::{Child, Command};

/// How long an admin listener may take to answer; one that is paused never does.
const ADMIN_WAIT: Duration = Duration::from_secs(2);

/// A program and how it is run.
#[derive(Clone, Debug)]
pub struct Launch<'a> {
    /// The program.
    pub program: &'a Path,
    /// Its configuration.
    pub config: &'a Path,
    /// What its environment has beside.
    pub environment: Vec<(&'static str, String)>,
    /// Its admin listener.
    pub admin: SocketAddr,
    /// The file for its log.
    pub log: &'a Path,
}

/// A process that runs, or has ended by itself. It is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    pid: u32,
    admin: SocketAddr,
    journal: Journal,
}

impl Process {
    /// Starts it; it is hardly ready when this returns.
    ///
    /// # Errors
    /// When it cannot be run.
    pub fn start(name: &str, launch: &Launch<'_>) -> anyhow::Result<Self> {
        let log = File::create(launch.log).context("make a log file")?;
        let mut command = Command::new(launch.program);
        command
            .arg("--config")
            .arg(launch.config)
            .envs(launch.environment.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true);
        let child = command
            .spawn()
            .with_context(|| format!("run {}", launch.program.display()))?;
        let pid = child.id().context("it has just been started")?;
        Ok(Self {
            name: name.to_owned(),
            child,
            pid,
            admin: launch.admin,
            journal: Journal::at(launch.log),
        })
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// What it has logged.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Waits until `/readyz` says so.
    ///
    /// # Errors
    /// When it ends instead, or takes too long.
    pub async fn ready(&mut self) -> anyhow::Result<()> {
        let what = format!("{} to be ready", self.name);
        until(what, async || {
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!("{} has ended with {status}", self.name);
            }
            let ready = self.ask("/readyz").await;
            Ok(ready.ok().filter(|answer| answer.status == 200).map(drop))
        })
        .await
    }

    /// Waits until its admin listener answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn lives(&self) -> anyhow::Result<()> {
        let look = async || Ok(self.ask("/livez").await.ok().map(drop));
        until(format!("{} to live", self.name), look).await
    }

    /// Waits until it has logged something with this text.
    ///
    /// # Errors
    /// When it does not.
    pub async fn says(&self, text: &str) -> anyhow::Result<()> {
        let look = async || Ok(self.journal.says(text).then_some(()));
        until(format!("{} to say: {text}", self.name), look).await
    }

    /// Asks its admin listener.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn ask(&self, path: &str) -> anyhow::Result<Answer> {
        let asking = async {
            let mut connection = Connection::open(self.admin).await?;
            let request = format!(
                "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
                self.admin
            );
            connection.send(request.as_bytes()).await?;
            connection.read_answer().await
        };
        let asked = tokio::time::timeout(ADMIN_WAIT, asking).await;
        asked.with_context(|| format!("{} does not answer {path}", self.name))?
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// When it goes on.
    pub async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        Ok(within(format!("{} to end", self.name), self.child.wait()).await??)
    }

    /// Asks it to end in order, and waits until it has.
    ///
    /// # Errors
    /// When it does not, or fails at it.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.signal("TERM").await?;
        let status = self.ended().await?;
        ensure!(status.success(), "{} has ended with {status}", self.name);
        Ok(())
    }

    /// Ends it at once.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.child
            .start_kill()
            .with_context(|| format!("kill {}", self.name))?;
        self.ended().await?;
        Ok(())
    }

    /// Holds it in the middle of whatever it does, and waits until it stands still; its connections stay.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn pause(&self) -> anyhow::Result<()> {
        self.signal("STOP").await?;
        let status = format!("/proc/{}/status", self.pid);
        until(format!("{} to stand still", self.name), async || {
            let status = std::fs::read_to_string(&status)?;
            let stands = |line: &str| line.starts_with("State:") && line.contains("stopped");
            Ok(status.lines().any(stands).then_some(()))
        })
        .await
    }

    /// Whether it holds a lock on a file with which it keeps others out, as SQLite does while it writes.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn locks_others_out(&self) -> anyhow::Result<bool> {
        let locks = std::fs::read_to_string("/proc/locks").context("read the locks of the system")?;
        let pid = self.pid.to_string();
        Ok(locks.lines().any(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            words.contains(&"WRITE") && words.contains(&pid.as_str())
        }))
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn resume(&self) -> anyhow::Result<()> {
        self.signal("CONT").await
    }

    async fn signal(&self, signal: &str) -> anyhow::Result<()> {
        // Not waited for yet, so the id is nobody else's.
        ensure!(self.child.id().is_some(), "{} does not run", self.name);
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{signal} {}", self.pid)])
            .status()
            .await?;
        ensure!(sent.success(), "{} takes no {signal}", self.name);
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        passing::clear_away(self.pid);
    }
}
