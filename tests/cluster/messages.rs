//! Messages are neither lost nor doubled nor out of order, whatever happens to home servers, and the store is not
//! touched for people who are there.

use crate::scene;
use crate::server::Server;
use anyhow::{Context, ensure};
use homeserver::{ArchivePolicy, OfflinePolicy};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::time::Duration;
use store::Location;
use tests::client::Message;
use tests::{Crowd, Failure, Insisting, Plan, Processes};

/// Between two deaths: a home is taken over, and the next one dies.
const EVERY: Duration = Duration::from_secs(5);
/// Into so many parts all messages are divided: after one of them somebody dies earlier than that.
const PARTS: usize = 5;
/// The longest that all messages may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// Messages altogether; `MESSAGES` in the environment asks for more.
const MESSAGES: usize = 4_000;

/// Nearly a third of those who are written to is not there.
#[test]
fn nothing_is_lost_while_home_servers_are_killed_again_and_again() -> Result<(), Failure> {
    tests::run(&[], async |_| killed_with(None, 1).await)
}

#[test]
fn nothing_is_lost_with_a_database_either() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let server = Server::start_with(&["fsync=on"]).await;
        killed_with(Some(Location::Postgres(server.config())), 2).await
    })
}

/// People may be written as much as a test can send: those who are not there are few, and get much.
pub(crate) fn roomy() -> OfflinePolicy {
    OfflinePolicy {
        count: 10_000,
        bytes: 1 << 26,
        ..OfflinePolicy::default()
    }
}

/// `share` is the part of all messages that is sent.
async fn killed_with(store: Option<Location>, share: usize) -> anyhow::Result<()> {
    let asked = std::env::var("MESSAGES").map_or(Ok(MESSAGES), |text| text.parse());
    let senders = 8;
    let crowd = Crowd {
        senders,
        online: 14,
        offline: 6,
        messages: asked.context("MESSAGES is a number")? / senders / share,
    };
    let plan = Plan {
        offline: roomy(),
        ..Plan::with_homes(3).with_routers(2)
    };
    let mut processes = Processes::with_store(plan, 1, store).await?;
    processes.allow("cannot join yet, trying on");
    // A busy machine is slow.
    processes.allow("former home did not settle");
    let played = killed(&mut processes, crowd).await;
    if let Err(error) = played {
        return Err(error.context(processes.story()));
    }
    processes.close().await
}

async fn killed(processes: &mut Processes, crowd: Crowd) -> anyhow::Result<()> {
    processes.begin_everything().await?;
    let insisting = Insisting::start(processes, crowd).await?;
    let mut random = SmallRng::seed_from_u64(4);
    let mut deaths = 0;
    let began = tokio::time::Instant::now();
    while !insisting.is_done() && began.elapsed() < PATIENCE {
        // Not before something got done since the last death, however busy the machine is.
        insisting.goes_on(crowd.senders, PATIENCE).await;
        // And not after all is done, however fast it is.
        let some = crowd.senders * crowd.messages / PARTS;
        insisting
            .goes_on(some, EVERY.mul_f64(random.random_range(0.2..1.0)))
            .await;
        let name = format!("home-{}", random.random_range(1..=3));
        processes.kill(&name).await?;
        deaths += 1;
        scene::begin(processes, &name).await?;
    }
    insisting.wait(PATIENCE).await;
    let insisted = insisting.finish().await?;
    // For whoever wants to know: nextest shows it with `--success-output immediate`.
    eprintln!("{deaths} deaths in {:?}: {insisted:?}", began.elapsed());
    ensure!(deaths >= 2, "nobody died");
    ensure!(insisted.stored > 0, "everybody was there");
    Ok(())
}

#[test]
fn a_thousand_messages_to_somebody_who_is_there_write_nothing() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut processes = Processes::new(Plan::default()).await?;
        let played = writes(&mut processes, 1_000, 0).await;
        if let Err(error) = played {
            return Err(error.context(processes.story()));
        }
        processes.close().await
    })
}

#[test]
fn with_the_archive_each_message_writes_one_entry() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let archive = ArchivePolicy {
            on: true,
            retention: None,
        };
        let plan = Plan {
            archive,
            ..Plan::default()
        };
        let mut processes = Processes::new(plan).await?;
        let played = writes(&mut processes, 200, 1).await;
        if let Err(error) = played {
            return Err(error.context(processes.story()));
        }
        processes.close().await
    })
}

/// So many messages to somebody who is there lead to so many writes each; one that is kept to one more.
async fn writes(processes: &mut Processes, messages: u32, each: u32) -> anyhow::Result<()> {
    const WRITES: &str = "homeport_homeserver_store_writes_total";
    processes.begin_everything().await?;
    let mut maxb = scene::client(processes, "maxb", "home-1").await?;
    let mut deriks = scene::client(processes, "deriks", "home-1").await?;
    scene::expect(200, &maxb.log_on(14_400).await?)?;
    // Who is looked up for the first time is written down.
    let ask = deriks.notify(maxb.me(), &Message::text("hello"));
    scene::expect(200, &deriks.ask(&ask).await?)?;
    let before = processes.metric("home-1", WRITES).await?;
    for number in 0..messages {
        let ask = deriks.notify(maxb.me(), &Message::text(&number.to_string()));
        scene::expect(200, &deriks.ask(&ask).await?)?;
    }
    let after = processes.metric("home-1", WRITES).await?;
    let all = processes.process("home-1")?.ask("/metrics").await?;
    let all = String::from_utf8_lossy(&all.body).into_owned();
    let writes: Vec<&str> = all
        .lines()
        .filter(|line| line.contains("store_writes_total{"))
        .collect();
    ensure!(
        (after - before - f64::from(messages * each)).abs() < 0.5,
        "{before} writes became {after}: {writes:#?}"
    );
    maxb.listener.rest()?;
    // The metric counts, if there is something to count.
    let ask = maxb.notify(deriks.me(), &Message::text("are you there?"));
    scene::expect(202, &maxb.ask(&ask).await?)?;
    let stored = processes.metric("home-1", WRITES).await?;
    ensure!(
        (stored - after - 1.0 - f64::from(each)).abs() < 0.5,
        "{after} writes became {stored}"
    );
    Ok(())
}
