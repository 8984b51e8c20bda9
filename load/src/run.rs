//! A run from its beginning to its report.

use crate::churn::{self, Goer};
use crate::report::Report;
use crate::stage::Stage;
use crate::usage::Watched;
use crate::user::{Doors, Order, Proving, User};
use crate::world::{Made, World};
use crate::{Error, Pace, Plan, Scenario, files, floor};
use daemon::{OnError, Shutdown, Tasks};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Log-ons under way at once before anything is measured.
const LOG_ONS: usize = 16;
/// What may wait for one user.
const ORDERS: usize = 64;
/// How long all may take to log off.
pub(crate) const FAREWELL: Duration = Duration::from_secs(30);

/// How far a run is.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// Parts that are done.
    pub done: u64,
    /// Parts in all.
    pub of: u64,
    /// In words.
    pub text: &'a str,
}

/// Shows how far a run is.
pub type Show<'a> = &'a mut (dyn FnMut(Standing<'_>) + Send);

/// Runs a plan. Everything it starts has ended when it returns.
///
/// # Errors
/// [`Error`]: nothing could be measured. What was measured and is not as it should be is in the report.
pub async fn run(plan: Plan, stop: &Shutdown, show: Show<'_>) -> Result<Report, Error> {
    plan.check()?;
    files::allow(plan.people.count(), plan.files_each())?;
    let tasks = Tasks::new();
    let ran = Box::pin(measured(plan, &tasks, stop, show)).await;
    // Whoever is still there is let go: nothing is measured any more.
    if !tasks.drain(FAREWELL).await.is_empty() {
        tasks.abort();
    }
    ran
}

async fn measured(plan: Plan, tasks: &Tasks, stop: &Shutdown, show: Show<'_>) -> Result<Report, Error> {
    let mut plan = plan;
    let addresses: Vec<SocketAddr> = plan.routers.iter().map(crate::Router::address).collect();
    for router in &plan.routers {
        drop(router.connect().await?);
    }
    let watched = Watched::find(&plan.server, &addresses).await?;
    say(show, "measuring the floor");
    let command = std::mem::replace(&mut plan.floor, tokio::process::Command::new(""));
    let floor = unless(stop, Box::pin(floor::measure(command, tasks))).await??;
    let before = watched.now().await?;
    let made = Made {
        text_bytes: plan.text_bytes,
        contacts: plan.contacts,
        seed: plan.seed,
        goers: plan.goers(),
        under_way: match plan.pace {
            Pace::Rate(_) | Pace::Storm => None,
            Pace::Closed(count) => Some(count),
        },
    };
    let world = Arc::new(World::new(plan.people.clone(), made));
    let doors = Arc::new(Doors::open(&plan, &world, tasks).await?);
    let crowd = Box::pin(gather(&plan, &world, &doors, tasks, stop, show)).await?;
    let stage = Stage {
        plan: &plan,
        world,
        watched,
        stop,
    };
    stage.ready().await?;
    let work = Box::pin(stage.scenario((&crowd.users, &crowd.goers), &doors, tasks, crowd.comers));
    let seen = Box::pin(stage.look_on(work, show)).await?;
    let report = stage.report(floor, &before, &seen);
    for user in crowd.users {
        // Who is gone has logged off.
        let _ = user.send(Order::LogOff).await;
    }
    Ok(report)
}

/// Says what is done now, where there is nothing to count.
pub(crate) fn say(show: Show<'_>, text: &str) {
    show(Standing { done: 0, of: 1, text });
}

/// Waits for something unless it is asked to stop.
pub(crate) async fn unless<T>(stop: &Shutdown, work: impl Future<Output = T>) -> Result<T, Error> {
    tokio::select! {
        done = work => Ok(done),
        () = stop.requested() => Err(Error::Interrupted),
    }
}

/// Who takes part, before it is measured.
struct Crowd {
    /// What users are told is told here.
    users: Vec<mpsc::Sender<Order>>,
    /// Those who come and go.
    goers: Vec<Goer>,
    /// Those who have yet to log on, in the same order.
    comers: Vec<(Proving, mpsc::Receiver<Order>)>,
}

/// Logs everybody on, some at a time; where log-ons are what is measured also off again.
async fn gather(
    plan: &Plan,
    world: &Arc<World>,
    doors: &Arc<Doors>,
    tasks: &Tasks,
    stop: &Shutdown,
    show: Show<'_>,
) -> Result<Crowd, Error> {
    let group = tasks.group("user", OnError::Log);
    let count = plan.people.count();
    let only_visit = plan.scenario == Scenario::LogOn;
    let mut coming = pin!(
        stream::iter(0..count)
            .map(|me| {
                let doors = Arc::clone(doors);
                async move {
                    if only_visit {
                        Box::pin(doors.visit(me)).await.map(Came::Left)
                    } else {
                        Box::pin(doors.log_on(me, &Proving::Password))
                            .await
                            .map(Came::Stayed)
                    }
                }
            })
            .buffered(LOG_ONS)
    );
    let (mut users, mut goers, mut comers) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(came) = unless(stop, coming.try_next()).await?? {
        let (orders, taken) = mpsc::channel(ORDERS);
        let me = u32::try_from(users.len() + goers.len()).unwrap_or(u32::MAX);
        match came {
            Came::Stayed(user) if me >= world.stayers() => {
                let (goer, turns) = mpsc::channel(1);
                goers.push(goer);
                let (doors, world) = (Arc::clone(doors), Arc::clone(world));
                group.spawn(async move {
                    churn::live(me, user, doors, world, turns).await;
                    Ok(())
                });
            }
            Came::Stayed(user) => {
                users.push(orders);
                group.spawn(async move {
                    let _ = user.live(taken).await;
                    Ok(())
                });
            }
            Came::Left(proving) => {
                users.push(orders);
                comers.push((proving, taken));
            }
        }
        let (done, of) = (u64::from(me) + 1, u64::from(count));
        let text = format!("logging on {done} of {of}");
        show(Standing {
            done,
            of,
            text: &text,
        });
    }
    Ok(Crowd { users, goers, comers })
}

/// How somebody came.
enum Came {
    Stayed(User),
    Left(Proving),
}
