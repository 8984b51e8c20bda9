//! People who come and go beside everything else: one after the other logs off, and on again a moment later. What is
//! written to them meanwhile is kept, and handed over when they are back. They write to nobody and are watched by nobody, so
//! that nothing is expected of whoever is away.

use crate::Error;
use crate::alarm::Alarm;
use crate::messages::due;
use crate::user::{Doors, Order, Proving, User};
use crate::world::World;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// One of so many comes and goes.
pub(crate) const ONE_OF: u32 = 10;
/// How long somebody stays away.
const AWAY: Duration = Duration::from_millis(500);
/// How long those who are away when it ends may take to come back: longer than a server may put a log-on off.
const RETURN_WAIT: Duration = Duration::from_secs(150);
const TICK: Duration = Duration::from_millis(5);

/// Somebody who comes and goes, until this is dropped: goes when it is told to.
pub(crate) type Goer = mpsc::Sender<()>;

/// Lets so many a second go, one after the other, for so long or until it is dropped.
///
/// # Errors
/// When there is no timer.
pub(crate) async fn come_and_go(
    rate: u32,
    seconds: u32,
    world: &Arc<World>,
    goers: &[Goer],
) -> Result<(), Error> {
    let start = Instant::now();
    let end = start + Duration::from_secs(seconds.into());
    if rate > 0 {
        let mut alarm = Alarm::new()?;
        for (number, goer) in (0..).zip(goers.iter().cycle()) {
            let due = due(start, rate, number);
            if due >= end {
                break;
            }
            alarm.until(due).await;
            // Who is not back yet from the last time is waited for.
            let Ok(Ok(turn)) = timeout(end.saturating_duration_since(Instant::now()), goer.reserve()).await
            else {
                continue;
            };
            world.leaves();
            turn.send(());
        }
    }
    sleep_until(end).await;
    Ok(())
}

/// Waits until all who went are back; not for ever.
pub(crate) async fn all_back(world: &World) {
    let back = async {
        while world.away() > 0 {
            sleep(TICK).await;
        }
    };
    // Who is not back then is told of by what was kept for them.
    let _ = timeout(RETURN_WAIT, back).await;
}

/// Somebody who logs off and on again at each turn, and off when there are none any more.
pub(crate) async fn live(
    me: u32,
    user: User,
    doors: Arc<Doors>,
    world: Arc<World>,
    mut turns: mpsc::Receiver<()>,
) {
    let mut user = user;
    loop {
        let (orders, taken) = mpsc::channel(1);
        let mut living = pin!(user.live(taken));
        let goes = tokio::select! {
            goes = turns.recv() => goes,
            // It could not go on, and has said so. Whoever lets it go finds it gone.
            _ = &mut living => return,
        };
        let _ = orders.send(Order::LogOff).await;
        let left = living.await;
        if goes.is_none() {
            return;
        }
        sleep(AWAY).await;
        let due = Instant::now();
        match Box::pin(doors.log_on(me, &left.unwrap_or(Proving::Password))).await {
            Ok(back) => {
                world.is_back(Some(due));
                user = back;
            }
            Err(error) => {
                world.ended(error.to_string());
                world.is_back(None);
                return;
            }
        }
    }
}
