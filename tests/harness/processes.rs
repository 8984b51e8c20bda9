//! A cluster of operating-system processes: the real programs with settings in files, a real etcd, one store: a SQLite
//! file unless a test has a database.

mod calm;
mod cluster;
mod etcd;
mod gate;
mod journal;
mod ledger;
mod passing;
mod ports;
mod process;
mod programs;
mod settings;

pub use etcd::Etcd;
pub use gate::Gate;
pub use journal::{Journal, Line};
pub use process::{Launch, Process};
pub use programs::Programs;

use crate::accounts::Accounts;
use crate::cluster::Plan;
use crate::wait::until;
use anyhow::{Context, ensure};
use passing::Passing;
use ports::Reserved;
use settings::Addresses;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use store::Location;
use tempfile::TempDir;

/// Lines of each log that are shown when a test fails.
const STORY: usize = 25;

/// How often a process is held still until it is not in the middle of a write.
const PAUSES: usize = 50;

/// A cluster of processes that can be taken apart and put together again. Its data and addresses stay.
pub struct Processes {
    plan: Plan,
    programs: Programs,
    folder: TempDir,
    etcd: Etcd,
    store: Location,
    accounts: Accounts,
    /// Where everything of the plan listens.
    places: BTreeMap<String, Place>,
    running: BTreeMap<String, Process>,
    /// Of all processes that have run, by name.
    journals: Vec<(String, Journal)>,
    /// What was killed or paused: that others complain about it goes without saying.
    crashed: BTreeSet<String>,
    passing: Option<Passing>,
    /// Ways to etcd of their own.
    gates: BTreeMap<String, Gate>,
    /// Clocks that are wrong.
    wrong: BTreeMap<String, String>,
    /// Texts of complaints that must come.
    expected: Vec<String>,
    /// Texts of complaints that may come.
    allowed: Vec<String>,
}

/// Where a process listens.
struct Place {
    served: Reserved,
    admin: Reserved,
}

impl Place {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            served: Reserved::new()?,
            admin: Reserved::new()?,
        })
    }

    fn addresses(&self) -> Addresses {
        Addresses {
            served: self.served.address(),
            admin: self.admin.address(),
        }
    }
}

impl Processes {
    /// Prepares everything with an etcd of one member, and starts nothing.
    ///
    /// # Errors
    /// When programs, ports or folders are missing.
    pub async fn new(plan: Plan) -> anyhow::Result<Self> {
        Self::with_etcd(plan, 1).await
    }

    /// The same with an etcd of so many members.
    ///
    /// # Errors
    /// As [`Processes::new`].
    pub async fn with_etcd(plan: Plan, members: usize) -> anyhow::Result<Self> {
        Self::with_store(plan, members, None).await
    }

