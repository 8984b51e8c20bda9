//! `homeport load`: measures a cluster that runs, with as many clients as it takes. What is done with them is in the
//! crate `load`; here are the command line, the accounts and what is printed.

mod accounts;
mod company;
mod rounds;
mod storm;
pub(crate) mod target;

use crate::Usage;
use crate::output::Output;
use ::load::Pace;
use anyhow::{Context, Result, bail};
use company::Company;
use rounds::Rounds;
use std::future::Future;
use std::path::Path;
use storm::Storm;
use target::Target;
use tokio::process::Command;

/// What runs the floor.
const FLOOR: &str = "floor";
/// Things a second where nothing is said.
const RATE: u32 = 100;
/// Where nothing is said, one comes and goes for so many messages, and at most one a second of so many people.
const RATE_PER_CHURN: u32 = 100;
const PEOPLE_PER_CHURN: u32 = 100;
pub(crate) const CONTACTS: u32 = 10;
pub(crate) const TEXT_BYTES: usize = 64;
/// Longer than a run takes that ends by itself.
const SECONDS: u32 = 3_600;
/// Threads of the generator: the cluster may be on the same machine.
pub(crate) const THREADS: usize = 2;

/// Measure a cluster that runs: messages, presence, log-ons, an office day, a storm, memory over rounds
#[derive(clap::Args, Debug)]
pub(crate) struct Load {
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(clap::Subcommand, Debug)]
enum Scenario {
    Messages(Box<Messages>),
    Presence(Box<Presence>),
    Logon(Box<Logon>),
    Office(Box<Office>),
    Storm(Box<Storm>),
    Rounds(Box<Rounds>),
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
      --names load{number}@im.example.com --password-file load.password --json
      On routers elsewhere, with accounts that are there, as an object for programs

Nothing is sent to anything but the routers that are named, and it ends by itself. Ctrl-C ends it early and prints \
what it has. The exit code is 1 when a message was lost, doubled, out of order or not answered. docs/load.md says what \
each figure means.")]
struct Messages {
    #[command(flatten)]
    pace: PaceArguments,
    /// Others whom everybody watches
    #[arg(long, value_name = "N", default_value_t = 0)]
    contacts: u32,
    /// Octets of each message's text
    #[arg(long, value_name = "OCTETS", default_value_t = TEXT_BYTES)]
    text: usize,
    #[command(flatten)]
    run: Run,
}

/// People change their state; all who watch them are told
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport load presence --make-accounts --users 1000 --contacts 20 --rate 50 --seconds 30
      50 people a second turn away, busy, and so on; 20 others are told each
  homeport load presence --users 200 --contacts 100 --concurrency 8 --json
      As fast as it goes with 8 changes that not all were told yet

The exit code is 1 when somebody was not told, or was told twice or an older state. docs/load.md says what each figure \
means.")]
struct Presence {
    #[command(flatten)]
    pace: PaceArguments,
    /// Others whom everybody watches
    #[arg(long, value_name = "N", default_value_t = CONTACTS)]
    contacts: u32,
    #[command(flatten)]
    run: Run,
}

/// People log on, with a state and the contacts they watch
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport load logon --make-accounts --users 2000
      A storm: all at the same moment, as after a power cut
  homeport load logon --users 5000 --at-once 5000
      Nobody waits for others before they knock
  homeport load logon --users 2000 --rate 100 --json
      100 a second, as in the morning

A log-on is done when the state is set and all contacts are watched. Everybody has been there once before it is measured, \
and shows a token: what hashing a password costs a client is not measured. docs/load.md says what each figure means.")]
struct Logon {
    /// So many a second, instead of all at once
    #[arg(long, value_name = "N", conflicts_with = "concurrency")]
    rate: Option<u32>,
    /// As fast as it goes with so many under way, instead of all at once
    #[arg(long, value_name = "N")]
    concurrency: Option<u32>,
    /// How many are under way at a time, where all come at once
    #[arg(long, value_name = "N", default_value_t = ::load::AT_ONCE, conflicts_with_all = ["rate", "concurrency"])]
    at_once: u32,
    /// Others whom everybody watches
    #[arg(long, value_name = "N", default_value_t = CONTACTS)]
    contacts: u32,
    #[command(flatten)]
    run: Run,
}

/// An office day: people write to each other, change their state now and then, and come and go
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport load office --make-accounts --users 2000 --rate 200 --seconds 60
      200 messages a second and 20 changes of state, each of which 10 others are told; 2 people go and come back
  homeport load office --users 2000 --rate 200 --churn 20 --json
      20 people a second go and come back, as around noon

docs/load.md says what each figure means.")]
struct Office {
    /// Messages a second; there is one change of state for each ten
    #[arg(long, value_name = "N", default_value_t = RATE)]
    rate: u32,
    /// People who log off a second, and on again half a second later: a tenth of all do so in turn. 0 lets all stay
    /// [default: a hundredth of the rate, or less among few]
    #[arg(long, value_name = "N")]
    churn: Option<u32>,
    /// Others whom everybody watches
    #[arg(long, value_name = "N", default_value_t = CONTACTS)]
    contacts: u32,
    /// Octets of each message's text
    #[arg(long, value_name = "OCTETS", default_value_t = TEXT_BYTES)]
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

/// What a scenario asks for.
struct Asked {
    scenario: ::load::Scenario,
    pace: Pace,
    contacts: u32,
    at_once: u32,
    churn: u32,
    text_bytes: usize,
}

/// What every scenario is told.
#[derive(clap::Args, Debug)]
struct Run {
    #[command(flatten)]
    company: Company,
    /// How many take part
    #[arg(long, value_name = "N", default_value_t = 100)]
    users: u32,
    /// For how long it is measured
    #[arg(long, value_name = "N", default_value_t = 10)]
    seconds: u32,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum ViaArgument {
    /// Connections that clients hold open
    Attachment,
    /// RVP, with call-backs to a listener of this process
    Rvp,
    /// Every second user by the one, the others by the other
    Both,
}

impl From<ViaArgument> for ::load::Via {
    fn from(via: ViaArgument) -> Self {
        match via {
            ViaArgument::Attachment => Self::Attachment,
            ViaArgument::Rvp => Self::Rvp,
            ViaArgument::Both => Self::Both,
        }
    }
}

/// Serve what the floor is measured with, until standard input ends
#[derive(clap::Args, Debug)]
#[command(
    hide = true,
    after_help = "\
Examples:
  homeport load floor < /dev/null
      Prints the ports that a bare handler of POST and a bare stream of gRPC listen at, and ends"
)]
struct Floor {}

impl Load {
    /// Measures, and prints what was found.
    ///
    /// # Errors
    /// Nothing could be measured, or something was not as it must be; says what.
    pub(crate) fn run(self, output: &Output) -> Result<()> {
        let (asked, run) = match self.scenario {
            Scenario::Floor(_) => return serve_floor(output),
            Scenario::Messages(it) => (Asked::messages(&it), it.run),
            Scenario::Presence(it) => (Asked::presence(&it), it.run),
            Scenario::Logon(it) => (Asked::log_on(&it), it.run),
            Scenario::Office(it) => (Asked::office(&it), it.run),
            Scenario::Storm(it) => return block_on(it.measure(output)),
            Scenario::Rounds(it) => return block_on(it.measure(output)),
        };
        block_on(run.measure(asked, output))
    }
}

fn block_on(measured: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build();
    runtime.context("start")?.block_on(Box::pin(measured))
}

/// What the floor is measured with, until standard input ends.
fn serve_floor(output: &Output) -> Result<()> {
    // One thread: the floor is what one costs.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("start")?;
    let served = runtime.block_on(::load::floor::serve(|ports| output.line(ports)));
    // A read of standard input that nobody waits for any more must not keep the process.
    runtime.shutdown_background();
    served.map_err(Into::into)
}

fn pace(rate: Option<u32>, concurrency: Option<u32>, otherwise: Pace) -> Pace {
    match (rate, concurrency) {
        (Some(rate), _) => Pace::Rate(rate),
        (None, Some(concurrency)) => Pace::Closed(concurrency),
        (None, None) => otherwise,
    }
}

impl Asked {
    /// People who talk now and then, as they are told.
    fn company(contacts: u32, at_once: u32) -> Self {
        Self {
            scenario: ::load::Scenario::Messages,
            pace: Pace::Rate(1),
            contacts,
            at_once,
            churn: 0,
            text_bytes: TEXT_BYTES,
        }
    }

