//! People who talk at a rate: for so long, or while something happens to the cluster.

use super::{Company, Return, arrivals};
use crate::messages::{self, Course};
use crate::report::{Counts, Times};
use crate::run::unless;
use crate::stage::own_cpu;
use crate::timing::Timed;
use crate::usage::Moment;
use crate::{Error, world::World};
use daemon::Shutdown;
use serde::Serialize;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

/// How often is looked how it goes.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Seconds' worth of messages without an answer: a rate is not held that is so far behind.
const BEHIND_SECONDS: u64 = 2;
/// And so many at least, for small rates.
const BEHIND_LEAST: u64 = 100;
/// How long nothing must be refused or stay away before it is as before.
const CALM: Duration = Duration::from_secs(3);
/// What is always under way.
const UNDER_WAY: u64 = 4;

/// What is said.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Talk {
    /// Messages a second.
    pub rate: u32,
    /// The first so many write to each other.
    pub among: u32,
    /// For how long the last answers are waited for.
    pub patience: Duration,
}

/// What came of it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Spell {
    /// Messages a second that were asked for.
    pub rate: u32,
    /// How many wrote to each other.
    pub talkers: u32,
    /// For how long.
    pub seconds: f64,
    /// Acknowledged in a second.
    pub per_second: f64,
    /// What became of the messages.
    #[serde(flatten)]
    pub counts: Counts,
    /// Kept for somebody who was not handed it, even after logging on again.
    pub kept: u64,
    /// Users who could not go on.
    pub users_gone: u64,
    /// How long it took.
    #[serde(flatten)]
    pub times: Times,
    /// It was broken off, because answers stayed away.
    pub broken_off: bool,
    /// Processor time of the server for each, where it is known.
    pub server_cpu_us_per_message: Option<f64>,
    /// The same of this process.
    pub generator_cpu_us_per_message: f64,
}

/// When what is seen after something has happened is enough.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Until {
    /// Before it happens.
    pub quiet: Duration,
    /// After it at least.
    pub least: Duration,
    /// After it at most.
    pub most: Duration,
    /// Slower than that is not as before.
    pub limit_ms: f64,
}

/// Talk while something happened.
pub struct Through<T> {
    /// All of it.
    pub spell: Spell,
    /// Each message.
    pub log: Vec<Timed>,
    /// When it began to happen, since the talk began.
    pub began: Duration,
    /// How long it took.
    pub took: Duration,
    /// What came of it.
    pub happened: T,
}

impl Company {
    /// Lets people talk for so long. It ends early when answers stay away.
    ///
    /// # Errors
    /// Nothing can be measured.
    pub async fn talk(&mut self, talk: Talk, seconds: u32) -> Result<Spell, Error> {
        let before = self.begin(false).await?;
        let users = self.orders(talk.among);
        let course = self.course(talk, seconds);
        let world = Arc::clone(&self.world);
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let broken_off = {
            let mut work = pin!(messages::send(course, &world, &users));
            loop {
                tokio::select! {
                    done = &mut work => break done.map(|()| false)?,
                    _ = look.tick() => if is_behind(&world, talk.rate) {
                        break true;
                    }
                }
            }
        };
        self.end(talk, before, broken_off).await
    }

    /// Lets people talk before something happens, while it does, and after it until it is as before. What is waited for
    /// before and after is cut short when it is to stop; what happens sees to that itself.
    ///
    /// # Errors
    /// Nothing can be measured.
    pub async fn talk_through<T>(
        &mut self,
        talk: Talk,
        until: Until,
        stop: &Shutdown,
        happening: impl Future<Output = T>,
    ) -> Result<Through<T>, Error> {
        let before = self.begin(true).await?;
        let users = self.orders(talk.among);
        let course = self.course(talk, u32::MAX);
        let start = Instant::now();
        let (mut began, mut took) = (Duration::ZERO, Duration::ZERO);
        let happened = {
            let world = &self.world;
            let happens = async {
                let _ = unless(stop, sleep(until.quiet)).await;
                began = start.elapsed();
                let happened = happening.await;
                took = start.elapsed() - began;
                let _ = unless(stop, calm(world, talk, until)).await;
                happened
            };
            let (mut happens, mut work) = (pin!(happens), pin!(messages::send(course, world, &users)));
            loop {
                tokio::select! {
                    happened = &mut happens => break happened,
                    done = &mut work => {
                        // It goes on for as long as a number can say, or there is no timer.
                        done?;
                    }
                }
            }
        };
        let spell = self.end(talk, before, false).await?;
        let log = self.world.take_log();
        Ok(Through {
            spell,
            log,
            began,
            took,
            happened,
        })
    }

    /// All but so many go; then all of them come back at once while the others talk. When it is to stop, whoever is not
    /// back yet stays away.
    ///
    /// # Errors
    /// Nothing can be measured.
    pub async fn storm(
        &mut self,
        talk: Talk,
        until: Until,
        stop: &Shutdown,
    ) -> Result<Through<Return>, Error> {
        let comers = self.leave(talk.among).await;
        // What they leave behind is none of the storm.
        sleep(CALM).await;
        let (doors, world) = (Arc::clone(&self.doors), Arc::clone(&self.world));
        let ends = (until.most, stop);
        let coming = arrivals::all_at_once(
            (comers, self.plan.at_once),
            doors,
            world,
            self.tasks.clone(),
            ends,
        );
        let mut through = Box::pin(self.talk_through(talk, until, stop, coming)).await?;
        self.seat_all(&mut through.happened);
        Ok(through)
    }

