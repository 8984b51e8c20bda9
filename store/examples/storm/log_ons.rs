//! How long a log-on waits for its login to be durable, while nothing else happens and in a storm.

use super::{Failed, Kind, load};
use std::sync::Arc;
use std::time::Duration;
use store::{Store, Writer};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Between two log-ons.
const EVERY: Duration = Duration::from_millis(5);
/// Log-ons while nothing else happens.
const QUIET: u32 = 1_000;
/// Who subscribes in a storm, and how often altogether.
const STORM: (u32, u32) = (1_000, 100_000);

/// Measures both, and prints them as people read it.
pub(crate) async fn measure(store: &Arc<dyn Store>, engine: &str) -> Result<String, Failed> {
    let (writer, work) = Writer::new(store.clone());
    let mut working = JoinSet::new();
    working.spawn(work);
    let mut quiet = Vec::new();
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in 0..QUIET {
        tick.tick().await;
        quiet.push(log_on(&writer, number).await?);
    }
    let (tasks, subscriptions) = STORM;
    let begun = Instant::now();
    let mut storm = JoinSet::new();
    for task in 0..tasks {
        let writer = writer.clone();
        storm.spawn(async move {
            for number in (task..subscriptions).step_by(tasks as usize) {
                writer
                    .submit(vec![load::write(Kind::Subscriptions, number)?])
                    .await?;
            }
            Ok::<(), Failed>(())
        });
    }
    let mut stormy = Vec::new();
    for number in QUIET.. {
        tick.tick().await;
        stormy.push(log_on(&writer, number).await?);
        while let Some(ended) = storm.try_join_next() {
            ended??;
        }
        if storm.is_empty() {
            break;
        }
    }
    let rate = f64::from(subscriptions) / begun.elapsed().as_secs_f64();
    Ok(format!(
        "{engine}: a login is durable within p50/p99/max {} quiet, {} while {rate:.0} subscriptions/s are stored",
        shown(quiet),
        shown(stormy)
    ))
}

async fn log_on(writer: &Writer, number: u32) -> Result<Duration, Failed> {
    let begun = Instant::now();
    writer.submit(vec![load::login(number)?]).await?;
    Ok(begun.elapsed())
}

fn shown(mut waits: Vec<Duration>) -> String {
    waits.sort_unstable();
    let at = |share: usize| {
        let place = (waits.len() * share / 100).min(waits.len().saturating_sub(1));
        waits.get(place).copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    format!("{:.1}/{:.1}/{:.1} ms of {}", at(50), at(99), at(100), waits.len())
}
