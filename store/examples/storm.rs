//! Measures group commit: many tasks each write one subscription at a time and wait until it is durable.
//!
//! `cargo run --release -p store --example storm [FOLDER]`, with a folder on the disk to measure.
#![expect(clippy::print_stdout, reason = "prints what it measured")]

use async_trait::async_trait;
use rvp::{Identity, Principal, SubscriptionId};
use std::error::Error as StdError;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};
use store::{
    Account, AccountChange, Change, Claim, Durable, Error, Fenced, KeptMessage, Move, PropertySubscription,
    Put, ScramVerifier, Secrets, SqliteStore, Store, Write, Writer,
};
use tokio::task::JoinSet;
use tokio::time::Instant;

const SUBSCRIPTIONS: u32 = 20_000;
const PEOPLE: u32 = 1_000;

/// Counts the transactions.
struct Counting {
    inner: SqliteStore,
    transactions: AtomicUsize,
}

#[async_trait]
impl Store for Counting {
    async fn claim(&self, claim: &Claim, slots: &[u16]) -> Result<Vec<Durable>, Error> {
        self.inner.claim(claim, slots).await
    }
    async fn keep(&self, claim: &Claim, held: &[(u16, u64)]) -> Result<Vec<u16>, Error> {
        self.inner.keep(claim, held).await
    }

    async fn epoch(&self) -> Result<u64, Error> {
        self.inner.epoch().await
    }
    async fn moves(&self, slot: u16) -> Result<Vec<Move>, Error> {
        self.inner.moves(slot).await
    }
    async fn load_one(&self, principal: &Principal) -> Result<Option<Durable>, Error> {
        self.inner.load_one(principal).await
    }
    async fn write(&self, writes: &[Write]) -> Result<Vec<Fenced>, Error> {
        self.transactions.fetch_add(1, Ordering::Relaxed);
        self.inner.write(writes).await
    }
    async fn kept(&self, principal: &Principal, after: u64, limit: u32) -> Result<Vec<KeptMessage>, Error> {
        self.inner.kept(principal, after, limit).await
    }
    async fn accounts(&self) -> Result<Vec<Account>, Error> {
        self.inner.accounts().await
    }
    async fn put_account(&self, account: &Account, slot: u16, put: Put) -> Result<(), Error> {
        self.inner.put_account(account, slot, put).await
    }
    async fn remove_account(&self, principal: &Principal) -> Result<(), Error> {
        self.inner.remove_account(principal).await
    }
    async fn changes_since(&self, revision: u64) -> Result<(u64, Vec<AccountChange>), Error> {
        self.inner.changes_since(revision).await
    }
    async fn revision(&self) -> Result<u64, Error> {
        self.inner.revision().await
    }
}

fn person(number: u32) -> Result<Principal, rvp::ParseError> {
    Principal::from_address(&format!("person{number}@im.example.com"))
}

/// Nearly everybody has a slot of their own.
fn slot(number: u32) -> Result<u16, std::num::TryFromIntError> {
    u16::try_from(number * 16)
}

fn subscription(number: u32, ends: Duration) -> Result<Write, Box<dyn StdError + Send + Sync>> {
    let watcher = person(number.wrapping_mul(7919) % PEOPLE)?;
    let subscription = PropertySubscription {
        id: SubscriptionId::new(number + 1).ok_or("a number from 1")?,
        subscriber: Identity::Person(watcher.clone()),
        watcher,
        ends: SystemTime::UNIX_EPOCH + ends,
    };
    let change = Change::PutSubscription(subscription);
    Ok(Write {
        principal: person(number % PEOPLE)?,
        slot: slot(number % PEOPLE)?,
        epoch: 1,
        change,
    })
}

/// So many tasks, each with one subscription at a time.
async fn storm(
    store: &Arc<Counting>,
    tasks: u32,
    ends: Duration,
) -> Result<(), Box<dyn StdError + Send + Sync>> {
    store.transactions.store(0, Ordering::Relaxed);
    let begun = Instant::now();
    let (writer, work) = Writer::new(store.clone());
    let mut working = JoinSet::new();
    working.spawn(work);
    let mut submitters = JoinSet::new();
    for task in 0..tasks {
        let writer = writer.clone();
        submitters.spawn(async move {
            for number in (task..SUBSCRIPTIONS).step_by(tasks as usize) {
                writer.submit(vec![subscription(number, ends)?]).await?;
            }
            Ok::<(), Box<dyn StdError + Send + Sync>>(())
        });
    }
    for outcome in submitters.join_all().await {
        outcome?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let (rate, transactions) = (
        f64::from(SUBSCRIPTIONS) / seconds,
        store.transactions.load(Ordering::Relaxed),
    );
    println!("{tasks:>5} tasks: {seconds:.2} s, {rate:.0} subscriptions/s, {transactions} transactions");
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError + Send + Sync>> {
    let folder = match std::env::args_os().nth(1) {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let inner = SqliteStore::open(folder.path().join("storm.db")).await?;
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
        inner.put_account(&account, slot(number)?, Put::New).await?;
    }
    let all: Vec<u16> = (0..16_384).collect();
    let claim = Claim {
        member: "home-1".to_owned(),
        epoch: 1,
        at: SystemTime::UNIX_EPOCH,
    };
    inner.claim(&claim, &all).await?;
    let store = Arc::new(Counting {
        inner,
        transactions: AtomicUsize::new(0),
    });
    for (minute, tasks) in (1..).zip([64, 64, 1000]) {
        storm(&store, tasks, Duration::from_secs(60 * minute)).await?;
    }

    let begun = Instant::now();
    let writes = (0..1000)
        .map(|number| subscription(number, Duration::ZERO))
        .collect::<Result<Vec<_>, _>>()?;
    store.write(&writes).await?;
    println!(
        "1,000 subscriptions in one transaction: {:.1} ms",
        begun.elapsed().as_secs_f64() * 1000.0
    );
    let begun = Instant::now();
    let people = store.claim(&claim, &all).await?;
    let subscriptions: usize = people.iter().map(|person| person.subscriptions.len()).sum();
    let millis = begun.elapsed().as_secs_f64() * 1000.0;
    println!(
        "{} people with {subscriptions} subscriptions claimed: {millis:.1} ms",
        people.len()
    );
    store.inner.close().await;
    Ok(())
}
