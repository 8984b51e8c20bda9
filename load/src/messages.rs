//! Messages between people drawn from the seed, each checked where it arrives.

use crate::Error;
use crate::alarm::Alarm;
use crate::people::Draw;
use crate::user::Order;
use crate::world::World;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// How long the last answers may take: longer than a home asks again for one.
pub(crate) const ANSWERS_WAIT: Duration = Duration::from_secs(40);
/// How long what was acknowledged may take to be heard. It was heard before, so this is for what is under way here.
const HEARD_WAIT: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_millis(5);

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Course {
    /// Who writes to whom is drawn from it.
    pub(crate) seed: u64,
    pub(crate) seconds: u32,
    /// So many a second; none to send when there is room.
    pub(crate) rate: Option<u32>,
}

/// Sends for as long as it is said or until it is dropped, among these users.
///
/// # Errors
/// When there is no timer.
pub(crate) async fn send(
    course: Course,
    world: &Arc<World>,
    users: &[mpsc::Sender<Order>],
) -> Result<(), Error> {
    let writers = u32::try_from(users.len()).unwrap_or(u32::MAX);
    // All who are there write, and some may be written to who come and go.
    let mut draw = Draw::new(
        course.seed,
        writers,
        writers + (world.people.count() - world.stayers()),
    );
    let start = Instant::now();
    let end = start + Duration::from_secs(course.seconds.into());
    let mut alarm = Alarm::new()?;
    for number in 0_u64.. {
        let due = match course.rate {
            Some(rate) => due(start, rate, number),
            None => {
                if timeout(end - start, world.has_room()).await.is_err() {
                    break;
                }
                Instant::now()
            }
        };
        if due >= end {
            break;
        }
        alarm.until(due).await;
        let pair = draw.pair();
        let Some(letter) = world.letter(pair, due) else {
            break;
        };
        // A user whose queue is full holds up the others, and all of them are late: which counts as latency.
        let told = users[pair.0 as usize].send(Order::Send(letter)).await;
        if told.is_err() {
            // The user is gone, which is told elsewhere; the message stays without an answer.
            world.forget();
        }
    }
    sleep_until(end).await;
    Ok(())
}

/// When the one of that number is due.
pub(crate) fn due(start: Instant, rate: u32, number: u64) -> Instant {
    let seconds = number / u64::from(rate);
    let rest = number % u64::from(rate);
    start + Duration::from_secs(seconds) + Duration::from_nanos(rest * 1_000_000_000 / u64::from(rate))
}

/// Waits until everything that was kept for somebody is heard, who is there; not for ever.
pub(crate) async fn hand_over(world: &World) {
    let heard = async {
        while world.verdict().kept > 0 {
            sleep(TICK * 20).await;
        }
    };
    let _ = timeout(HEARD_WAIT, heard).await;
}

/// Waits until everything that was sent is answered, at most so long, and what was acknowledged is heard; not for ever.
pub(crate) async fn settle(world: &World, patience: Duration) {
    let answered = async {
        while world.open() > 0 {
            sleep(TICK).await;
        }
    };
    // What has no answer then is reported.
    let _ = timeout(patience, answered).await;
    let told = async {
        while world.untold() > 0 {
            sleep(TICK).await;
        }
    };
    let _ = timeout(HEARD_WAIT, told).await;
    let heard = async {
        while world.verdict().lost > 0 {
            sleep(TICK * 20).await;
        }
    };
    let _ = timeout(HEARD_WAIT, heard).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_due_at_a_rate_is_spread_evenly_and_does_not_drift() {
        let start = Instant::now();
        let at = |rate, number| due(start, rate, number) - start;
        assert_eq!(at(50, 0), Duration::ZERO);
        assert_eq!(at(50, 1), Duration::from_millis(20));
        assert_eq!(at(3, 1), Duration::from_nanos(333_333_333));
        assert_eq!(at(3, 3_000_000_000), Duration::from_secs(1_000_000_000));
        assert_eq!(
            (0..)
                .take_while(|number| at(7, *number) < Duration::from_secs(2))
                .count(),
            14
        );
    }
}