    fn messages(it: &Messages) -> Self {
        Self {
            pace: pace(it.pace.rate, it.pace.concurrency, Pace::Rate(RATE)),
            text_bytes: it.text,
            ..Self::company(it.contacts, ::load::AT_ONCE)
        }
    }

    fn presence(it: &Presence) -> Self {
        Self {
            scenario: ::load::Scenario::Presence,
            pace: pace(it.pace.rate, it.pace.concurrency, Pace::Rate(RATE)),
            ..Self::company(it.contacts, ::load::AT_ONCE)
        }
    }

    fn log_on(it: &Logon) -> Self {
        Self {
            scenario: ::load::Scenario::LogOn,
            pace: pace(it.rate, it.concurrency, Pace::Storm),
            ..Self::company(it.contacts, it.at_once)
        }
    }

    fn office(it: &Office) -> Self {
        let usual = it
            .rate
            .div_ceil(RATE_PER_CHURN)
            .min(it.run.users / PEOPLE_PER_CHURN);
        Self {
            scenario: ::load::Scenario::Office,
            pace: Pace::Rate(it.rate),
            churn: it.churn.unwrap_or(usual),
            text_bytes: it.text,
            ..Self::company(it.contacts, ::load::AT_ONCE)
        }
    }
}

impl Run {
    async fn measure(&self, asked: Asked, output: &Output) -> Result<()> {
        let size = (self.users, self.seconds);
        let measured = self
            .company
            .measure(asked, size, output, async |plan, stop, show| {
                Box::pin(::load::run(plan, stop, show)).await
            });
        let report = measured.await?;
        self.company.draw(|| report.picture())?;
        let rows = figures(report.rows());
        let table = (&FIGURES[..], &rows[..]);
        self.company
            .say(&report, table, report.broken.as_deref(), output)?;
        if report.interrupted {
            bail!("interrupted after {:.1} seconds", report.seconds);
        }
        Ok(())
    }
}

/// The columns of what, and how much.
const FIGURES: [&str; 2] = ["what", "figure"];

fn figures(rows: Vec<(String, String)>) -> Vec<Vec<String>> {
    rows.into_iter().map(|(what, how)| vec![what, how]).collect()
}

/// Says what to do where it is not a matter of the load generator.
pub(crate) fn explained(error: ::load::Error, target: &Target) -> anyhow::Error {
    match &error {
        ::load::Error::Plan(_) | ::load::Error::Files { .. } => anyhow::anyhow!(Usage(error.to_string())),
        ::load::Error::WrongCredentials { .. } => {
            let advice = target.advice();
            anyhow::anyhow!(error).context(advice)
        }
        ::load::Error::NoSuchHost { .. }
        | ::load::Error::Unreachable { .. }
        | ::load::Error::NoTls { .. }
        | ::load::Error::NoAttachment { .. }
        | ::load::Error::NotReady { .. }
        | ::load::Error::Crowd(_)
        | ::load::Error::Floor(_)
        | ::load::Error::Usage(_)
        | ::load::Error::System { .. }
        | ::load::Error::Interrupted => anyhow::anyhow!(error),
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, format!("{text}\n")).with_context(|| format!("write {}", path.display()))
}

/// This program again, as the floor.
pub(crate) fn floor() -> Result<Command> {
    let program = std::env::current_exe().context("find this program")?;
    let mut command = Command::new(program);
    command.args(["load", FLOOR]);
    Ok(command)
}
