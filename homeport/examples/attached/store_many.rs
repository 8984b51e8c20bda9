//! Messages for people who are not there, by attachments, as fast as they are stored.

use crate::client::Order;
use crate::{World, number};
use anyhow::{Result, ensure};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// Who writes; all others are not there.
const SENDERS: usize = 200;

pub(crate) async fn run(world: &mut World, scenario: &str, database: Option<u32>) -> Result<()> {
    ensure!(world.people.len() > SENDERS, "PEOPLE must be more than {SENDERS}");
    let away = Arc::new(world.people.split_off(SENDERS));
    world.log_on().await?;
    let seconds = Duration::from_secs(number("SECONDS", 10)?.into());
    let next = Arc::new(AtomicU64::new(0));
    let ends = Instant::now() + seconds + Duration::from_secs(2);
    let mut senders = JoinSet::new();
    for client in &world.clients {
        let (orders, away, next) = (client.orders.clone(), Arc::clone(&away), Arc::clone(&next));
        senders.spawn(async move {
            while Instant::now() < ends {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let to = away[(number as usize * 17 + 5) % away.len()].clone();
                let order = Order::Send {
                    number,
                    to,
                    due: Instant::now(),
                };
                if orders.send(order).await.is_err() {
                    return;
                }
            }
        });
    }
    // Connections and caches.
    sleep(Duration::from_secs(2)).await;
    let (began, before, first) = (
        Instant::now(),
        world.cluster.cpu_seconds(database)?,
        world.seen.answers(),
    );
    sleep(seconds).await;
    let (took, now, stored) = (
        began.elapsed(),
        world.cluster.cpu_seconds(database)?,
        world.seen.answers() - first,
    );
    while senders.join_next().await.is_some() {}
    let [_, _, refused] = world.seen.wrong();
    let each = [0, 1, 2].map(|of| format!("{:.0}", (now[of] - before[of]) * 1e6 / stored as f64));
    println!(
        "{scenario}: {:.0}/s stored for people who are not there, {refused} refused; us of processor time each, of \
         routers, homes and database: {}; {}",
        stored as f64 / took.as_secs_f64(),
        each.join(", "),
        world.seen.latencies()
    );
    Ok(())
}