    /// The same with a store of the caller's, which every process must reach without a password.
    ///
    /// # Errors
    /// As [`Processes::new`], and when the store cannot be opened.
    pub async fn with_store(plan: Plan, members: usize, store: Option<Location>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("make a folder for the cluster")?;
        let location = store.unwrap_or_else(|| Location::Sqlite(folder.path().join("homeport.db")));
        let store = location.open().await.context("open the store")?;
        let key = folder.path().join("router.key");
        std::fs::write(&key, settings::KEY)?;
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600))?;
        let mut places = BTreeMap::new();
        for name in plan.homes.iter().chain(&plan.routers) {
            places.insert(name.clone(), Place::new()?);
        }
        Ok(Self {
            accounts: Accounts::new(store, &plan.homes),
            store: location,
            programs: Programs::find()?,
            etcd: Etcd::new(members)?,
            plan,
            folder,
            places,
            running: BTreeMap::new(),
            journals: Vec::new(),
            crashed: BTreeSet::new(),
            passing: None,
            gates: BTreeMap::new(),
            wrong: BTreeMap::new(),
            expected: Vec::new(),
            allowed: Vec::new(),
        })
    }

    /// From now on processes are started so that time can pass for them.
    ///
    /// # Errors
    /// When libfaketime is missing.
    pub fn let_time_pass(&mut self) -> anyhow::Result<()> {
        self.passing = Some(Passing::new()?);
        Ok(())
    }

    /// The clock of this process is wrong from its next start: `+5m`, `-5m`.
    pub fn set_clock_wrong(&mut self, name: &str, offset: &str) {
        self.wrong.insert(name.to_owned(), offset.to_owned());
    }

    /// From its next start a process finds etcd by a way of its own, which can be closed.
    ///
    /// # Errors
    /// When there is no address for it.
    pub fn put_behind_gate(&mut self, name: &str) -> anyhow::Result<()> {
        self.gates.insert(name.to_owned(), Gate::to(self.etcd.address())?);
        Ok(())
    }

    /// The way to etcd of a process that has one of its own.
    ///
    /// # Errors
    /// When it has none.
    pub fn gate(&self, name: &str) -> anyhow::Result<&Gate> {
        let gate = self.gates.get(name);
        gate.with_context(|| format!("{name} has no way of its own"))
    }

    /// A complaint with this text must be in a log.
    pub fn expect(&mut self, text: &str) {
        self.expected.push(text.to_owned());
    }

    /// A complaint with this text may be in a log.
    pub fn allow(&mut self, text: &str) {
        self.allowed.push(text.to_owned());
    }

    /// Its etcd.
    pub fn etcd(&mut self) -> &mut Etcd {
        &mut self.etcd
    }

    /// What was set up.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Everybody who may log on.
    pub fn accounts(&mut self) -> &mut Accounts {
        &mut self.accounts
    }

    /// Where a router is, whether it runs or not.
    ///
    /// # Errors
    /// When there is no such router.
    pub fn door(&self, router: &str) -> anyhow::Result<SocketAddr> {
        let place = self.places.get(router);
        Ok(place
            .with_context(|| format!("there is no router {router}"))?
            .served
            .address())
    }

    /// A process that runs.
    ///
    /// # Errors
    /// When it does not.
    pub fn process(&mut self, name: &str) -> anyhow::Result<&mut Process> {
        self.running
            .get_mut(name)
            .with_context(|| format!("{name} does not run"))
    }

    /// Starts a home server or a router, and does not wait for it.
    ///
    /// # Errors
    /// When it cannot be run, or runs already.
    pub fn launch(&mut self, name: &str) -> anyhow::Result<()> {
        ensure!(!self.running.contains_key(name), "{name} runs already");
        let place = self
            .places
            .get(name)
            .with_context(|| format!("there is no {name}"))?;
        let process = self.launch_at(name, place.addresses())?;
        self.running.insert(name.to_owned(), process);
        Ok(())
    }

    /// Starts a second process with the name of another, at addresses of its own, which the caller keeps.
    ///
    /// # Errors
    /// When it cannot be run.
    pub fn launch_namesake(&mut self, name: &str) -> anyhow::Result<(Process, impl Sized + use<>)> {
        let place = Place::new()?;
        Ok((self.launch_at(name, place.addresses())?, place))
    }

    fn launch_at(&mut self, name: &str, at: Addresses) -> anyhow::Result<Process> {
        let run = self.journals.len();
        let file = |kind: &str| self.folder.path().join(format!("{name}-{run}.{kind}"));
        let (config, log) = (file("toml"), file("log"));
        let etcd = match self.gates.get(name) {
            Some(gate) => vec![format!("http://{}", gate.address())],
            None => self.etcd.endpoints(),
        };
        let (program, text) = if self.plan.routers.iter().any(|router| router == name) {
            let key = self.folder.path().join("router.key");
            let text = settings::router(name, at, &etcd, &self.plan, &key);
            (&self.programs.router, text)
        } else {
            let kept = (&self.store, &self.plan);
            (&self.programs.home, settings::home(name, at, &etcd, kept))
        };
        std::fs::write(&config, text)?;
        let launch = Launch {
            program,
            config: &config,
            environment: self.environment(name)?,
            admin: at.admin,
            log: &log,
        };
        let process = Process::start(name, &launch)?;
        self.journals.push((name.to_owned(), process.journal().clone()));
        Ok(process)
    }

    fn environment(&self, name: &str) -> anyhow::Result<Vec<(&'static str, String)>> {
        match (self.wrong.get(name), &self.passing) {
            (Some(offset), None) => passing::wrong_by(offset),
            (None, Some(passing)) => Ok(passing.environment()),
            (None, None) => Ok(Vec::new()),
            (Some(_), Some(_)) => anyhow::bail!("{name} cannot have a wrong clock where time passes"),
        }
    }

    /// Waits until a process is ready.
    ///
    /// # Errors
    /// When it does not run, or ends instead.
    pub async fn ready(&mut self, name: &str) -> anyhow::Result<()> {
        self.process(name)?.ready().await
    }

    /// A metric of a process, the sum over all labels.
    ///
    /// # Errors
    /// When it has no such metric.
    pub async fn metric(&mut self, name: &str, metric: &str) -> anyhow::Result<f64> {
        let answer = self.process(name)?.ask("/metrics").await?;
        ledger::value(&String::from_utf8_lossy(&answer.body), metric, name)
    }

    /// Kills a home server or a router and does not wait until anybody notices.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn kill(&mut self, name: &str) -> anyhow::Result<()> {
        let mut process = self.take(name)?;
        self.crashed.insert(name.to_owned());
        process.kill().await
    }

    /// Holds a process in the middle of whatever it does.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn pause(&mut self, name: &str) -> anyhow::Result<()> {
        self.crashed.insert(name.to_owned());
        self.process(name)?.pause().await
    }

    /// Gives a process away that will end by itself.
    ///
    /// # Errors
    /// When it does not run.
    pub fn take(&mut self, name: &str) -> anyhow::Result<Process> {
        self.running
            .remove(name)
            .with_context(|| format!("{name} does not run"))
    }

    /// Holds a process still, not within a write: all home servers share one SQLite file, so who stands still within
    /// a write holds up the others.
    ///
    /// # Errors
    /// When it does not run, or always writes.
    pub async fn pause_outside_of_writes(&mut self, name: &str) -> anyhow::Result<()> {
        for _ in 0..PAUSES {
            self.pause(name).await?;
            let process = self.process(name)?;
            if !process.locks_others_out()? {
                return Ok(());
            }
            process.resume().await?;
        }
        anyhow::bail!("{name} writes all the time")
    }

    /// Waits until a home server is a member in etcd's eyes, or is none.
    ///
    /// # Errors
    /// When it takes too long.
    pub async fn becomes_member(&self, name: &str, wanted: bool) -> anyhow::Result<()> {
        let what = format!("{name} to be {} member", if wanted { "a" } else { "no" });
        until(what, async || {
            let homes = self.etcd.homes().await.ok();
            Ok(homes.filter(|homes| homes.contains(name) == wanted).map(drop))
        })
        .await
    }

    /// Everything that runs, routers first.
    #[must_use]
    pub fn running(&self) -> Vec<String> {
        let runs = |name: &&String| self.running.contains_key(*name);
        let all = self.plan.routers.iter().chain(&self.plan.homes);
        all.filter(runs).cloned().collect()
    }

    /// Starts etcd and everything else that does not run, all at once, and waits until all are ready.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn begin_everything(&mut self) -> anyhow::Result<()> {
        self.etcd.start().await?;
        let names: Vec<String> = self.places.keys().cloned().collect();
        for name in &names {
            if !self.running.contains_key(name) {
                self.launch(name)?;
            }
        }
        for name in &names {
            self.ready(name).await?;
        }
        if let Some(passing) = &mut self.passing {
            passing.begin();
        }
        Ok(())
    }

    /// Time passes for all processes.
    ///
    /// # Errors
    /// Unless [`Processes::let_time_pass`] was called.
    pub async fn advance(&mut self, by: Duration) -> anyhow::Result<()> {
        self.calm_down().await?;
        let passing = self.passing.as_mut();
        passing.context("time does not pass here")?.advance(by)?;
        // Whoever waits for something is woken, and only then looks at the time.
        for process in self.running.values() {
            process.ask("/livez").await?;
        }
        Ok(())
    }

    /// Stops what runs, in order, and looks at what was logged.
    ///
    /// # Errors
    /// When something does not stop in order, the ledger does not balance, or somebody complained for no reason.
    pub async fn close(mut self) -> anyhow::Result<()> {
        self.check_ledger().await?;
        for name in self.running() {
            self.stop(&name).await?;
        }
        self.check_complaints()?;
        self.accounts.store().close().await;
        Ok(())
    }

    /// Stops a home server or a router in order.
    ///
    /// # Errors
    /// When it does not run, or does not stop in order.
    pub async fn stop(&mut self, name: &str) -> anyhow::Result<()> {
        self.take(name)?.stop().await
    }

    fn check_complaints(&self) -> anyhow::Result<()> {
        let lines: Vec<(&String, Line)> = self
            .journals
            .iter()
            .flat_map(|(name, journal)| journal.complaints().into_iter().map(move |line| (name, line)))
            .collect();
        let said = |text: &String| lines.iter().any(|(_, line)| line.to_string().contains(text));
        let foreseen = |line: &Line| {
            let text = line.to_string();
            let all = self.expected.iter().chain(&self.allowed);
            self.follows_from_crash(line) || all.into_iter().any(|known| text.contains(known))
        };
        let mut unforeseen = String::new();
        for (name, line) in lines.iter().filter(|(_, line)| !foreseen(line)) {
            writeln!(unforeseen, "{name}: {line}")?;
        }
        ensure!(
            unforeseen.is_empty(),
            "unexpected complaints in the logs:\n{unforeseen}"
        );
        let missed = self.expected.iter().find(|text| !said(text));
        ensure!(missed.is_none(), "a log should have complained: {missed:?}");
        Ok(())
    }

    /// What a process that was killed or paused makes others say.
    fn follows_from_crash(&self, line: &Line) -> bool {
        let names = |name: &String| line.has("member", name) || line.has("router", name);
        line.message.contains("home cannot be linked") && self.crashed.iter().any(names)
    }

    /// The last lines of every log.
    #[must_use]
    pub fn story(&self) -> String {
        let mut story = String::new();
        for (name, journal) in &self.journals {
            let lines = journal.lines();
            for line in &lines[lines.len().saturating_sub(STORY)..] {
                // Writing to a string does not fail.
                let _ = writeln!(story, "{name}: {line}");
            }
        }
        story
    }
}
