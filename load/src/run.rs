//! A run from its beginning to its report.

use crate::attached::{Entrance, Order, Proving};
use crate::processes::Process;
use crate::report::Report;
use crate::usage::{Moment, Watched, megabytes};
use crate::world::World;
use crate::{Error, Pace, Plan, files, floor, messages};
use daemon::{OnError, Shutdown, Tasks};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Log-ons under way at once before anything is measured.
const LOG_ONS: usize = 16;
/// What may wait for one user.
const ORDERS: usize = 64;
/// How often it is shown how far it is.
const SHOWN_EVERY: Duration = Duration::from_millis(250);
/// How long all may take to log off.
const FAREWELL: Duration = Duration::from_secs(30);

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
    let watched = Watched::find(&plan.server, &addresses)?;
    show(Standing {
        done: 0,
        of: 1,
        text: "measuring the floor",
    });
    let command = std::mem::replace(&mut plan.floor, tokio::process::Command::new(""));
    let floor = unless(stop, Box::pin(floor::measure(command, tasks))).await??;
    let before = watched.now()?;
    let under_way = match plan.pace {
        Pace::Rate(_) => None,
        Pace::Closed(count) => Some(count),
    };
    let world = Arc::new(World::new(plan.people.clone(), plan.text_bytes, under_way));
    let users = Box::pin(log_on(&plan, &world, tasks, stop, show)).await?;
    let stage = Stage {
        plan: &plan,
        world,
        watched,
        stop,
    };
    let (seen, interrupted) = Box::pin(stage.messages(&users, show)).await?;
    let report = stage.report(floor, &before, &seen, interrupted);
    for user in users {
        // Who is gone has logged off.
        let _ = user.send(Order::LogOff).await;
    }
    Ok(report)
}

/// Waits for something unless it is asked to stop.
async fn unless<T>(stop: &Shutdown, work: impl Future<Output = T>) -> Result<T, Error> {
    tokio::select! {
        done = work => Ok(done),
        () = stop.requested() => Err(Error::Interrupted),
    }
}

/// Logs everybody on, some at a time.
async fn log_on(
    plan: &Plan,
    world: &Arc<World>,
    tasks: &Tasks,
    stop: &Shutdown,
    show: Show<'_>,
) -> Result<Vec<mpsc::Sender<Order>>, Error> {
    let entrance = Arc::new(Entrance::new(Arc::clone(world), plan));
    let group = tasks.group("user", OnError::Log);
    let count = plan.people.count();
    let proving = &Proving::Password;
    let mut coming = pin!(
        stream::iter(0..count)
            .map(|me| {
                let entrance = Arc::clone(&entrance);
                async move { Box::pin(entrance.log_on(me, proving)).await }
            })
            .buffered(LOG_ONS)
    );
    let mut users = Vec::new();
    while let Some(attached) = unless(stop, coming.try_next()).await?? {
        let (orders, taken) = mpsc::channel(ORDERS);
        group.spawn(async move {
            attached.live(taken).await;
            Ok(())
        });
        users.push(orders);
        let (done, of) = (users.len() as u64, u64::from(count));
        let text = format!("logging on {done} of {of}");
        show(Standing {
            done,
            of,
            text: &text,
        });
    }
    Ok(users)
}

/// What is measured, and with what.
struct Stage<'a> {
    plan: &'a Plan,
    world: Arc<World>,
    watched: Watched,
    stop: &'a Shutdown,
}

/// What was seen while it was measured.
struct Seen {
    took: Duration,
    began: Moment,
    ended: Moment,
    generator: f64,
}

