//! Messages for people who are not there, as fast as they are stored, until all home servers are killed at once; then
//! everybody comes, and what was answered 202 must have been kept.

use crate::client::Client;
use crate::cluster::{Cluster, Etcd};
use crate::heard::Heard;
use crate::kept::Kept;
use crate::server;
use anyhow::{Result, ensure};
use rvp::Principal;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

const PEOPLE: usize = 600;
/// Messages that may be sent altogether: no more than are kept for everybody, with much to spare.
const MESSAGES_MAX: u64 = 200_000;
/// Senders, each of which waits for its answer.
const SENDERS: usize = 256;
/// How long they send before the homes are killed.
const SENDING: Duration = Duration::from_secs(10);
/// Longer than homes take to be back and to hand everything over.
const PATIENCE: Duration = Duration::from_secs(300);
const HOMES: [&str; 3] = ["home-1", "home-2", "home-3"];

/// What is shared by the senders.
struct Sending {
    clients: Vec<Arc<Client>>,
    people: Vec<Principal>,
    next: AtomicU64,
    over: AtomicBool,
}

pub(crate) async fn run(homeport: &Path, data: &Path, kept: &Kept) -> Result<()> {
    let people = server::make_people_in(&kept.location, PEOPLE).await?;
    let mut etcd = Etcd::new(&data.join("own-etcd"))?;
    etcd.start().await?;
    let mut further = kept.arguments();
    further.push("--restart".to_owned());
    let cluster = Cluster::start_with(homeport, data, "enterprise", &(etcd.endpoint(), further)).await?;
    let heard = Heard::start().await?;
    let clients = cluster
        .routers()?
        .iter()
        .map(|router| Ok(Arc::new(Client::new(*router, heard.port)?)))
        .collect::<Result<Vec<_>>>()?;
    let sending = Arc::new(Sending {
        clients,
        people,
        next: AtomicU64::new(0),
        over: AtomicBool::new(false),
    });
    let stored = store_many(&cluster, &sending, kept.pid()).await?;
    let began = Instant::now();
    everybody_comes(&sending).await?;
    let lost = || stored.iter().filter(|number| heard.times(**number) == 0).count();
    while lost() > 0 && began.elapsed() < PATIENCE {
        sleep(Duration::from_millis(500)).await;
    }
    let doubled = stored.iter().filter(|number| heard.times(**number) > 1).count();
    println!(
        "  after the homes had been killed: of {} that were answered 202 {} lost, {doubled} heard twice; all heard {:.1} s \
         after the first log-on",
        stored.len(),
        lost(),
        began.elapsed().as_secs_f64()
    );
    ensure!(lost() == 0 && doubled == 0, "a promise is broken");
    Ok(())
}

/// Sends until the homes are killed in the middle of it. Returns the numbers of what was answered 202.
async fn store_many(cluster: &Cluster, sending: &Arc<Sending>, database: Option<u32>) -> Result<Vec<u64>> {
    let mut senders = JoinSet::new();
    for _ in 0..SENDERS {
        senders.spawn(send(Arc::clone(sending)));
    }
    // Connections and caches.
    sleep(Duration::from_secs(2)).await;
    let (began, before, first) = (
        Instant::now(),
        cluster.cpu_seconds(database)?,
        sending.next.load(Ordering::Relaxed),
    );
    sleep(SENDING).await;
    let sent = sending.next.load(Ordering::Relaxed) - first;
    let (took, now) = (began.elapsed(), cluster.cpu_seconds(database)?);
    let used = [0, 1, 2].map(|which| now[which] - before[which]);
    for home in HOMES {
        cluster.signal(home, "KILL")?;
    }
    sending.over.store(true, Ordering::Relaxed);
    let mut stored = Vec::new();
    while let Some(done) = senders.join_next().await {
        stored.extend(done?);
    }
    let each = used.map(|seconds| format!("{:.0}", seconds * 1e6 / sent as f64));
    println!(
        "offline: {:.0}/s answered 202 to {SENDERS} senders by RVP; us of processor time each, of routers, homes and \
         database: {}",
        sent as f64 / took.as_secs_f64(),
        each.join(", ")
    );
    Ok(stored)
}

async fn send(sending: Arc<Sending>) -> Vec<u64> {
    let mut stored = Vec::new();
    while !sending.over.load(Ordering::Relaxed) {
        let number = sending.next.fetch_add(1, Ordering::Relaxed);
        if number >= MESSAGES_MAX {
            break;
        }
        let index = number as usize;
        let from = &sending.people[index * 31 % PEOPLE];
        let to = &sending.people[(index * 17 + 5) % PEOPLE];
        let client = &sending.clients[index % sending.clients.len()];
        if let Ok(202) = client.send(from, to, &format!("#{number}#")).await {
            stored.push(number);
        }
    }
    stored
}

/// Logs everybody on, as soon as their homes are back.
async fn everybody_comes(sending: &Sending) -> Result<()> {
    let began = Instant::now();
    for (index, person) in sending.people.iter().enumerate() {
        let client = &sending.clients[index % sending.clients.len()];
        while let Err(error) = client.log_on(person).await {
            ensure!(began.elapsed() < PATIENCE, "nobody is let in: {error:#}");
            sleep(Duration::from_millis(200)).await;
        }
    }
    Ok(())
}
