//! Measures a `homeport up` process as old clients use it: logs people on, lets everybody watch twenty
//! others, then sends messages between people of different home servers at a constant rate.
//!
//!     cargo build --release -p homeport
//!     cargo run --release -p homeport --example office -- target/release/homeport
//!
//! Arguments: HOMEPORT [PEOPLE] [MESSAGES_PER_SECOND] [SECONDS]; 2000, 500 and 20 if not given. It prints the
//! server's resident memory and CPU time, and how long a message took from the moment it was due until the
//! recipient's client had acknowledged it. Everything runs on loopback and stops by itself.
#![allow(clippy::print_stdout, reason = "what it measured is its output")]

mod client;
mod listener;
mod server;

use anyhow::{Context, Result, ensure};
use client::Client;
use listener::Listener;
use membership::{Member, MemberId, Members, Phase, Placement};
use rvp::Principal;
use server::Server;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Whom everybody watches.
const WATCHED: usize = 20;
/// Log-ons under way at once.
const LOG_ONS: usize = 32;

/// What was asked on the command line.
struct Plan {
    homeport: PathBuf,
    people: usize,
    rate: u32,
    seconds: u32,
}

#[tokio::main]
async fn main() -> Result<()> {
    let plan = plan()?;
    let data = tempfile::tempdir().context("make a data folder")?;
    let started = Instant::now();
    let people = Arc::new(server::make_people(data.path(), plan.people).await?);
    println!(
        "{} accounts made in {:.1} s",
        people.len(),
        started.elapsed().as_secs_f64()
    );
    let server = Server::start(&plan.homeport, data.path()).await?;
    let listener = Listener::start().await?;
    let client = Arc::new(Client::new(server.address, listener.port)?);
    report_memory(&server, "before anybody logs on")?;

    let started = Instant::now();
    log_everybody_on(&client, &people).await?;
    let took = started.elapsed().as_secs_f64();
    println!(
        "{} people logged on, each watching {WATCHED}, in {took:.1} s",
        people.len()
    );
    report_memory(&server, "with everybody logged on")?;

    let cpu = server.cpu_seconds()?;
    let mut latencies = send(&plan, &client, &people, &listener).await?;
    let used = server.cpu_seconds()? - cpu;
    latencies.sort_unstable();
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{} messages at {}/s, acknowledged end to end: p50 {:.2} ms, p95 {:.2} ms, p99 {:.2} ms, max {:.2} ms",
        latencies.len(),
        plan.rate,
        at(0.5),
        at(0.95),
        at(0.99),
        at(1.0)
    );
    println!(
        "server CPU {:.0} µs a message",
        used * 1e6 / latencies.len() as f64
    );
    println!("{} changes of presence were told meanwhile", listener.changes());
    report_memory(&server, "after the messages")
}

fn plan() -> Result<Plan> {
    let mut arguments = std::env::args().skip(1);
    let homeport = arguments
        .next()
        .context("usage: office HOMEPORT [PEOPLE] [MESSAGES_PER_SECOND] [SECONDS]")?;
    let mut number = |default: u32| arguments.next().map_or(Ok(default), |text| text.parse());
    let (people, rate, seconds) = (number(2000)?, number(500)?, number(20)?);
    ensure!(
        people > 2 * WATCHED as u32 && people <= 10_000,
        "PEOPLE must be 41 to 10,000"
    );
    ensure!(
        (1..=20_000).contains(&rate),
        "MESSAGES_PER_SECOND must be 1 to 20,000"
    );
    ensure!((1..=600).contains(&seconds), "SECONDS must be 1 to 600");
    Ok(Plan {
        homeport: homeport.into(),
        people: usize::try_from(people)?,
        rate,
        seconds,
    })
}

fn report_memory(server: &Server, when: &str) -> Result<()> {
    println!("resident {:.1} MB {when}", server.resident_bytes()? as f64 / 1e6);
    Ok(())
}

async fn log_everybody_on(client: &Arc<Client>, people: &Arc<Vec<Principal>>) -> Result<()> {
    let mut under_way: JoinSet<Result<()>> = JoinSet::new();
    for index in 0..people.len() {
        if under_way.len() >= LOG_ONS {
            under_way.join_next().await.context("log on")???;
        }
        let (client, people) = (Arc::clone(client), Arc::clone(people));
        spawn(&mut under_way, async move {
            client.log_on(&people[index]).await?;
            for step in 1..=WATCHED {
                client
                    .watch(&people[index], &people[(index + step) % people.len()])
                    .await?;
            }
            Ok(())
        });
    }
    while let Some(logged_on) = under_way.join_next().await {
        logged_on??;
    }
    Ok(())
}

/// Sends at the rate, whether or not earlier messages have been answered, so that a slow server cannot
/// hide by slowing the sender.
async fn send(
    plan: &Plan,
    client: &Arc<Client>,
    people: &[Principal],
    listener: &Listener,
) -> Result<Vec<Duration>> {
    let pairs = pairs_on_different_homes(people)?;
    let heard = listener.messages();
    let count = plan.rate * plan.seconds;
    let start = Instant::now() + Duration::from_millis(100);
    let mut under_way: JoinSet<Result<Duration>> = JoinSet::new();
    for index in 0..count {
        let due = start + Duration::from_secs(1) * index / plan.rate;
        sleep_until(due).await;
        let (from, to) = pairs[index as usize % pairs.len()].clone();
        let client = Arc::clone(client);
        spawn(&mut under_way, async move {
            client.say(&from, &to, &format!("message {index}")).await?;
            Ok(due.elapsed())
        });
    }
    let mut latencies = Vec::new();
    while let Some(answered) = under_way.join_next().await {
        latencies.push(answered??);
    }
    let heard = listener.messages() - heard;
    ensure!(
        heard == u64::from(count),
        "{count} messages were acknowledged, but {heard} arrived"
    );
    Ok(latencies)
}

#[allow(
    clippy::disallowed_methods,
    reason = "a measuring program joins what it starts"
)]
fn spawn<T: Send + 'static>(set: &mut JoinSet<T>, work: impl Future<Output = T> + Send + 'static) {
    set.spawn(work);
}

/// Pairs of people whose home servers, in the topology `lab`, are different ones.
fn pairs_on_different_homes(people: &[Principal]) -> Result<Vec<(Principal, Principal)>> {
    let lab = topologies::builtin("lab")?;
    let members = lab.homes.iter().map(|home| Member {
        phase: Phase::Active,
        ..Member::new(
            MemberId::from(home.name.as_str()),
            "127.0.0.1:1",
            home.zone.clone(),
            home.capacity,
        )
    });
    let placement = Placement::new(Arc::new(Members::new(1, members)));
    let home = |person: &Principal| placement.home_of(person).map(|home| home.id.clone());
    let first = lab.homes.first().map(|home| MemberId::from(home.name.as_str()));
    let (here, there): (Vec<_>, Vec<_>) = people.iter().cloned().partition(|person| home(person) == first);
    ensure!(
        !here.is_empty() && !there.is_empty(),
        "everybody has the same home server"
    );
    let forth = here.iter().cloned().zip(there.iter().cloned().cycle());
    let back = there.iter().cloned().zip(here.iter().cloned().cycle());
    Ok(forth.chain(back).collect())
}
