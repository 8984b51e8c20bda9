//! `homeport up`: every role of a topology on this machine, in this process or each in its own.

mod accounts;
mod cluster;
mod kept_in;
mod one_process;
mod processes;
mod table;
mod tls;

use crate::data::{DataDir, Recorded, Running};
use crate::output::Output;
use accounts::Demo;
use anyhow::{Context, Result};
use daemon::{Shutdown, Telemetry, TelemetryConfig};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use topologies::{Scheme, Topology};

/// How long the roles may take to become ready.
const READY_WAIT: Duration = Duration::from_secs(60);
/// Where everything listens that is not for clients. Nothing there is authenticated.
const INSIDE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Run every role of a topology on this machine
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport up --demo
      The topology `lab` with demo accounts, on http://127.0.0.1:8080
  homeport up lab --listen 127.0.0.1:80 --domain 127.0.0.1 --demo
      For old clients, which expect port 80: log on as alice@127.0.0.1
  homeport up topologies/education.toml --data /var/lib/homeport
      A topology file, with its state kept in a folder
  homeport up --store postgres://homeport@db:5432/homeport --store-password-file db.password
      State in a PostgreSQL database, also next time
  homeport up enterprise --processes --demo
      Every router and home server as a process of its own, to kill one and watch nothing happen

  homeport up --listen 127.0.0.1:8443 --tls-certificate im.pem --tls-key im.key
      Clients speak TLS. Here `homeport chat alice@localhost` finds it by the data folder; elsewhere it is
      homeport chat alice@localhost --server https://localhost:8443 --ca ca.pem

It prints what runs where and then one line `ready http://IP:PORT`, or `https://` with a certificate. Ctrl-C drains in order; a second one \
ends at once. With --processes, what each process logs is in DIR/log/NAME.log, and a process that dies is \
reported; all of them end when this one does, whatever ends it.")]
pub(crate) struct Up {
    /// A topology file, or the name of one that is built in: lab, education, enterprise, isp
    #[arg(default_value = "lab")]
    topology: String,
    /// The folder for accounts and state; made if it is missing
    #[arg(long, value_name = "DIR", default_value = ".homeport")]
    data: PathBuf,
    /// Where clients connect; further routers take free ports on the same address
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Serve this domain instead of the topology's only one, for example 127.0.0.1
    #[arg(long, value_name = "NAME")]
    domain: Option<String>,
    /// Make the accounts alice, bob and carol, and print their passwords
    #[arg(long)]
    demo: bool,
    /// Offer only these ways of logging on [default: the topology's]
    #[arg(long, value_name = "SCHEME", value_delimiter = ',')]
    schemes: Vec<SchemeArgument>,
    /// Where /livez, /readyz, /metrics and /log-filter are served; port 0 takes a free one
    #[arg(
        long,
        value_name = "IP:PORT",
        default_value = "127.0.0.1:0",
        conflicts_with = "processes"
    )]
    admin: SocketAddr,
    /// Send traces to this OTLP collector, for example http://127.0.0.1:4317
    #[arg(long, value_name = "URL")]
    otlp: Option<String>,
    /// What is logged, to standard error or the files of processes; can be changed while running, at /log-filter
    #[arg(long, value_name = "FILTER", default_value = "info")]
    log: String,
    /// How long each step of a drain may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=300))]
    drain: u64,
    #[command(flatten)]
    kept_in: kept_in::KeptIn,
    #[command(flatten)]
    tls: tls::Certified,
    #[command(flatten)]
    processes: processes::Arguments,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum SchemeArgument {
    Ntlm,
    Digest,
}

impl Up {
    /// Runs until a signal asks for a drain.
    ///
    /// # Errors
    /// Says what cannot be read, bound or made, and what to do about it.
    pub(crate) async fn run(self, output: &Output) -> Result<()> {
        let recorded = Recorded::new(&self.topology, self.domain.as_deref());
        let topology = self.topology(&recorded)?;
        if let Some(note) = self.tls.check(&topology, self.listen)? {
            output.note(&note);
        }
        let telemetry = Telemetry::start(&TelemetryConfig {
            filter: self.log.clone(),
            otlp: self.otlp.clone(),
            service: "homeport".to_owned(),
            json: false,
        })
        .context("start telemetry")?;
        daemon::panic::install();
        daemon::memory::in_small_pages();
        let shutdown = Shutdown::on_signals().context("listen for signals")?;
        let data = DataDir::create(&self.data)?;
        let _lock = data.hold()?;
        match data.running()? {
            None => {}
            Some(Running::OneProcess { .. }) => output.note("what ran here last did not end in order"),
            Some(Running::Processes { .. }) => output.note(
                "what ran here last did not end in order; home servers wait until its leases are over, for some \
                 ten seconds at most",
            ),
        }
        data.record(&recorded)?;
        let store = self.kept_in.open(&data, &topology, output).await?;
        let demo = if self.demo {
            accounts::make_demo(&*store, &topology, data.path()).await?
        } else {
            Vec::new()
        };
        let ground = Ground {
            topology,
            data,
            store,
            demo,
            shutdown,
            telemetry: telemetry.clone(),
        };
        let ended = if self.processes.wanted() {
            Box::pin(processes::run(&self, ground, output)).await
        } else {
            Box::pin(one_process::run(&self, ground, output)).await
        };
        telemetry.flush().await;
        ended
    }

    /// How long each step of a drain may take.
    fn deadline(&self) -> Duration {
        Duration::from_secs(self.drain)
    }

    fn topology(&self, recorded: &Recorded) -> Result<Topology> {
        let mut topology = recorded.load()?;
        if !self.schemes.is_empty() {
            let schemes: Vec<Scheme> = self
                .schemes
                .iter()
                .map(|scheme| match scheme {
                    SchemeArgument::Ntlm => Scheme::Ntlm,
                    SchemeArgument::Digest => Scheme::Digest,
                })
                .collect();
            topology
                .routers
                .iter_mut()
                .for_each(|router| router.schemes.clone_from(&schemes));
        }
        Ok(topology)
    }
}

/// What both ways to run a topology start from.
struct Ground {
    topology: Topology,
    data: DataDir,
    store: Arc<dyn Store>,
    demo: Vec<Demo>,
    shutdown: Shutdown,
    telemetry: Telemetry,
}

impl Ground {
    /// Whether nobody can log on.
    async fn is_empty(&self) -> Result<bool> {
        let accounts = self.store.accounts().await;
        Ok(accounts.context("read the accounts")?.is_empty())
    }
}
