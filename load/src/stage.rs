//! What is measured while somebody looks on: the scenario, and each second of it.

use crate::churn::{self, Goer};
use crate::processes::Process;
use crate::run::{Show, Standing, unless};
use crate::usage::{Moment, Watched, megabytes};
use crate::user::{Doors, Order, Proving};
use crate::world::World;
use crate::{Error, Pace, Plan, Scenario, changes, messages, storm};
use daemon::{Shutdown, Tasks};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// In an office day.
const MESSAGES_PER_CHANGE: u32 = 10;
/// How often it is shown how far it is.
const SHOWN_EVERY: Duration = Duration::from_millis(250);

/// What is measured, and with what.
pub(crate) struct Stage<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) world: Arc<World>,
    pub(crate) watched: Watched,
    pub(crate) stop: &'a Shutdown,
}

/// What was seen while it was measured.
pub(crate) struct Seen {
    pub(crate) took: Duration,
    pub(crate) began: Moment,
    pub(crate) ended: Moment,
    pub(crate) generator: f64,
    pub(crate) interrupted: bool,
}

impl Stage<'_> {
    /// Waits until what is measured may begin.
    pub(crate) async fn ready(&self) -> Result<(), Error> {
        let at_once = match self.plan.pace {
            Pace::Rate(_) | Pace::Storm => u32::MAX,
            Pace::Closed(concurrency) => concurrency,
        };
        match self.plan.scenario {
            Scenario::Presence | Scenario::Office => {
                unless(self.stop, changes::ready(&self.world, at_once)).await?
            }
            Scenario::Messages | Scenario::LogOn => Ok(()),
        }
    }

    /// What is measured.
    pub(crate) async fn scenario(
        &self,
        (users, goers): (&[mpsc::Sender<Order>], &[Goer]),
        doors: &Arc<Doors>,
        tasks: &Tasks,
        comers: Vec<(Proving, mpsc::Receiver<Order>)>,
    ) -> Result<(), Error> {
        let (plan, world) = (self.plan, &self.world);
        let rate = match plan.pace {
            Pace::Rate(rate) => Some(rate),
            Pace::Closed(_) | Pace::Storm => None,
        };
        let course = messages::Course {
            seed: plan.seed,
            seconds: plan.seconds,
            rate,
        };
        match plan.scenario {
            Scenario::Messages => messages::send(course, world, users).await,
            Scenario::Presence => changes::make(plan, rate, world, users).await,
            Scenario::LogOn => storm::log_on(plan, world, doors, tasks, comers).await,
            Scenario::Office => {
                let seldom = rate.map(|rate| rate.div_ceil(MESSAGES_PER_CHANGE));
                let all = futures_util::future::try_join3(
                    messages::send(course, world, users),
                    changes::make(plan, seldom, world, users),
                    churn::come_and_go(plan.churn, plan.seconds, world, goers),
                );
                all.await.map(|_| ())
            }
        }
    }

    /// Looks on while it happens, until it ends or is to end.
    pub(crate) async fn look_on(
        &self,
        mut work: Pin<Box<impl Future<Output = Result<(), Error>>>>,
        show: Show<'_>,
    ) -> Result<Seen, Error> {
        let (began, start) = (self.watched.now().await?, Instant::now());
        let generator = own_cpu();
        let mut seconds = Seconds::new(&began);
        let mut tick = interval(SHOWN_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let interrupted = loop {
            tokio::select! {
                done = &mut work => break done.map(|()| false)?,
                () = self.stop.requested() => break true,
                _ = tick.tick() => {
                    seconds.tick(self, start.elapsed()).await;
                    self.show(start.elapsed(), show);
                }
            }
        };
        let took = start.elapsed();
        if self.plan.scenario != Scenario::LogOn {
            churn::all_back(&self.world).await;
            messages::settle(&self.world, messages::ANSWERS_WAIT).await;
        }
        if self.plan.scenario == Scenario::Office {
            messages::hand_over(&self.world).await;
        }
        seconds.last(self, start.elapsed()).await;
        Ok(Seen {
            took,
            ended: self.watched.now().await?,
            began,
            generator: own_cpu() - generator,
            interrupted,
        })
    }

    fn show(&self, elapsed: Duration, show: Show<'_>) {
        let done = self.world.done();
        let under_way = self.world.open() + self.world.untold();
        let (done, of, text) = if self.plan.scenario == Scenario::LogOn {
            let of = u64::from(self.plan.people.count());
            (
                done,
                of,
                format!("{done} of {of} logged on, {under_way} under way"),
            )
        } else {
            let (second, of) = (elapsed.as_secs(), u64::from(self.plan.seconds));
            (
                second,
                of,
                format!("{done} done, {under_way} under way, second {second} of {of}"),
            )
        };
        show(Standing {
            done,
            of,
            text: &text,
        });
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

    async fn tick(&mut self, stage: &Stage<'_>, elapsed: Duration) {
        if elapsed.saturating_sub(self.at) >= Duration::from_secs(1) {
            self.close(stage, elapsed).await;
        }
    }

    /// What is left when nothing is sent any more.
    async fn last(&mut self, stage: &Stage<'_>, elapsed: Duration) {
        self.close(stage, elapsed).await;
    }

    async fn close(&mut self, stage: &Stage<'_>, elapsed: Duration) {
        let now = stage
            .watched
            .now()
            .await
            .ok()
            .filter(|_| stage.watched.is_known());
        let length = (elapsed - self.at).as_secs_f64().max(0.001);
        let cores = now.as_ref().map(|now| (now.all.cpu - self.cpu) / length);
        let resident = now.as_ref().map(|now| megabytes(now.all.resident));
        stage.world.second(elapsed, resident, cores);
        self.at = elapsed;
        self.cpu = now.map_or(self.cpu, |now| now.all.cpu);
    }
}

/// Seconds of processor time of this process so far; none where the system does not say.
pub(crate) fn own_cpu() -> f64 {
    let used = Process::of(std::process::id()).and_then(|own| own.used());
    used.map_or(0.0, |used| used.cpu)
}
