//! Measures attachments on real processes: what an idle one costs, messages at a constant rate, a router that is
//! killed, and whether anything stays behind.
//!
//!     cargo build --release -p homeport -p router -p homeserver
//!     cargo run --release -p homeport --example attached -- target/release/homeport [SCENARIO...]
//!
//! Scenarios: idle (10,000 attachments), talk (2,000 people, 1,000 messages a second), router (2,000 attachments, half
//! of whose router is killed while they talk), churn (5,000 opened and closed in random order), kept and kept-postgres
//! (200 people write to 2,000 who are not there, as fast as it goes); all when none is named.
//! PEOPLE, RATE, SECONDS and TOPOLOGY (a name or a file) in the environment change that. Beside it, `ulimit -n` must allow two files for each.
//! The program `etcd` must be installed. Everything runs on loopback and stops by itself.
#![allow(clippy::print_stdout, reason = "what it measured is its output")]
#![allow(
    clippy::disallowed_methods,
    reason = "a measuring program joins what it starts"
)]

mod client;
#[path = "../moves/cluster.rs"]
#[allow(dead_code, reason = "the program that shares it does more to a cluster")]
mod cluster;
#[path = "../moves/kept.rs"]
mod kept;
mod seen;
#[path = "../office/server.rs"]
#[allow(dead_code, reason = "only its accounts are used here")]
mod server;
mod store_many;

use anyhow::{Context, Result, ensure};
use client::{Client, Order};
use cluster::{Cluster, Etcd};
use kept::Kept;
use rand::seq::SliceRandom;
use rvp::Principal;
use seen::Seen;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

/// Log-ons under way at once.
const LOG_ONS: usize = 16;
/// Until everything is quiet.
const QUIET: Duration = Duration::from_secs(5);
/// Until all that is under way must be over.
const PATIENCE: Duration = Duration::from_secs(60);
const SCENARIOS: [&str; 6] = ["idle", "talk", "router", "churn", "kept", "kept-postgres"];

struct World {
    cluster: Cluster,
    _etcd: Etcd,
    people: Vec<Principal>,
    routers: Vec<SocketAddr>,
    seen: Arc<Seen>,
    clients: Vec<Client>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let homeport = arguments
        .next()
        .context("usage: attached HOMEPORT [SCENARIO...]")?;
    let named: Vec<String> = arguments.collect();
    for name in &named {
        ensure!(
            SCENARIOS.contains(&name.as_str()),
            "{name}: one of {}",
            SCENARIOS.join(", ")
        );
    }
    let all = SCENARIOS.map(str::to_owned);
    for scenario in if named.is_empty() { &all[..] } else { &named[..] } {
        run(Path::new(&homeport), scenario)
            .await
            .with_context(|| scenario.clone())?;
    }
    Ok(())
}

fn number(name: &str, default: u32) -> Result<u32> {
    std::env::var(name).map_or(Ok(default), |text| text.parse().context(name.to_owned()))
}

async fn run(homeport: &Path, scenario: &str) -> Result<()> {
    let data = tempfile::tempdir().context("make a data folder")?;
    let count = match scenario {
        "idle" => 10_000,
        "churn" => 5_000,
        _ => 2_000,
    };
    let count = usize::try_from(number("PEOPLE", count)?)?;
    let kept = match scenario {
        "kept-postgres" => Kept::in_postgres().await,
        _ => Kept::in_sqlite(data.path()),
    };
    let people = server::make_people_in(&kept.location, count).await?;
    let mut etcd = Etcd::new(&data.path().join("own-etcd"))?;
    etcd.start().await?;
    let further = (etcd.endpoint(), kept.arguments());
    let topology = std::env::var("TOPOLOGY").unwrap_or_else(|_| "enterprise".to_owned());
    let cluster = Cluster::start_with(homeport, data.path(), &topology, &further).await?;
    let mut world = World {
        routers: cluster.routers()?,
        cluster,
        _etcd: etcd,
        people,
        seen: Arc::default(),
        clients: Vec::new(),
    };
    sleep(QUIET).await;
    match scenario {
        "idle" => world.idle().await?,
        "talk" => world.talk(None).await?,
        "router" => world.talk(Some("router-1")).await?,
        "kept" | "kept-postgres" => store_many::run(&mut world, scenario, kept.pid()).await?,
        _ => world.churn().await?,
    }
    world.cluster.ledger().await
}

impl World {
    /// Logs everybody on, spread over the routers.
    async fn log_on(&mut self) -> Result<Duration> {
        let began = Instant::now();
        let mut under_way: JoinSet<Result<Client>> = JoinSet::new();
        for (index, person) in self.people.iter().enumerate() {
            if under_way.len() >= LOG_ONS {
                self.clients
                    .push(under_way.join_next().await.context("log on")???);
            }
            let mut routers = self.routers.clone();
            let others = index % routers.len();
            routers.rotate_left(others);
            under_way.spawn(Client::log_on(person.clone(), routers, Arc::clone(&self.seen)));
        }
        while let Some(client) = under_way.join_next().await {
            self.clients.push(client??);
        }
        Ok(began.elapsed())
    }

