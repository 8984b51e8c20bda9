//! Log-ons: all at once, at a constant rate, or so many at a time.

use crate::alarm::Alarm;
use crate::messages::due;
use crate::user::{Doors, Order, Proving};
use crate::world::World;
use crate::{Error, Pace, Plan};
use daemon::Tasks;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep};

/// Log-ons of a storm that are under way at once, unless another number is asked for: fewer than routers let wait to be
/// accepted, and few enough that hardly anybody waits long.
pub const AT_ONCE: u32 = 512;
const TICK: Duration = Duration::from_millis(5);

/// Logs everybody on, and returns when all are in or were refused. Each user takes its orders from here on.
///
/// # Errors
/// When there is no timer.
pub(crate) async fn log_on(
    plan: &Plan,
    world: &Arc<World>,
    doors: &Arc<Doors>,
    tasks: &Tasks,
    comers: Vec<(Proving, mpsc::Receiver<Order>)>,
) -> Result<(), Error> {
    let group = tasks.group("user", daemon::OnError::Log);
    let room = Arc::new(Semaphore::new(plan.at_once as usize));
    let start = Instant::now();
    let mut alarm = Alarm::new()?;
    for (me, (proving, orders)) in (0..).zip(comers) {
        let due = match plan.pace {
            // All want in at the same moment, whoever has to wait.
            Pace::Storm => start,
            Pace::Rate(rate) => due(start, rate, u64::from(me)),
            Pace::Closed(_) => {
                world.has_room().await;
                Instant::now()
            }
        };
        alarm.until(due).await;
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            break;
        };
        world.begins_log_on(due);
        let (world, doors) = (Arc::clone(world), Arc::clone(doors));
        group.spawn(async move {
            let came = doors.log_on(me, &proving).await;
            world.logged_on(due, came.is_ok());
            drop(place);
            match came {
                Ok(user) => {
                    let _ = user.live(orders).await;
                }
                Err(error) => world.ended(error.to_string()),
            }
            Ok(())
        });
    }
    while world.open() > 0 {
        sleep(TICK).await;
    }
    Ok(())
}
