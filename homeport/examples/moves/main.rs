//! Measures what people notice when home servers drain, die or are held still, when etcd is away, and when homes
//! fill up: real processes, a real etcd, old clients with call-backs, a constant rate of messages.
//!
//!     cargo build --release -p homeport -p router -p homeserver
//!     cargo run --release -p homeport --example moves -- target/release/homeport [SCENARIO...]
//!
//! Scenarios: drain, kill, pause, etcd, etcd-held, fill, offline; any of them but fill with `-postgres` behind it keeps
//! everything there instead of in SQLite. All of them, and pause-postgres and offline-postgres, when none is named.
//! PEOPLE, RATE and SECONDS in the environment change the 6,000 people, of whom 2,000 live on each of three homes, the
//! 500 messages a second, and the 60 seconds for which etcd is away. The program `etcd` must be installed, and
//! PostgreSQL for what ends in its name. Everything runs on loopback and stops by itself.
#![allow(clippy::print_stdout, reason = "what it measured is its output")]
#![allow(
    clippy::disallowed_methods,
    reason = "a measuring program joins what it starts"
)]

#[path = "../office/client.rs"]
mod client;
#[allow(dead_code, reason = "the program that shares it measures memory")]
mod cluster;
mod fill;
mod heard;
mod kept;
mod load;
mod offline;
#[path = "../office/server.rs"]
#[allow(dead_code, reason = "only its accounts are used here")]
mod server;

use anyhow::{Context, Result, ensure};
use client::Client;
use cluster::{Cluster, Etcd};
use heard::Heard;
use kept::Kept;
use load::{Load, Report};
use membership::{Member, Members, Phase, Placement};
use rvp::Principal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// The home server to which something happens.
const HOME: &str = "home-2";
/// Whom everybody watches.
const WATCHED: usize = 5;
/// Log-ons under way at once.
const LOG_ONS: usize = 32;
/// Before anything happens, and after it is over.
const QUIET: Duration = Duration::from_secs(5);
const SCENARIOS: [&str; 9] = [
    "drain",
    "kill",
    "pause",
    "etcd",
    "etcd-held",
    "fill",
    "offline",
    "pause-postgres",
    "offline-postgres",
];
/// Behind the name of a scenario.
const ON_POSTGRES: &str = "-postgres";

/// What was asked.
struct Plan {
    homeport: PathBuf,
    people: usize,
    rate: u32,
    away: Duration,
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let homeport = arguments.next().context("usage: moves HOMEPORT [SCENARIO...]")?;
    let named: Vec<String> = arguments.collect();
    for name in &named {
        ensure!(
            SCENARIOS.contains(&name.trim_end_matches(ON_POSTGRES)),
            "{name}: one of {}, or with {ON_POSTGRES} behind it",
            SCENARIOS.join(", ")
        );
    }
    let number = |name: &str, default: u32| -> Result<u32> {
        std::env::var(name).map_or(Ok(default), |text| text.parse().context(name.to_owned()))
    };
    let plan = Plan {
        homeport: homeport.into(),
        people: usize::try_from(number("PEOPLE", 6_000)?)?,
        rate: number("RATE", 500)?,
        away: Duration::from_secs(number("SECONDS", 60)?.into()),
    };
    ensure!(
        plan.people > 2 * WATCHED && plan.people <= 30_000,
        "PEOPLE must be 11 to 30,000"
    );
    ensure!((1..=5_000).contains(&plan.rate), "RATE must be 1 to 5,000");
    let all = SCENARIOS.map(str::to_owned);
    for scenario in if named.is_empty() { &all[..] } else { &named[..] } {
        run(&plan, scenario).await.with_context(|| scenario.clone())?;
    }
    Ok(())
}

