//! Changes of presence, by one after the other; all who watch are to be told each.

use crate::alarm::Alarm;
use crate::messages::due;
use crate::user::Order;
use crate::world::World;
use crate::{Error, Plan};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// How long it may take until all know that all are there.
const KNOWN_WAIT: Duration = Duration::from_secs(60);
const TICK: Duration = Duration::from_millis(20);

/// Waits until every watcher knows that everybody is there; so many may change at once then.
///
/// # Errors
/// Somebody was not told.
pub(crate) async fn ready(world: &World, at_once: u32) -> Result<(), Error> {
    let known = async {
        while !world.begins_to_change(at_once) {
            sleep(TICK).await;
        }
    };
    timeout(KNOWN_WAIT, known).await.map_err(|_| Error::NotReady {
        who: "everybody".to_owned(),
        why: world.unaware().unwrap_or_default() + ": does anybody else use these accounts?",
    })
}

/// Changes at a rate, or as fast as all are told, for as long as the plan says or until it is dropped.
///
/// # Errors
/// When there is no timer.
pub(crate) async fn make(
    plan: &Plan,
    rate: Option<u32>,
    world: &Arc<World>,
    users: &[mpsc::Sender<Order>],
) -> Result<(), Error> {
    let start = Instant::now();
    let end = start + Duration::from_secs(plan.seconds.into());
    let mut alarm = Alarm::new()?;
    for number in 0_u64.. {
        let planned = rate.map(|rate| due(start, rate, number));
        if let Some(due) = planned.filter(|due| *due < end) {
            alarm.until(due).await;
        }
        let may = timeout(end.saturating_duration_since(Instant::now()), world.is_calm()).await;
        let due = planned.unwrap_or_else(Instant::now);
        if may.is_err() || due >= end {
            break;
        }
        if let Some(change) = world.change(due)
            && users[change.who as usize]
                .send(Order::Change(change))
                .await
                .is_err()
        {
            // The user is gone, which is told elsewhere.
            world.changed(change.who, false);
        }
    }
    sleep_until(end).await;
    Ok(())
}
