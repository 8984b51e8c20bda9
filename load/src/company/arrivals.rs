//! Who comes and who goes.

use super::{Company, Seat};
use crate::Error;
use crate::run::{FAREWELL, unless};
use crate::user::{Doors, Order, Proving, User};
use crate::world::World;
use daemon::{OnError, Shutdown, Tasks};
use futures_util::{Stream, StreamExt, stream};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout, timeout_at};

/// Log-ons under way at once while people come one after the other.
const LOG_ONS: usize = 64;
/// Of those who come at once, so many knock in each millisecond: what this process does for more of them would hold up
/// the messages that it sends beside.
const KNOCKS: usize = 8;
const KNOCKS_EVERY: Duration = Duration::from_millis(1);
/// What may wait for one user.
const ORDERS: usize = 64;

/// People who came.
#[derive(Clone, PartialEq, Debug)]
pub struct Arrivals {
    /// How many.
    pub came: u32,
    /// In which time.
    pub took: Duration,
    /// How often the server told somebody to come later.
    pub put_off: u64,
    /// Why somebody did not get in.
    pub failed: Option<String>,
}

/// People who came back, all at the same moment.
pub struct Return {
    /// How many are in.
    pub came: u32,
    /// When the last of them was, since the first knocked.
    pub took: Duration,
    /// Why somebody did not get in.
    pub failed: Option<String>,
    seats: Vec<Seat>,
}

impl Company {
    /// Lets people come until so many are there, or somebody is not let in, or the time is over. `show` is told how many
    /// are there.
    ///
    /// # Errors
    /// The very first is not let in: that is no matter of how many there are.
    pub async fn grow(
        &mut self,
        users: u32,
        within: Duration,
        show: &dyn Fn(u32),
    ) -> Result<Arrivals, Error> {
        let (began, before) = (Instant::now(), self.count());
        let put_off = self.world.times_put_off();
        let users = users.min(self.plan.people.count());
        let doors = Arc::clone(&self.doors);
        let mut coming = pin!(
            stream::iter(before..users)
                .map(|me| {
                    let doors = Arc::clone(&doors);
                    async move { Box::pin(doors.log_on(me, &Proving::Password)).await }
                })
                .buffered(LOG_ONS)
        );
        let mut failed = None;
        loop {
            match timeout_at(began + within, coming.next()).await {
                Ok(None) => break,
                Ok(Some(Ok(user))) => {
                    self.seats.push(seat(user, &self.tasks));
                    show(self.count());
                }
                Ok(Some(Err(error))) if self.seats.is_empty() => return Err(error),
                Ok(Some(Err(error))) => failed = Some(error.to_string()),
                Err(_late) => failed = Some(format!("not all were let in within {} s", within.as_secs())),
            }
            if failed.is_some() {
                break;
            }
        }
        Ok(Arrivals {
            came: self.count() - before,
            took: began.elapsed(),
            put_off: self.world.times_put_off() - put_off,
            failed,
        })
    }

    /// Lets people go until so many are left. Returns who went, with what they may show when they come back.
    pub async fn dismiss(&mut self, left: u32) -> Vec<u32> {
        let gone = self.leave(left).await;
        gone.into_iter().map(|(who, _)| who).collect()
    }

    pub(super) async fn leave(&mut self, left: u32) -> Vec<(u32, Proving)> {
        let going = self.seats.split_off((left as usize).min(self.seats.len()));
        for seat in &going {
            // Who could not go on is gone already.
            let _ = seat.orders.send(Order::LogOff).await;
        }
        let mut gone = Vec::new();
        let until = Instant::now() + FAREWELL;
        for (who, seat) in (left..).zip(going) {
            let proving = timeout_at(until, seat.left).await.ok().and_then(Result::ok);
            gone.push((who, proving.unwrap_or(Proving::Password)));
        }
        gone
    }

    /// Takes in who came back; the numbers of whoever is there stay without a gap.
    pub(super) fn seat_all(&mut self, came: &mut Return) {
        self.seats.append(&mut came.seats);
    }