    async fn begin(&mut self, log: bool) -> Result<Before, Error> {
        self.mend().await;
        self.turns += 1;
        self.world.turn(log);
        Ok(Before {
            server: self.now().await?,
            generator: own_cpu(),
            start: Instant::now(),
        })
    }

    fn orders(&self, among: u32) -> Vec<tokio::sync::mpsc::Sender<crate::user::Order>> {
        let talkers = self.seats.iter().take(among as usize);
        talkers.map(|seat| seat.orders.clone()).collect()
    }

    fn course(&self, talk: Talk, seconds: u32) -> Course {
        Course {
            seed: self.plan.seed.wrapping_add(self.turns),
            seconds,
            rate: Some(talk.rate),
        }
    }

    async fn end(&mut self, talk: Talk, before: Before, broken_off: bool) -> Result<Spell, Error> {
        let seconds = before.start.elapsed().as_secs_f64();
        messages::settle(&self.world, talk.patience).await;
        if !self.world.kept_for().is_empty() {
            self.fetch().await;
            messages::settle(&self.world, talk.patience).await;
        }
        let generator = own_cpu() - before.generator;
        let server = match (before.server, self.now().await?) {
            (Some(before), Some(now)) => Some(now.all.cpu - before.all.cpu),
            (_, _) => None,
        };
        let verdict = self.world.verdict();
        let (spread, _) = self.world.times();
        let acknowledged = verdict.acknowledged();
        let each = |seconds: f64| seconds * 1e6 / acknowledged.max(1) as f64;
        Ok(Spell {
            rate: talk.rate,
            talkers: talk.among.min(self.count()),
            seconds,
            per_second: acknowledged as f64 / seconds.max(0.001),
            counts: Counts::of(&verdict, acknowledged),
            kept: verdict.kept,
            users_gone: self.world.gone().0,
            times: spread.into(),
            broken_off,
            server_cpu_us_per_message: server.filter(|_| acknowledged > 0).map(each),
            generator_cpu_us_per_message: each(generator),
        })
    }
}

struct Before {
    server: Option<Moment>,
    generator: f64,
    start: Instant,
}

/// Whether more messages wait for their answers than a rate that is held leaves.
fn is_behind(world: &World, rate: u32) -> bool {
    world.open() > (u64::from(rate) * BEHIND_SECONDS).max(BEHIND_LEAST)
}

/// Returns when for a while nothing was refused and no answer stayed away, or when it has taken too long.
async fn calm(world: &World, talk: Talk, until: Until) {
    let (start, mut since, mut refused) = (Instant::now(), Instant::now(), world.refused());
    // What is under way in as long as an answer may take.
    let under_way = (f64::from(talk.rate) * until.limit_ms / 1e3).ceil() as u64 + UNDER_WAY;
    loop {
        sleep(LOOK_EVERY).await;
        if world.refused() != refused || world.open() > under_way {
            (since, refused) = (Instant::now(), world.refused());
        }
        let is_calm = since.elapsed() >= CALM && start.elapsed() >= until.least;
        if is_calm || start.elapsed() >= until.most {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Answer;
    use crate::world::Made;

    fn world() -> World {
        World::small(2, Made::small(0))
    }

    const TALK: Talk = Talk {
        rate: 100,
        among: 2,
        patience: Duration::from_secs(1),
    };
    const UNTIL: Until = Until {
        quiet: Duration::from_secs(1),
        least: Duration::from_secs(5),
        most: Duration::from_secs(20),
        limit_ms: 10.0,
    };

    #[tokio::test(start_paused = true)]
    async fn a_rate_is_behind_with_two_seconds_worth_of_answers_missing() {
        let world = world();
        for _ in 0..200 {
            world.letter((0, 1), Instant::now()).unwrap();
        }
        assert!(!is_behind(&world, 100) && is_behind(&world, 99));
        assert!(is_behind(&world, 1), "also at small rates, beyond a hundred");
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_calm_when_for_a_while_nothing_is_refused_or_stays_away() {
        let (world, start) = (world(), Instant::now());
        calm(&world, TALK, UNTIL).await;
        assert!(start.elapsed() >= UNTIL.least && start.elapsed() < UNTIL.least + LOOK_EVERY * 2);

        let start = Instant::now();
        let refusals = async {
            for _ in 0..8 {
                sleep(Duration::from_secs(1)).await;
                let letter = world.letter((0, 1), Instant::now()).unwrap();
                world.answered(&letter, Answer::Refused);
            }
        };
        futures_util::future::join(calm(&world, TALK, UNTIL), refusals).await;
        let took = start.elapsed().as_secs_f64();
        assert!((11.0..11.6).contains(&took), "{took}");

        // Answers that never come hold it up, but not for ever.
        for _ in 0..100 {
            world.letter((0, 1), Instant::now()).unwrap();
        }
        let start = Instant::now();
        calm(&world, TALK, UNTIL).await;
        assert!(start.elapsed() >= UNTIL.most);
    }
}
