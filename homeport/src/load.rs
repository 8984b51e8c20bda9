//! `homeport load`: measures a cluster that runs, with as many clients as it takes. What is done with them is in the
//! crate `load`; here are the command line, the accounts and what is printed.

mod accounts;
mod target;

use crate::Usage;
use crate::output::Output;
use ::load::{Pace, Plan, Report, Standing};
use anyhow::{Context, Result, bail};
use daemon::Shutdown;
use std::path::{Path, PathBuf};
use target::Target;
use tokio::process::Command;

/// What runs the floor.
const FLOOR: &str = "floor";

/// Measure a cluster that runs: messages
#[derive(clap::Args, Debug)]
pub(crate) struct Load {
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(clap::Subcommand, Debug)]
enum Scenario {
    Messages(Box<Messages>),
    Floor(Floor),
}

/// People write to each other; every message is checked where it arrives
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport load messages --make-accounts --users 1000 --rate 500 --seconds 30
      On the `homeport up` that runs here: 500 messages a second, whether or not earlier ones have been answered
  homeport load messages --users 1000 --concurrency 64
      As fast as it goes with 64 messages under way
  homeport load messages --server http://10.0.0.5:8080 --server http://10.0.0.6:8080 \\
      --names load{n}@im.example.com --password-file load.password --json
      On routers elsewhere, with accounts that are there, as an object for programs

Nothing is sent to anything but the routers that are named, and it ends by itself. Ctrl-C ends it early and prints \
what it has. The exit code is 1 when a message was lost, doubled, out of order or not answered. docs/load.md says what \
each figure means.")]
struct Messages {
    #[command(flatten)]
    pace: PaceArguments,
    /// Octets of each message's text
    #[arg(long, value_name = "OCTETS", default_value_t = 64)]
    text: usize,
    #[command(flatten)]
    run: Run,
}

/// How fast.
#[derive(clap::Args, Debug)]
struct PaceArguments {
    /// So many a second, whether or not earlier ones have been answered [default: 100]
    #[arg(long, value_name = "N", conflicts_with = "concurrency")]
    rate: Option<u32>,
    /// As fast as it goes with so many under way
    #[arg(long, value_name = "N")]
    concurrency: Option<u32>,
}

/// What every scenario is told.
#[derive(clap::Args, Debug)]
struct Run {
    #[command(flatten)]
    target: Target,
    /// How many take part
    #[arg(long, value_name = "N", default_value_t = 100)]
    users: u32,
    /// For how long it is measured
    #[arg(long, value_name = "N", default_value_t = 10)]
    seconds: u32,
    /// How clients reach the cluster
    #[arg(long, value_name = "HOW", value_enum, default_value_t = ViaArgument::Attachment)]
    via: ViaArgument,
    /// What everything is drawn from: the same seed draws the same people
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
    /// Write the JSON object to a file as well
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum ViaArgument {
    /// Connections that clients hold open
    Attachment,
}

/// Serve what the floor is measured with, until standard input ends
#[derive(clap::Args, Debug)]
#[command(
    hide = true,
    after_help = "\
Examples:
  homeport load floor < /dev/null
      Prints the port that a bare handler of POST listens at, and ends"
)]
struct Floor {}

impl Load {
    /// Measures, and prints what was found.
    ///
    /// # Errors
    /// Nothing could be measured, or something was not as it must be; says what.
    pub(crate) fn run(self, output: &Output) -> Result<()> {
        let mut runtime = match self.scenario {
            // One thread: the floor is what one costs.
            Scenario::Floor(_) => tokio::runtime::Builder::new_current_thread(),
            Scenario::Messages(_) => {
                let mut runtime = tokio::runtime::Builder::new_multi_thread();
                runtime.worker_threads(2);
                runtime
            }
        };
        let runtime = runtime.enable_all().build().context("start")?;
        let done = match self.scenario {
            Scenario::Floor(_) => {
                let told = |port: u16| output.line(&port.to_string());
                runtime.block_on(::load::floor::serve(told)).map_err(Into::into)
            }
            Scenario::Messages(messages) => runtime.block_on(Box::pin(messages.run(output))),
        };
        // A read of standard input that nobody waits for any more must not keep the process.
        runtime.shutdown_background();
        done
    }
}

impl Messages {
    async fn run(self, output: &Output) -> Result<()> {
        let pace = match (self.pace.rate, self.pace.concurrency) {
            (Some(rate), _) => Pace::Rate(rate),
            (None, Some(concurrency)) => Pace::Closed(concurrency),
            (None, None) => Pace::Rate(100),
        };
        self.run.measure(pace, self.text, output).await
    }
}

impl Run {
    async fn measure(&self, pace: Pace, text_bytes: usize, output: &Output) -> Result<()> {
        if cfg!(debug_assertions) {
            output.warning("this is a debug build: build with --release to measure");
        }
        let stop = Shutdown::on_signals().context("listen for signals")?;
        let (routers, people) = (self.target.routers().await?, self.target.people(self.users)?);
        let password = self.target.password(&people, output).await?;
        let plan = Plan {
            routers,
            people,
            password,
            fresh_accounts: self.target.makes_accounts(),
            via: match self.via {
                ViaArgument::Attachment => ::load::Via::Attachment,
            },
            pace,
            seconds: self.seconds,
            seed: self.seed,
            text_bytes,
            server: self.target.server(),
            floor: floor()?,
        };
        let mut progress = None;
        let mut show = |standing: Standing<'_>| {
            let progress = progress.get_or_insert_with(|| output.progress(standing.of));
            progress.show_of(standing.done, standing.of, standing.text);
        };
        let ran = Box::pin(::load::run(plan, &stop, &mut show)).await;
        drop(progress);
        let report = ran.map_err(|error| self.explained(error))?;
        self.print(&report, output)
    }

    /// Says what to do where it is not a matter of the load generator.
    fn explained(&self, error: ::load::Error) -> anyhow::Error {
        match &error {
            ::load::Error::Plan(_) | ::load::Error::Files { .. } => anyhow::anyhow!(Usage(error.to_string())),
            ::load::Error::WrongCredentials { .. } => {
                let advice = self.target.advice();
                anyhow::anyhow!(error).context(advice)
            }
            ::load::Error::NoSuchHost { .. }
            | ::load::Error::Unreachable { .. }
            | ::load::Error::NoAttachment { .. }
            | ::load::Error::NotReady { .. }
            | ::load::Error::Floor(_)
            | ::load::Error::Usage(_)
            | ::load::Error::System { .. }
            | ::load::Error::Interrupted => anyhow::anyhow!(error),
        }
    }

    fn print(&self, report: &Report, output: &Output) -> Result<()> {
        if let Some(path) = &self.report {
            write(path, &serde_json::to_string_pretty(report)?)?;
        }
        if self.json {
            output.json(report)?;
        } else {
            let rows: Vec<_> = report
                .rows()
                .into_iter()
                .map(|(what, how)| vec![what, how])
                .collect();
            output.table(&["what", "figure"], &rows);
        }
        if let Some(broken) = &report.broken {
            bail!("not as it must be: {broken}");
        }
        if report.interrupted {
            bail!("interrupted after {:.1} seconds", report.seconds);
        }
        Ok(())
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, format!("{text}\n")).with_context(|| format!("write {}", path.display()))
}

/// This program again, as the floor.
fn floor() -> Result<Command> {
    let program = std::env::current_exe().context("find this program")?;
    let mut command = Command::new(program);
    command.args(["load", FLOOR]);
    Ok(command)
}
