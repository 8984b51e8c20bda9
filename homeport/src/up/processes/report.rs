//! What is said about processes: a table for people, lines of JSON for scripts, and who has died to both.

use super::process::{Addresses, Process};
use crate::output::Output;
use anyhow::Result;
use rustix::process::Signal;
use serde::Serialize;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

/// Where it is said, and how.
#[derive(Clone, Copy)]
pub(super) struct Report<'o> {
    output: &'o Output,
    json: bool,
    /// Whether who has died is started again.
    pub(super) restart: bool,
}

#[derive(Serialize)]
struct Shown<'p> {
    name: &'p str,
    role: &'static str,
    pid: u32,
    addresses: &'p Addresses,
}

#[derive(Serialize)]
struct Died<'p> {
    name: &'p str,
    role: &'static str,
    pid: u32,
    /// What it exited with, unless a signal ended it.
    exit_code: Option<i32>,
    /// The number of the signal that ended it, if one did.
    signal: Option<i32>,
    log: &'p Path,
}

/// A line of JSON.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Line<'p> {
    Processes(Vec<Shown<'p>>),
    Died(Died<'p>),
    Restarted(Shown<'p>),
}

impl<'p> Shown<'p> {
    fn of(process: &'p Process) -> Self {
        Self {
            name: &process.plan.name,
            role: process.plan.role.as_str(),
            pid: process.pid,
            addresses: &process.plan.addresses,
        }
    }

    fn row(self) -> Vec<String> {
        let addresses = self.addresses.0.iter();
        let addresses: Vec<String> = addresses
            .map(|(what, where_)| format!("{what} {where_}"))
            .collect();
        vec![
            self.name.to_owned(),
            self.role.to_owned(),
            self.pid.to_string(),
            addresses.join("  "),
        ]
    }
}

/// `home-1 (home server, pid 4711)`.
fn named(process: &Process) -> String {
    let (name, role) = (&process.plan.name, process.plan.role.as_str());
    if name == role {
        format!("{name} (pid {})", process.pid)
    } else {
        format!("{name} ({role}, pid {})", process.pid)
    }
}

impl<'o> Report<'o> {
    pub(super) fn new(output: &'o Output, json: bool, restart: bool) -> Self {
        Self {
            output,
            json,
            restart,
        }
    }

    /// What runs where.
    pub(super) fn all(&self, processes: &[Process]) -> Result<()> {
        let shown = processes.iter().map(Shown::of);
        if self.json {
            self.output.json_line(&Line::Processes(shown.collect()))?;
        } else {
            let rows: Vec<_> = shown.map(Shown::row).collect();
            self.output.table(&["name", "role", "pid", "addresses"], &rows);
        }
        if let Some(folder) = processes.first().and_then(|process| process.plan.log.parent()) {
            let note = format!("what each process logs is in {}/NAME.log", folder.display());
            self.output.note(&note);
        }
        Ok(())
    }

    /// That a process has ended without being asked to.
    pub(super) fn died(&self, process: &Process, status: ExitStatus, again: Option<Duration>) -> Result<()> {
        let then = match again {
            Some(pause) => format!("it is started again in {} s", pause.as_secs_f32()),
            None if self.restart => {
                "it is not started again, since it ended as if it was asked to".to_owned()
            }
            None => "it is not started again (--restart would)".to_owned(),
        };
        self.output.warning(&format!(
            "{} has ended with {status}; its log is {}; {then}",
            named(process),
            process.plan.log.display()
        ));
        if self.json {
            self.output.json_line(&Line::Died(Died {
                name: &process.plan.name,
                role: process.plan.role.as_str(),
                pid: process.pid,
                exit_code: status.code(),
                signal: status.signal(),
                log: &process.plan.log,
            }))?;
        }
        Ok(())
    }

    /// That a process runs again.
    pub(super) fn restarted(&self, process: &Process) -> Result<()> {
        self.output.note(&format!("{} runs again", named(process)));
        if self.json {
            self.output.json_line(&Line::Restarted(Shown::of(process)))?;
        }
        Ok(())
    }

    /// That a process could not be started again, and is tried again later.
    pub(super) fn not_restarted(&self, process: &Process, error: &anyhow::Error) {
        self.output
            .warning(&format!("{} was not started again: {error:#}", process.plan.name));
    }

    /// How a process ended that was asked to, unless it was as it should be.
    pub(super) fn drained(&self, process: &Process, status: ExitStatus) {
        // Some end with the signal itself after they have done what they had to.
        let as_asked = status.success() || status.signal() == Some(Signal::TERM.as_raw());
        if !as_asked {
            self.output.warning(&format!(
                "{} ended with {status} when it was asked to end; its log is {}",
                named(process),
                process.plan.log.display()
            ));
        }
    }

    /// That a process did not end in time.
    pub(super) fn ended_by_force(&self, process: &Process) {
        self.output.warning(&format!(
            "{} did not end in time and was killed; its log is {}",
            named(process),
            process.plan.log.display()
        ));
    }
}

/// Why a process that was needed has ended.
pub(super) fn gone(process: &Process, status: ExitStatus) -> anyhow::Error {
    end_of_log(process).context(format!(
        "{} has ended with {status} before everything was ready",
        named(process)
    ))
}

/// The last lines that a process has logged, as the cause of something.
pub(super) fn end_of_log(process: &Process) -> anyhow::Error {
    const LINES: usize = 5;
    let path = process.plan.log.display();
    let log = std::fs::read(&process.plan.log).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<&str> = log.lines().collect();
    if lines.is_empty() {
        return anyhow::anyhow!("its log {path} says nothing");
    }
    let end = lines[lines.len().saturating_sub(LINES)..].join("\n  ");
    anyhow::anyhow!("its log {path} ends with\n  {end}")
}