    /// Everybody that messages are kept for logs off and on again, which is when they are handed over.
    pub(super) async fn fetch(&mut self) {
        for who in self.world.kept_for() {
            let Some(place) = self.seats.get_mut(who as usize) else {
                continue;
            };
            let _ = place.orders.send(Order::LogOff).await;
            let proving = timeout(FAREWELL, &mut place.left).await.ok().and_then(Result::ok);
            self.come_again(who, &proving.unwrap_or(Proving::Password)).await;
        }
    }

    /// Whoever could not go on has been counted, and comes again for what is measured next.
    pub(super) async fn mend(&mut self) {
        for who in 0..self.count() {
            if self.seats[who as usize].orders.is_closed() {
                self.come_again(who, &Proving::Password).await;
            }
        }
    }

    /// Who is not let in stays away, and is missed by whoever writes to them.
    async fn come_again(&mut self, who: u32, proving: &Proving) {
        if let Ok(user) = Box::pin(self.doors.log_on(who, proving)).await {
            self.seats[who as usize] = seat(user, &self.tasks);
        }
    }
}

/// Logs all of them on, so many at a time, within so long and until it is to stop.
pub(super) async fn all_at_once(
    (comers, at_once): (Vec<(u32, Proving)>, u32),
    doors: Arc<Doors>,
    world: Arc<World>,
    tasks: Tasks,
    (within, stop): (Duration, &Shutdown),
) -> Return {
    let began = Instant::now();
    let mut coming = pin!(
        knocking(comers)
            .map(|(me, proving)| comes(me, proving, Arc::clone(&doors), &tasks))
            .buffered(at_once as usize)
    );
    let (mut seats, mut failed, mut took) = (Vec::new(), None, Duration::ZERO);
    loop {
        let next = unless(stop, timeout_at(began + within, coming.next())).await;
        let Ok(next) = next else {
            failed = Some("interrupted".to_owned());
            break;
        };
        match next {
            Ok(None) => break,
            Ok(Some(Err(_))) => {
                failed = Some("a log-on ended without an answer".to_owned());
                break;
            }
            Ok(Some(Ok(Ok(user)))) => {
                seats.push(seat(user, &tasks));
                took = began.elapsed();
            }
            Ok(Some(Ok(Err(error)))) => {
                // Whoever comes after has another number, so the row ends here.
                failed = Some(error.to_string());
                break;
            }
            Err(_late) => {
                failed = Some(format!("not all were let in within {} s", within.as_secs()));
                break;
            }
        }
    }
    if let Some(why) = &failed
        && !stop.is_requested()
    {
        world.ended(why.clone());
    }
    Return {
        came: u32::try_from(seats.len()).unwrap_or(u32::MAX),
        took,
        failed,
        seats,
    }
}

/// People who want in, at most so many in each millisecond.
fn knocking(comers: Vec<(u32, Proving)>) -> impl Stream<Item = (u32, Proving)> {
    let mut tick = interval(KNOCKS_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let knocks = stream::unfold(tick, async |mut tick| {
        tick.tick().await;
        Some((stream::iter(0..KNOCKS), tick))
    });
    stream::iter(comers).zip(knocks.flatten()).map(|(comer, _)| comer)
}

/// Logs somebody on, in a task of its own: whoever sends messages meanwhile is not to wait for it.
fn comes(
    me: u32,
    proving: Proving,
    doors: Arc<Doors>,
    tasks: &Tasks,
) -> oneshot::Receiver<Result<User, Error>> {
    let (mut tell, told) = oneshot::channel();
    tasks.spawn("log-on", OnError::Log, async move {
        let came = tokio::select! {
            came = Box::pin(doors.log_on(me, &proving)) => came,
            // Nobody waits for it any more.
            () = tell.closed() => return Ok(()),
        };
        let _ = tell.send(came);
        Ok(())
    });
    told
}

/// Somebody is there from now on.
fn seat(user: User, tasks: &Tasks) -> Seat {
    let (orders, taken) = mpsc::channel(ORDERS);
    let (leaves, left) = oneshot::channel();
    tasks.spawn("user", OnError::Log, async move {
        if let Some(proving) = user.live(taken).await {
            // Nobody asks where everything ends.
            let _ = leaves.send(proving);
        }
        Ok(())
    });
    Seat { orders, left }
}
