//! All processes together: started, watched, and ended in order.

use super::super::READY_WAIT;
use super::process::{Plan, Process, Role};
use super::ready::Probe;
use super::report::{Report, end_of_log, gone};
use anyhow::{Context, Error, Result, anyhow};
use futures_util::FutureExt;
use futures_util::future::{join_all, select_all};
use rustix::process::Signal;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior};

/// Pause between asking all whether they are ready.
const ASK_PAUSE: Duration = Duration::from_millis(100);
/// What a process does one after the other when it is asked to end, each within the deadline of a step.
const STEPS: u32 = 6;
/// And what it does besides, such as to close its store.
const CLOSING: Duration = Duration::from_secs(5);
/// Nothing new comes in first, and who knows the members goes last.
const ORDER: [Role; 3] = [Role::Router, Role::HomeServer, Role::Etcd];

/// The processes that this one has started.
pub(super) struct Group<'o> {
    homeport: PathBuf,
    report: Report<'o>,
    processes: Vec<Process>,
}

impl<'o> Group<'o> {
    pub(super) fn new(homeport: &Path, report: Report<'o>) -> Self {
        Self {
            homeport: homeport.to_owned(),
            report,
            processes: Vec::new(),
        }
    }

    /// Starts one more.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn start(&mut self, plan: Plan) -> Result<()> {
        self.processes.push(Process::start(plan, &self.homeport)?);
        Ok(())
    }

    /// Prints what runs where.
    pub(super) fn print(&self) -> Result<()> {
        self.report.all(&self.processes)
    }

    /// Returns when all that were started are ready.
    ///
    /// # Errors
    /// Who is not after a while, or who has ended for good.
    pub(super) async fn until_ready(&mut self) -> Result<()> {
        let probes = self.processes.iter().map(|process| process.plan.probe);
        let probes: Vec<Probe> = probes.collect();
        tokio::select! {
            asked = tokio::time::timeout(READY_WAIT, answered(&probes)) => {
                if asked.is_ok() {
                    return Ok(());
                }
            }
            error = self.keep(true) => return Err(error),
        }
        Err(self.not_ready().await)
    }

    /// What is missing, with the end of a log that may say why.
    async fn not_ready(&self) -> Error {
        let asked = self.processes.iter().map(async |process| {
            let missing = process.plan.probe.ask().await.err()?;
            Some((process, format!("{} {missing}", process.plan.name)))
        });
        let missing: Vec<_> = join_all(asked).await.into_iter().flatten().collect();
        let said = missing.iter().map(|(_, said)| said.as_str());
        let said = format!(
            "not ready after {} s: {}",
            READY_WAIT.as_secs(),
            said.collect::<Vec<_>>().join("; ")
        );
        match missing.first() {
            Some((process, _)) => end_of_log(process).context(said),
            None => anyhow!(said),
        }
    }

    /// Reports who dies, and starts them again if that is wanted. Returns when it cannot go on.
    pub(super) async fn watch(&mut self) -> Error {
        self.keep(false).await
    }

    async fn keep(&mut self, all_needed: bool) -> Error {
        loop {
            let again = self.processes.iter().filter_map(Process::again).min();
            let pause = async {
                match again {
                    Some(again) => tokio::time::sleep_until(again).await,
                    None => std::future::pending().await,
                }
            };
            let kept = tokio::select! {
                (index, status) = any_ended(&mut self.processes) => self.died(index, status, all_needed),
                () = pause => self.start_again(),
            };
            if let Err(error) = kept {
                return error;
            }
        }
    }

    fn died(&mut self, index: usize, status: std::io::Result<ExitStatus>, all_needed: bool) -> Result<()> {
        let status = status.context("wait for a process")?;
        let process = &mut self.processes[index];
        if all_needed && !self.report.restart {
            return Err(gone(process, status));
        }
        // Who was asked to end, and did, is wanted away.
        let again = self.report.restart && !status.success();
        let again = again.then(|| process.schedule());
        self.report.died(process, status, again)?;
        let left = |process: &Process| process.runs() || process.again().is_some();
        if !self.processes.iter().any(left) {
            return Err(anyhow!("no process is left"));
        }
        Ok(())
    }

    fn start_again(&mut self) -> Result<()> {
        let now = Instant::now();
        for process in &mut self.processes {
            if process.again().is_some_and(|again| again <= now) {
                match process.start_again(&self.homeport) {
                    Ok(()) => self.report.restarted(process)?,
                    Err(error) => self.report.not_restarted(process, &error),
                }
            }
        }
        Ok(())
    }

    /// Ends all of them, role by role: each is asked to, and killed if it takes too long.
    pub(super) async fn drain(mut self, step: Duration) {
        for role in ORDER {
            let of_role = self.processes.iter_mut();
            let ending = of_role.filter(|process| process.plan.role == role && process.runs());
            join_all(ending.map(|process| end(process, &self.report, step * STEPS + CLOSING))).await;
        }
    }
}

async fn end(process: &mut Process, report: &Report<'_>, within: Duration) {
    process.signal(Signal::TERM);
    match tokio::time::timeout(within, process.ended()).await {
        Ok(Ok(status)) => report.drained(process, status),
        Ok(Err(_)) | Err(_) => {
            process.signal(Signal::KILL);
            // Nothing refuses that.
            let _ = process.ended().await;
            report.ended_by_force(process);
        }
    }
}

/// Returns when all are ready at one time.
async fn answered(probes: &[Probe]) {
    let mut tick = tokio::time::interval(ASK_PAUSE);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let asked = join_all(probes.iter().map(|probe| probe.ask())).await;
        if asked.iter().all(Result::is_ok) {
            return;
        }
    }
}

/// The next one that ends. Dropping the future loses nothing.
async fn any_ended(processes: &mut [Process]) -> (usize, std::io::Result<ExitStatus>) {
    let all = processes.iter_mut().enumerate();
    let all = all.map(|(index, process)| async move { (index, process.ended().await) }.boxed());
    select_all(all).await.0
}