async fn run(plan: &Plan, scenario: &str) -> Result<()> {
    let data = tempfile::tempdir().context("make a data folder")?;
    if scenario == "fill" {
        return fill::run(&plan.homeport, data.path()).await;
    }
    let (scenario, kept) = match scenario.strip_suffix(ON_POSTGRES) {
        Some(scenario) => (scenario, Kept::in_postgres().await),
        None => (scenario, Kept::in_sqlite(data.path())),
    };
    if scenario == "offline" {
        return offline::run(&plan.homeport, data.path(), &kept).await;
    }
    let people = Arc::new(server::make_people_in(&kept.location, plan.people).await?);
    let mut etcd = Etcd::new(&data.path().join("own-etcd"))?;
    etcd.start().await?;
    let further = (etcd.endpoint(), kept.arguments());
    let cluster = Cluster::start_with(&plan.homeport, data.path(), "enterprise", &further).await?;
    let heard = Heard::start().await?;
    let routers = cluster.routers()?;
    let clients: Vec<Arc<Client>> = routers
        .iter()
        .map(|router| Ok(Arc::new(Client::new(*router, heard.port)?)))
        .collect::<Result<_>>()?;
    let began = Instant::now();
    log_on(&clients, &people).await?;
    let there = home_of(&people, HOME);
    println!(
        "{scenario}: {} people logged on in {:.1} s, {} of them on {HOME}; {} messages/s",
        people.len(),
        began.elapsed().as_secs_f64(),
        there.len(),
        plan.rate
    );
    let load = Load::begin(plan.rate, clients, Arc::clone(&people), Arc::clone(&heard));
    sleep(QUIET).await;
    let began = Instant::now();
    happen(plan, scenario, data.path(), &cluster, &mut etcd).await?;
    let took = began.elapsed();
    sleep(QUIET).await;
    let report = load.end().await?;
    print(&report, scenario, began, took, &there);
    cluster.ledger().await
}

/// What happens, until it is over.
async fn happen(plan: &Plan, scenario: &str, data: &Path, cluster: &Cluster, etcd: &mut Etcd) -> Result<()> {
    match scenario {
        "drain" => cluster.drain(&plan.homeport, data, HOME).await,
        "kill" => {
            cluster.signal(HOME, "KILL")?;
            sleep(2 * QUIET).await;
            Ok(())
        }
        "pause" => {
            cluster.signal(HOME, "STOP")?;
            sleep(Duration::from_secs(30)).await;
            cluster.signal(HOME, "CONT")?;
            sleep(QUIET).await;
            Ok(())
        }
        "etcd" => {
            etcd.kill();
            sleep(plan.away).await;
            etcd.start().await
        }
        _ => {
            etcd.signal("STOP")?;
            sleep(plan.away).await;
            etcd.signal("CONT")
        }
    }
}

fn print(report: &Report, scenario: &str, began: Instant, took: Duration, there: &[Principal]) {
    let during = report.between(began, began + took + QUIET);
    let quiet = report.before(began);
    let theirs = during.to(there);
    println!("  it took {:.2} s", took.as_secs_f64());
    println!(
        "  {} messages, {} acknowledged, {} failed; of the acknowledged {} lost, {} doubled",
        report.len(),
        report.acknowledged(),
        report.failed(),
        report.lost(),
        report.doubled()
    );
    println!(
        "  failed meanwhile: {}, the first {} and the last {} after it began; by status: {}",
        during.failed(),
        seconds(during.first_failure(began)),
        seconds(during.last_failure(began)),
        during.statuses()
    );
    println!(
        "  p50/p99/max before {}, meanwhile {}",
        quiet.latencies(),
        during.latencies()
    );
    println!("  to people who were on {HOME}: {}", theirs.latencies());
    println!(
        "  {} changes of presence heard, {} false \"offline\"; {} state changes failed; nobody logged on again",
        report.changes, report.offline, report.changes_failed
    );
    println!("  {scenario} done");
}

fn seconds(at: Option<Duration>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| format!("{:.2} s", at.as_secs_f64()))
}

/// Logs everybody on, spread over the routers, each watching some others.
async fn log_on(clients: &[Arc<Client>], people: &Arc<Vec<Principal>>) -> Result<()> {
    let mut under_way: JoinSet<Result<()>> = JoinSet::new();
    for index in 0..people.len() {
        if under_way.len() >= LOG_ONS {
            under_way.join_next().await.context("log on")???;
        }
        let (client, people) = (Arc::clone(&clients[index % clients.len()]), Arc::clone(people));
        under_way.spawn(async move {
            client.log_on(&people[index]).await?;
            for step in 1..=WATCHED {
                let other = &people[(index + step * 7) % people.len()];
                client.watch(&people[index], other).await?;
            }
            Ok(())
        });
    }
    while let Some(logged_on) = under_way.join_next().await {
        logged_on??;
    }
    Ok(())
}

/// Who lives on a home server of the topology `enterprise`.
fn home_of(people: &[Principal], home: &str) -> Vec<Principal> {
    let members = ["home-1", "home-2", "home-3"].map(|name| Member {
        phase: Phase::Active,
        ..Member::new(name.into(), "127.0.0.1:1", "core", 10_000)
    });
    let placement = Placement::new(Arc::new(Members::new(1, members)));
    let is_there = |person: &&Principal| {
        placement
            .home_of(person)
            .is_some_and(|member| member.id.as_str() == home)
    };
    people.iter().filter(is_there).cloned().collect()
}
