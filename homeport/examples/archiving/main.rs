//! Measures what the archive costs: processor time of a message and how long it takes, without and with it, with SQLite
//! and with PostgreSQL, on real processes: one router, one home server, and people with attachments.
//!
//!     cargo build --release -p homeport -p router -p homeserver
//!     cargo run --release -p homeport --example archiving -- target/release/homeport [--json]
//!
//! PEOPLE, RATE, UNDER_WAY, SECONDS and ROUNDS in the environment change the 200 people, the 500 messages a second, the
//! 256 messages that are under way when it goes as fast as it can, the 8 seconds of each measurement, and the one round.
//! With `TOKIO_WORKER_THREADS=1` each process has one thread for its work, as in docs/performance.md. The programs
//! `etcd` and PostgreSQL must be installed. Everything runs on loopback and stops by itself.
#![allow(clippy::print_stdout, reason = "what it measured is its output")]

#[path = "../moves/cluster.rs"]
#[allow(dead_code, reason = "the program that shares it does more to a cluster")]
mod cluster;
#[path = "../moves/kept.rs"]
#[allow(dead_code, reason = "accounts are made by what measures")]
mod kept;
mod measured;

use anyhow::{Context, Result, ensure};
use cluster::{Cluster, Etcd};
use kept::Kept;
use measured::{Found, Measured};
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// One router and one home server.
const TOPOLOGY: &str = include_str!("one.toml");
/// What turns the archive on in it.
const ARCHIVE: &str = "archive = { on = true }";
/// Until connections are open and caches are filled, in seconds.
const WARM_UP: u32 = 2;

/// What was asked.
struct Plan {
    homeport: PathBuf,
    people: u32,
    paces: [Pace; 2],
    seconds: u32,
    rounds: u32,
}

/// How fast messages are sent.
#[derive(Clone, Copy)]
enum Pace {
    /// So many a second.
    Rate(u32),
    /// As fast as it goes with so many under way.
    UnderWay(u32),
}

impl Pace {
    /// How `homeport load` is told.
    fn arguments(self) -> [String; 2] {
        match self {
            Self::Rate(rate) => ["--rate".to_owned(), rate.to_string()],
            Self::UnderWay(count) => ["--concurrency".to_owned(), count.to_string()],
        }
    }

    fn words(self) -> String {
        match self {
            Self::Rate(rate) => format!("{rate}/s"),
            Self::UnderWay(count) => format!("{count} under way"),
        }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (homeport, json) = match &arguments[..] {
        [homeport] => (homeport, false),
        [homeport, option] if option == "--json" => (homeport, true),
        _ => anyhow::bail!("usage: archiving HOMEPORT [--json]"),
    };
    let plan = Plan {
        homeport: std::path::absolute(homeport)?,
        people: number("PEOPLE", 200)?,
        paces: [
            Pace::Rate(number("RATE", 500)?),
            Pace::UnderWay(number("UNDER_WAY", 256)?),
        ],
        seconds: number("SECONDS", 8)?,
        rounds: number("ROUNDS", 1)?,
    };
    ensure!((2..=900).contains(&plan.people), "PEOPLE must be 2 to 900");
    let mut all = Vec::new();
    for round in 1..=plan.rounds {
        for store in ["sqlite", "postgres"] {
            for archive in [false, true] {
                let found = measure(&plan, store, archive).await;
                let found = found.with_context(|| format!("{store}, archive {archive}, round {round}"))?;
                all.extend(found.into_iter().map(|found| Measured {
                    round,
                    store,
                    archive,
                    found,
                }));
            }
        }
    }
    if json {
        println!("{}", serde_json::to_string(&all)?);
    } else {
        println!("{}", measured::table(&all));
        for line in measured::differences(&all) {
            println!("{line}");
        }
        if measured::debug_build(&all) {
            println!("these programs are not built with --release");
        }
    }
    Ok(())
}

fn number(name: &str, default: u32) -> Result<u32> {
    std::env::var(name).map_or(Ok(default), |text| text.parse().context(name.to_owned()))
}

/// Both paces on a cluster of its own.
async fn measure(plan: &Plan, store: &str, archive: bool) -> Result<Vec<Found>> {
    let folder = tempfile::tempdir().context("make a data folder")?;
    let data = folder.path();
    let topology = data.join("one.toml");
    let switch = if archive { ARCHIVE } else { "" };
    std::fs::write(&topology, TOPOLOGY.replace("# ARCHIVE", switch))?;
    let kept = match store {
        "postgres" => Kept::in_postgres().await,
        _ => Kept::in_sqlite(data),
    };
    let mut etcd = Etcd::new(&data.join("own-etcd"))?;
    etcd.start().await?;
    let further = (etcd.endpoint(), kept.arguments());
    let topology = topology.to_str().context("the folder's name is text")?;
    let cluster = Cluster::start_with(&plan.homeport, data, topology, &further).await?;
    let load = async |pace: Pace, seconds: u32, further: &[&str]| -> Result<serde_json::Value> {
        let mut command = Command::new(&plan.homeport);
        command.args(["load", "messages", "--json"]).args(further);
        command.args(["--users", &plan.people.to_string()]);
        command.args(["--via", "attachment", "--seconds", &seconds.to_string()]);
        command.args(pace.arguments()).arg("--data").arg(data);
        told(command).await
    };
    load(plan.paces[1], WARM_UP, &["--make-accounts"]).await?;
    let mut all = Vec::new();
    for pace in plan.paces {
        let (archived, used) = (entries(plan, data).await?, cluster.cpu_seconds(kept.pid())?[2]);
        let report = load(pace, plan.seconds, &[]).await?;
        let used = cluster.cpu_seconds(kept.pid())?[2] - used;
        let found = Found::read(pace.words(), &report, kept.pid().map(|_| used))?;
        let archived = entries(plan, data).await? - archived;
        // What was answered is there, and nothing where it is off.
        let fits = if archive {
            archived >= found.messages
        } else {
            archived == 0
        };
        ensure!(fits, "{} messages, {archived} entries", found.messages);
        all.push(found);
    }
    Ok(all)
}

/// Entries that the archive has, each of which is as it should be.
async fn entries(plan: &Plan, data: &Path) -> Result<u64> {
    let mut command = Command::new(&plan.homeport);
    command.args(["archive", "verify", "--json", "--data"]).arg(data);
    let chains = told(command).await?;
    let chains = chains.as_array().context("a list of archives")?;
    let each = chains.iter().map(|chain| chain["entries"].as_u64());
    each.sum::<Option<u64>>().context("entries of an archive")
}

/// What a command says, which must be content.
async fn told(mut command: Command) -> Result<serde_json::Value> {
    let output = command.output().await?;
    let complained = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {complained}", output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
}
