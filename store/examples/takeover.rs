//! Measures how long a home takes to claim its slots and read the people in them, of a store that nobody else
//! uses and of one that another home writes to as fast as it can.
//!
//! `cargo run --release -p store --example takeover [FOLDER]`, with a folder on the disk to measure.
#![expect(clippy::print_stdout, reason = "prints what it measured")]

use rvp::{Identity, Principal, SubscriptionId};
use std::error::Error as StdError;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};
use store::{
    Account, Change, Claim, PropertySubscription, Put, ScramVerifier, Secrets, SqliteStore, Store, Write,
    Writer,
};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

type Failed = Box<dyn StdError + Send + Sync>;

const SLOTS: u16 = 16_384;
/// A third of them, and of the people: what is left behind by one of three homes.
const SLOTS_OF_ONE: u16 = 5461;
const PEOPLE: u16 = 10_000;
const SUBSCRIPTIONS_EACH: u32 = 20;
/// As a home server claims.
const SLOTS_AT_ONCE: usize = 512;
const TASKS_OF_OTHER: u16 = 64;
/// What a task of the other home writes before the taking over begins.
const WARM: u32 = 100;

fn person(number: u16) -> Result<Principal, rvp::ParseError> {
    Principal::from_address(&format!("person{number}@im.example.com"))
}

/// Spreads people over the slots, those of one home as thinly as the others.
fn slot(number: u16) -> u16 {
    number.wrapping_mul(7919) % SLOTS
}

fn subscription(number: u16, id: u32) -> Result<Write, Failed> {
    let watcher = person(number.wrapping_mul(31) % PEOPLE)?;
    let subscription = PropertySubscription {
        id: SubscriptionId::new(id).ok_or("a number from 1")?,
        subscriber: Identity::Person(watcher.clone()),
        watcher,
        ends: SystemTime::UNIX_EPOCH + Duration::from_secs(3600),
    };
    Ok(Write {
        principal: person(number)?,
        slot: slot(number),
        epoch: 1,
        change: Change::PutSubscription(subscription),
    })
}

fn claim(epoch: u64) -> Claim {
    Claim {
        member: format!("home-{epoch}"),
        epoch,
        at: SystemTime::UNIX_EPOCH,
    }
}

async fn fill(path: &Path) -> Result<(), Failed> {
    let store = SqliteStore::open(path).await?;
    let scram = ScramVerifier {
        salt: [0; 16],
        iterations: 4096,
        stored_key: [0; 32],
        server_key: [0; 32],
    };
    for number in 0..PEOPLE {
        let account = Account {
            principal: person(number)?,
            display_name: format!("Person {number}"),
            email: format!("person{number}@example.com"),
            disabled: false,
            secrets: Secrets {
                scram: scram.clone(),
                legacy: None,
            },
        };
        store.put_account(&account, slot(number), Put::New).await?;
    }
    let numbers: Vec<u16> = (0..PEOPLE).collect();
    for numbers in numbers.chunks(500) {
        let mut writes = Vec::new();
        for number in numbers {
            for id in 1..=SUBSCRIPTIONS_EACH {
                writes.push(subscription(*number, id)?);
            }
        }
        store.write(&writes).await?;
    }
    let all: Vec<u16> = (0..SLOTS).collect();
    store.claim(&claim(1), &all).await?;
    store.close().await;
    Ok(())
}

/// Takes one home's slots over as if they were the first, and prints how that went.
async fn take_over(path: &Path, epoch: u64, what: &str) -> Result<(), Failed> {
    let store = SqliteStore::open(path).await?;
    let slots: Vec<u16> = (0..SLOTS_OF_ONE).collect();
    let (mut people, mut subscriptions, mut longest) = (0, 0, Duration::ZERO);
    let begun = Instant::now();
    for slots in slots.chunks(SLOTS_AT_ONCE) {
        let begun = Instant::now();
        let found = store.claim(&claim(epoch), slots).await?;
        longest = longest.max(begun.elapsed());
        people += found.len();
        subscriptions += found
            .iter()
            .map(|person| person.subscriptions.len())
            .sum::<usize>();
    }
    let (all, longest) = (begun.elapsed().as_millis(), longest.as_millis());
    println!(
        "{what}: {} slots, {people} people, {subscriptions} subscriptions in {all} ms, \
         the longest of {} claims {longest} ms",
        slots.len(),
        slots.len().div_ceil(SLOTS_AT_ONCE),
    );
    store.close().await;
    Ok(())
}

/// Another home writes for people it has kept until it is told to stop; returns how many writes it made.
async fn write_on(path: &Path, stop: Arc<AtomicBool>, writing: Arc<Notify>) -> Result<u32, Failed> {
    let store = Arc::new(SqliteStore::open(path).await?);
    let (writer, work) = Writer::new(store.clone());
    let mut working = JoinSet::new();
    working.spawn(work);
    let mut submitters: JoinSet<Result<u32, Failed>> = JoinSet::new();
    let kept: Vec<u16> = (0..PEOPLE)
        .filter(|number| slot(*number) >= SLOTS_OF_ONE)
        .collect();
    for number in kept.into_iter().take(TASKS_OF_OTHER.into()) {
        let (writer, stop, writing) = (writer.clone(), stop.clone(), writing.clone());
        submitters.spawn(async move {
            let mut written = 0;
            while !stop.load(Ordering::Acquire) {
                let id = 1 + written % SUBSCRIPTIONS_EACH;
                writer.submit(vec![subscription(number, id)?]).await?;
                written += 1;
                if written == WARM {
                    writing.notify_one();
                }
            }
            Ok(written)
        });
    }
    let mut written = 0;
    for outcome in submitters.join_all().await {
        written += outcome?;
    }
    drop(writer);
    working.join_all().await;
    store.close().await;
    Ok(written)
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let folder = match std::env::args_os().nth(1) {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let path = folder.path().join("takeover.db");
    fill(&path).await?;
    for epoch in 2..=4 {
        take_over(&path, epoch, "nobody else").await?;
    }
    for epoch in 5..=7 {
        let stop = Arc::new(AtomicBool::new(false));
        let writing = Arc::new(Notify::new());
        let mut other = JoinSet::new();
        let begun = Instant::now();
        {
            let (path, stop, writing) = (path.clone(), stop.clone(), writing.clone());
            other.spawn(async move { write_on(&path, stop, writing).await });
        }
        writing.notified().await;
        take_over(&path, epoch, "beside another home").await?;
        stop.store(true, Ordering::Release);
        for written in other.join_all().await {
            let rate = f64::from(written?) / begun.elapsed().as_secs_f64();
            println!("    which wrote {rate:.0} times a second");
        }
    }
    Ok(())
}
