//! Every role of a topology as a process of its own, from the programs that production runs, with an etcd.
//!
//! ```text
//! programs, ports ──▶ etcd ──▶ roles (a settings file each) ──▶ group: start, watch, drain
//! ```
//!
//! All processes are children of this one and started from its first thread, which is what the kernel calls
//! their parent: see `homeport child`.

mod backoff;
mod etcd;
mod group;
mod kept;
mod ports;
mod process;
mod programs;
mod ready;
mod report;
mod roles;

use super::{Ground, Up, accounts, table};
use crate::data::{DEMO_PASSWORDS, Routers, Running};
use crate::output::Output;
use anyhow::Result;
use etcd::Etcd;
use group::Group;
use ports::Ports;
use process::Plan;
use programs::Programs;
use report::Report;
use roles::Roles;
use std::net::SocketAddr;

/// What is only for processes of their own.
#[derive(clap::Args, Debug)]
pub(super) struct Arguments {
    /// Run each role as a process of its own, from homeport-router and homeport-homeserver
    #[arg(long)]
    processes: bool,
    /// The members of an etcd that runs, http://HOST:PORT; without it, one is run for the data folder
    #[arg(long, value_name = "URL", value_delimiter = ',', value_parser = etcd::endpoint, requires = "processes")]
    etcd: Vec<String>,
    /// What all keys in that etcd begin with [default: /homeport/ with a name of the data folder's own]
    #[arg(long, value_name = "PREFIX", requires = "etcd")]
    prefix: Option<String>,
    /// Start a process again that has died, after a pause that grows up to 30 seconds; not one that has exited
    /// with 0, as after a drain
    #[arg(long, requires = "processes")]
    restart: bool,
    /// Print what runs where, who has died and who was started again as lines of JSON
    #[arg(long, requires = "processes")]
    json: bool,
}

impl Arguments {
    pub(super) fn wanted(&self) -> bool {
        self.processes
    }
}

/// Runs until a signal asks for a drain.
///
/// # Errors
/// Says what cannot be found, bound or started, and what to do about it.
pub(super) async fn run(up: &Up, ground: Ground, output: &Output) -> Result<()> {
    let programs = Programs::find(up.processes.etcd.is_empty())?;
    let mut ports = Ports::default();
    let listen = ports.listen(up.listen)?;
    let empty = ground.is_empty().await?;
    // Home servers open it themselves.
    ground.store.close().await;
    let report = Report::new(output, up.processes.json, up.processes.restart);
    let mut group = Group::new(&programs.homeport, report);
    let scene = Scene {
        up,
        ground: &ground,
        programs: &programs,
        output,
        empty,
    };
    let ended = tokio::select! {
        () = ground.shutdown.requested() => Ok(()),
        ended = scene.live(&mut group, &mut ports, listen) => ended,
    };
    group.drain(up.deadline()).await;
    ground.data.clear_running()?;
    ended
}

struct Scene<'r> {
    up: &'r Up,
    ground: &'r Ground,
    programs: &'r Programs,
    output: &'r Output,
    /// Whether nobody can log on.
    empty: bool,
}

impl Scene<'_> {
    /// Starts everything and watches it. Returns only when it cannot go on; may be dropped at any time.
    async fn live(&self, group: &mut Group<'_>, ports: &mut Ports, listen: SocketAddr) -> Result<()> {
        let etcd = self.etcd(group, ports).await?;
        let roles = Roles::new(self.up, self.ground, &etcd)?;
        let plans = roles.plans(self.programs, ports, listen)?;
        self.ground.data.set_running(&Running::Processes {
            etcd: etcd.endpoints.clone(),
            prefix: etcd.prefix.clone(),
            routers: Routers {
                addresses: plans.iter().filter_map(Plan::for_clients).collect(),
                certificate: self.up.tls.certificate()?,
            },
        })?;
        for plan in plans {
            group.start(plan)?;
        }
        if !self.up.processes.json {
            table::heading(self.output, &self.ground.topology);
        }
        group.print()?;
        self.print_accounts();
        group.until_ready().await?;
        self.output
            .line(&format!("ready {}://{listen}", self.up.tls.scheme()));
        Err(group.watch().await)
    }

    /// The etcd that was named, or one that is started and answers.
    async fn etcd(&self, group: &mut Group<'_>, ports: &mut Ports) -> Result<Etcd> {
        let (data, given) = (self.ground.data.path(), &self.up.processes.etcd);
        let Some(program) = &self.programs.etcd else {
            let prefix = match &self.up.processes.prefix {
                Some(prefix) => prefix.clone(),
                None => etcd::prefix(data, &self.ground.topology.name)?,
            };
            return Ok(Etcd {
                endpoints: given.clone(),
                prefix,
            });
        };
        let (etcd, plan) = etcd::private(program, data, ports).await?;
        group.start(plan)?;
        group.until_ready().await?;
        Ok(etcd)
    }

    /// Lines of JSON are all that scripts want to read, so the passwords stay in their file.
    fn print_accounts(&self) {
        let Ground { data, demo, .. } = self.ground;
        if self.up.processes.json && !demo.is_empty() {
            let file = data.path().join(DEMO_PASSWORDS);
            let note = format!("the demo accounts and their passwords are in {}", file.display());
            self.output.note(&note);
        } else {
            accounts::print(self.output, demo, self.empty, data.path());
        }
    }
}