impl Stage<'_> {
    /// Sends messages and looks on. Whether it was interrupted.
    async fn messages(&self, users: &[mpsc::Sender<Order>], show: Show<'_>) -> Result<(Seen, bool), Error> {
        let (began, start) = (self.watched.now()?, Instant::now());
        let generator = own_cpu();
        let mut sending = pin!(messages::send(self.plan, &self.world, users));
        let mut seconds = Seconds::new(&began);
        let mut tick = interval(SHOWN_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let interrupted = loop {
            tokio::select! {
                sent = &mut sending => break sent.map(|()| false)?,
                () = self.stop.requested() => break true,
                _ = tick.tick() => {
                    seconds.tick(self, start.elapsed());
                    self.show(start.elapsed(), show);
                }
            }
        };
        let took = start.elapsed();
        messages::settle(&self.world).await;
        seconds.last(self, start.elapsed());
        let seen = Seen {
            took,
            ended: self.watched.now()?,
            began,
            generator: own_cpu() - generator,
        };
        Ok((seen, interrupted))
    }

    fn show(&self, elapsed: Duration, show: Show<'_>) {
        let (done, of) = (elapsed.as_secs(), u64::from(self.plan.seconds));
        let text = format!(
            "{} done, {} under way, second {done} of {of}",
            self.world.done(),
            self.world.open()
        );
        show(Standing {
            done,
            of,
            text: &text,
        });
    }

    fn report(&self, floor: f64, before: &Moment, seen: &Seen, interrupted: bool) -> Report {
        let verdict = self.world.verdict();
        let (spread, series) = self.world.times();
        let (users_gone, _) = self.world.gone();
        let plan = self.plan;
        let done = verdict.acknowledged();
        let each = |seconds: f64| seconds * 1e6 / done.max(1) as f64;
        let known = self.watched.is_known();
        let cost = (known && done > 0).then(|| each(seen.ended.all.cpu - seen.began.all.cpu));
        let grown = seen.began.all.anonymous.saturating_sub(before.all.anonymous);
        let (rate, concurrency) = match plan.pace {
            Pace::Rate(rate) => (Some(rate), None),
            Pace::Closed(concurrency) => (None, Some(concurrency)),
        };
        Report {
            scenario: "messages",
            via: plan.via.name(),
            users: plan.people.count(),
            seed: plan.seed,
            seconds: seen.took.as_secs_f64(),
            rate,
            concurrency,
            interrupted,
            sent: verdict.sent,
            acknowledged: done,
            delivered: verdict.delivered,
            stored: verdict.stored,
            refused: verdict.refused,
            unanswered: verdict.unanswered,
            lost: verdict.lost,
            doubled: verdict.doubled,
            reordered: verdict.reordered,
            again: verdict.again,
            strange: verdict.strange,
            users_gone,
            per_second: done as f64 / seen.took.as_secs_f64(),
            p50_ms: spread.p50,
            p95_ms: spread.p95,
            p99_ms: spread.p99,
            max_ms: spread.max,
            late_p99_ms: spread.late_p99,
            costs: BTreeMap::from([("server_cpu_us_per_message".to_owned(), cost)]),
            floor_cpu_us: floor,
            ratio_to_floor: cost.map(|cost| cost / floor),
            server_rss_mb: known.then(|| megabytes(seen.ended.all.resident)),
            server_kib_per_user: known.then(|| grown as f64 / 1024.0 / f64::from(plan.people.count())),
            generator_cpu_us: each(seen.generator),
            debug_build: cfg!(debug_assertions),
            processes: seen.ended.since(&seen.began),
            series,
            broken: self.broken(&verdict),
        }
    }

    fn broken(&self, verdict: &crate::check::Verdict) -> Option<String> {
        let mut broken: Vec<String> = verdict.broken().into_iter().collect();
        if verdict.sent > 0 && verdict.acknowledged() == 0 {
            broken.push("nothing was acknowledged".to_owned());
        }
        if let (count, Some(why)) = self.world.gone() {
            broken.push(format!("{count} users could not go on, the first because {why}"));
        }
        (!broken.is_empty()).then(|| broken.join("; "))
    }
}

/// Closes each second of the series.
struct Seconds {
    cpu: f64,
    at: Duration,
}

impl Seconds {
    fn new(began: &Moment) -> Self {
        Self {
            cpu: began.all.cpu,
            at: Duration::ZERO,
        }
    }

    fn tick(&mut self, stage: &Stage<'_>, elapsed: Duration) {
        if elapsed.saturating_sub(self.at) >= Duration::from_secs(1) {
            self.close(stage, elapsed);
        }
    }

    /// What is left when nothing is sent any more.
    fn last(&mut self, stage: &Stage<'_>, elapsed: Duration) {
        self.close(stage, elapsed);
    }

    fn close(&mut self, stage: &Stage<'_>, elapsed: Duration) {
        let now = stage.watched.now().ok().filter(|_| stage.watched.is_known());
        let length = (elapsed - self.at).as_secs_f64().max(0.001);
        let cores = now.as_ref().map(|now| (now.all.cpu - self.cpu) / length);
        let resident = now.as_ref().map(|now| megabytes(now.all.resident));
        stage.world.second(elapsed, resident, cores);
        self.at = elapsed;
        self.cpu = now.map_or(self.cpu, |now| now.all.cpu);
    }
}

/// Seconds of processor time of this process so far; none where the system does not say.
fn own_cpu() -> f64 {
    let used = Process::of(std::process::id()).and_then(|own| own.used());
    used.map_or(0.0, |used| used.cpu)
}
