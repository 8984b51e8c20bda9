//! Measures group commit: many tasks each write one thing at a time and wait until it is durable.
//!
//! `cargo run --release -p store --example storm [--json | --log-ons] [FOLDER]`, with a folder on the disk to measure. Both
//! engines are measured, in folders of their own there, with fsync; PostgreSQL needs the Debian package
//! `postgresql`, and a folder that its user may enter.
#![expect(clippy::print_stdout, reason = "prints what it measured")]

mod cpu;
mod load;
mod log_ons;
#[path = "../../tests/postgres/server.rs"]
#[expect(dead_code, reason = "the tests of PostgreSQL need more of it")]
#[allow(clippy::unwrap_used, reason = "what is missing ends the measurement")]
mod server;

use cpu::Cpu;
use load::{Kind, PEOPLE};
use serde_json::json;
use server::Server;
use std::error::Error as StdError;
use std::path::PathBuf;
use std::sync::Arc;
use store::{PostgresStore, SqliteStore, Store, Writer};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// What can go wrong.
type Failed = Box<dyn StdError + Send + Sync>;

/// What each measurement writes, and how many tasks wait for one thing each.
const MEASUREMENTS: [(Kind, u32, u32); 5] = [
    (Kind::Subscriptions, 100_000, 64),
    (Kind::Subscriptions, 100_000, 1_000),
    (Kind::Renewals, 100_000, 1_000),
    (Kind::Messages, 60_000, 64),
    (Kind::Messages, 100_000, 1_000),
];

/// Only how long log-ons wait is measured.
const LOG_ONS: &str = "--log-ons";

/// What came of one measurement.
struct Measured {
    engine: &'static str,
    kind: Kind,
    tasks: u32,
    writes: u32,
    seconds: f64,
    /// Processor time of this process, which makes the load too, and of the database's.
    cpu: Cpu,
}

impl Measured {
    fn per_second(&self) -> f64 {
        f64::from(self.writes) / self.seconds
    }

    fn micros(&self, seconds: f64) -> f64 {
        seconds * 1e6 / f64::from(self.writes)
    }

    fn line(&self) -> String {
        format!(
            "{:<10} {:<13} {:>5} {:>8} {:>9.0} {:>10.1} {:>10.1}",
            self.engine,
            self.kind.name(),
            self.tasks,
            self.writes,
            self.per_second(),
            self.micros(self.cpu.own),
            self.micros(self.cpu.database),
        )
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "engine": self.engine,
            "kind": self.kind.name(),
            "tasks": self.tasks,
            "writes": self.writes,
            "per_second": self.per_second(),
            "own_cpu_micros": self.micros(self.cpu.own),
            "database_cpu_micros": self.micros(self.cpu.database),
        })
    }
}

/// So many tasks, each with one thing at a time.
async fn measure(
    store: &Arc<dyn Store>,
    engine: &'static str,
    (kind, writes, tasks): (Kind, u32, u32),
    database: Option<u32>,
) -> Result<Measured, Failed> {
    let (writer, work) = Writer::new(store.clone());
    let mut working = JoinSet::new();
    working.spawn(work);
    let (begun, before) = (Instant::now(), Cpu::now(database)?);
    let mut submitters = JoinSet::new();
    for task in 0..tasks {
        let writer = writer.clone();
        submitters.spawn(async move {
            for number in (task..writes).step_by(tasks as usize) {
                writer.submit(vec![load::write(kind, number)?]).await?;
            }
            Ok::<(), Failed>(())
        });
    }
    for outcome in submitters.join_all().await {
        outcome?;
    }
    Ok(Measured {
        engine,
        kind,
        tasks,
        writes,
        seconds: begun.elapsed().as_secs_f64(),
        cpu: Cpu::now(database)?.since(&before),
    })
}

async fn measure_all(
    store: Arc<dyn Store>,
    engine: &'static str,
    database: Option<u32>,
    (json, log_ons): (bool, bool),
) -> Result<(), Failed> {
    let claim = load::fill(&*store).await?;
    for measurement in MEASUREMENTS.into_iter().filter(|_| !log_ons) {
        load::forget_messages(&*store).await?;
        let measured = measure(&store, engine, measurement, database).await?;
        if json {
            println!("{}", measured.json());
        } else {
            println!("{}", measured.line());
        }
    }
    let log_ons = log_ons::measure(&store, engine).await?;
    if !json {
        println!("{log_ons}");
    }
    let begun = Instant::now();
    let people = store.claim(&claim, &load::all_slots()).await?;
    let millis = begun.elapsed().as_secs_f64() * 1000.0;
    let subscriptions: usize = people.iter().map(|person| person.subscriptions.len()).sum();
    let kept: usize = people.iter().map(|person| person.kept.len()).sum();
    if !json {
        println!(
            "{engine}: {PEOPLE} people, {subscriptions} subscriptions, {kept} messages claimed in {millis:.0} ms"
        );
    }
    store.close().await;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let (options, folders): (Vec<String>, Vec<String>) = std::env::args()
        .skip(1)
        .partition(|argument| argument.starts_with("--"));
    let json = options.iter().any(|option| option == "--json");
    let log_ons = options.iter().any(|option| option == LOG_ONS);
    let folder = folders.first().map_or_else(std::env::temp_dir, PathBuf::from);
    if !json && !log_ons {
        println!("engine     writes        tasks    count     per s   own µs    database µs");
    }
    let own = tempfile::tempdir_in(&folder)?;
    let sqlite = SqliteStore::open(own.path().join("storm.db")).await?;
    measure_all(Arc::new(sqlite), "sqlite", None, (json, log_ons)).await?;
    let server = Server::start_in(&folder, &["fsync=on", "shared_buffers=128MB"]).await;
    let postgres = PostgresStore::open(&server.config()).await?;
    measure_all(
        Arc::new(postgres),
        "postgres",
        Some(server.pid()),
        (json, log_ons),
    )
    .await
}