    async fn idle(&mut self) -> Result<()> {
        let before = self.cluster.anonymous_bytes()?;
        let took = self.log_on().await?;
        sleep(2 * QUIET).await;
        let after = self.cluster.anonymous_bytes()?;
        let count = self.people.len();
        let each =
            [0, 1].map(|role| (after[role].saturating_sub(before[role])) as f64 / count as f64 / 1024.0);
        println!(
            "idle: {count} attachments logged on in {:.1} s; {:.1} KiB each at the routers, {:.1} KiB at the homes",
            took.as_secs_f64(),
            each[0],
            each[1]
        );
        Ok(())
    }

    /// Messages at a constant rate, and if one is named, a router that is killed in the middle.
    async fn talk(&mut self, victim: Option<&str>) -> Result<()> {
        let (rate, seconds) = (number("RATE", 1_000)?, number("SECONDS", 30)?);
        self.log_on().await?;
        sleep(QUIET).await;
        let count = self.people.len();
        let total = u64::from(rate * seconds);
        let (began, before) = (Instant::now(), self.cluster.cpu_seconds(None)?);
        let mut killed = None;
        for sequence in 0..total {
            let due = began + Duration::from_secs_f64(sequence as f64 / f64::from(rate));
            sleep_until(due).await;
            if let (Some(victim), true) = (victim, sequence == total / 3) {
                self.cluster.signal(victim, "KILL")?;
                killed = Some(Instant::now());
            }
            let index = usize::try_from(sequence)?;
            let to = self.people[(index * 17 + 5) % count].clone();
            let order = Order::Send {
                number: sequence,
                to,
                due,
            };
            // One that is coming back may be busy: what is due waits in its queue, and counts as late.
            let sender = &self.clients[index * 31 % count].orders;
            sender.send(order).await.context("a client has ended")?;
            self.watch_return(killed, count)?;
        }
        let ended = Instant::now();
        while self.seen.answers() < usize::try_from(total)? && ended.elapsed() < PATIENCE {
            sleep(Duration::from_millis(20)).await;
        }
        let used = self.cluster.cpu_seconds(None);
        let [lost, doubled, refused] = self.seen.wrong();
        println!(
            "{}: {} of {total} messages answered, {lost} lost, {doubled} doubled, {refused} refused; {}",
            victim.map_or("talk", |_| "router"),
            self.seen.answers(),
            self.seen.latencies()
        );
        if let (Ok(used), None) = (used, victim) {
            let each = [0, 1].map(|role| (used[role] - before[role]) * 1e6 / total as f64);
            println!(
                "  processor time of each message: {:.0} us at routers, {:.0} us at homes",
                each[0], each[1]
            );
        }
        let (back, anew) = self.seen.came_back();
        println!("  {back} came back, {anew} of them to a new session");
        ensure!(lost == 0 && doubled == 0, "a promise is broken");
        ensure!(victim.is_none() || back > 0, "nobody had to come back");
        Ok(())
    }

    /// Says once how long it took until half of the people, those of one router, were back.
    fn watch_return(&self, killed: Option<Instant>, count: usize) -> Result<()> {
        let Some(killed) = killed else { return Ok(()) };
        if self.seen.is_first_return_of(count / self.routers.len()) {
            println!(
                "router: all were back {:.2} s after the kill",
                killed.elapsed().as_secs_f64()
            );
        }
        Ok(())
    }

    async fn churn(&mut self) -> Result<()> {
        // What is made once stays: the first round is not counted.
        self.log_on().await?;
        self.leave().await?;
        sleep(2 * QUIET).await;
        let before = self.cluster.anonymous_bytes()?;
        self.log_on().await?;
        self.leave().await?;
        sleep(2 * QUIET).await;
        let after = self.cluster.anonymous_bytes()?;
        let change = [0, 1].map(|role| (after[role] as f64 / before[role] as f64 - 1.0) * 100.0);
        let online: f64 = (self.cluster.metrics().await?.values())
            .filter_map(|counted| counted.get("online_users"))
            .sum();
        println!(
            "churn: {} opened and closed in random order, twice; memory of the routers {:+.1} %, of the homes {:+.1} %, \
             {online} online",
            self.people.len(),
            change[0],
            change[1]
        );
        ensure!(online == 0.0, "somebody stays");
        Ok(())
    }

    /// Everybody logs off, in random order.
    async fn leave(&mut self) -> Result<()> {
        let mut clients = std::mem::take(&mut self.clients);
        clients.shuffle(&mut rand::rng());
        for client in &clients {
            client
                .orders
                .send(Order::LogOff)
                .await
                .context("a client has ended")?;
        }
        for client in clients {
            client.task.await??;
        }
        Ok(())
    }
}
