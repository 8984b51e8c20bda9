//! One stage after the other, each from what those before have found.

use super::Certify;
use super::place::Place;
use super::show::Show;
use ::load::certify::{
    Certified, Disturbance, Growth, MessageStep, Promises, Ramp, Schedule, Timeline, UserStep,
};
use ::load::{Company, Error, Plan, Talk, Through, Until};
use daemon::Shutdown;
use std::time::Duration;
use tokio::time::Instant;

/// The first rate that is tried.
const RATE_FIRST: u32 = 50;
/// Before anything counts: for so long, at so many messages a second.
const WARM_SECONDS: u32 = 2;
const WARM_RATE: u32 = 50;
/// How long the last answers of a step may take.
const STEP_PATIENCE: Duration = Duration::from_secs(10);
/// And of what happens while people talk: longer than a home asks again for one.
const PATIENCE: Duration = Duration::from_secs(40);
/// What happens begins so long after people have begun to talk.
const QUIET: Duration = Duration::from_secs(3);
/// One of so many talks while the others log on.
const TALKERS: u32 = 10;
/// Megabytes.
const MB: f64 = 1e6;

/// What is asked for, and where.
pub(super) struct Stages<'a> {
    pub(super) asked: &'a Certify,
    pub(super) schedule: &'a Schedule,
    pub(super) began: Instant,
    pub(super) show: &'a Show<'a>,
    pub(super) place: &'a Place,
}

impl Stages<'_> {
    /// Measures one thing after the other. May be dropped at any time: what was measured is written down then.
    pub(super) async fn run(
        &self,
        plan: Plan,
        company: &mut Option<Company>,
        found: &mut Certified,
    ) -> Result<(), Error> {
        self.show.say("measuring the floor");
        let company = company.insert(Box::pin(Company::gather(plan)).await?);
        found.floor = Some(company.floor());
        self.users(company, found).await?;
        if found.users_safe < 2 {
            return Ok(());
        }
        company.dismiss(found.users_safe).await;
        self.messages(company, found).await?;
        let Some(rate) = found.rate_safe else {
            return Ok(());
        };
        // With room for what happens.
        let talk = Talk {
            rate: (rate / 2).max(1),
            among: found.users_safe,
            patience: PATIENCE,
        };
        self.storm(company, talk, found).await?;
        if self.asked.allow_drain {
            Box::pin(self.drain(company, talk, found)).await?;
        }
        if self.asked.allow_kill {
            Box::pin(self.kill(company, talk, found)).await?;
        }
        Ok(())
    }

    fn left(&self) -> Duration {
        self.schedule.last().saturating_sub(self.began.elapsed())
    }

    async fn users(&self, company: &mut Company, found: &mut Certified) -> Result<(), Error> {
        let mut growth = Growth::new(self.asked.max_users);
        let until = Instant::now() + self.schedule.people();
        while let Some(users) = growth.next_users() {
            let show = |there: u32| {
                self.show
                    .say(&format!("{there} of {} users online", self.asked.max_users))
            };
            let within = until.saturating_duration_since(Instant::now());
            let arrivals = company.grow(users, within, &show).await?;
            if found.users.is_empty() {
                self.warm(company, users).await?;
            }
            let memory = company.server_memory().await?;
            let there = company.count();
            let (each, broken) = growth.told(there, memory, arrivals.failed.as_deref(), &found.promises);
            found.users_safe = growth.safe();
            found.users.push(UserStep {
                users: there,
                came: arrivals.came,
                log_ons_per_second: f64::from(arrivals.came) / arrivals.took.as_secs_f64().max(0.001),
                put_off: arrivals.put_off,
                server_mb: memory.map(|octets| octets as f64 / MB),
                bytes_per_user: each,
                broken,
            });
        }
        Ok(())
    }

    /// What is done for the first time takes longer, and is not what is measured.
    async fn warm(&self, company: &mut Company, among: u32) -> Result<(), Error> {
        let talk = Talk {
            rate: WARM_RATE.min(self.asked.max_rate),
            among,
            patience: STEP_PATIENCE,
        };
        company.talk(talk, WARM_SECONDS).await?;
        Ok(())
    }

    async fn messages(&self, company: &mut Company, found: &mut Certified) -> Result<(), Error> {
        self.show.say("people begin to talk");
        self.warm(company, found.users_safe).await?;
        let mut ramp = Ramp::new(RATE_FIRST, self.asked.max_rate, self.schedule.steps(self.left()));
        while let Some(next) = ramp.next_try() {
            if self.schedule.steps(self.left()) == 0 {
                // Steps were slower than planned: what comes after them needs its time.
                break;
            }
            let again = if next.again { " once more" } else { "" };
            self.show.say(&format!("{} messages/s{again}", next.rate));
            let talk = Talk {
                rate: next.rate,
                among: found.users_safe,
                patience: STEP_PATIENCE,
            };
            let spell = company.talk(talk, self.asked.step_seconds).await?;
            let broken = found.promises.broken_by(&spell);
            ramp.told(broken.is_none());
            (found.rate_safe, found.rate_confirmed) = (ramp.safe(), ramp.is_confirmed());
            found.messages.push(MessageStep {
                repeated: next.again,
                spell,
                broken,
            });
        }
        Ok(())
    }

    async fn storm(&self, company: &mut Company, talk: Talk, found: &mut Certified) -> Result<(), Error> {
        let among = (talk.among / TALKERS).max(2);
        if among >= talk.among {
            found
                .left_out
                .push("the log-on storm: there are too few users".to_owned());
            return Ok(());
        }
        self.show.say("all but some log off, to come back at once");
        let talk = Talk { among, ..talk };
        let until = until(&found.promises, Duration::from_secs(3), Duration::from_secs(20));
        let through = company.storm(talk, until, &never()).await?;
        let (came, failed) = (through.happened.came, through.happened.failed.clone());
        let mut storm = disturbance(through, talk, &found.promises);
        (storm.people, storm.failed) = (came.into(), failed);
        found.storm = Some(storm);
        Ok(())
    }

    async fn drain(&self, company: &mut Company, talk: Talk, found: &mut Certified) -> Result<(), Error> {
        let fullest = self.place.fullest().await;
        let fullest = fullest.and_then(|fullest| self.place.others_may_take(&fullest).map(|()| fullest));
        let fullest = match fullest {
            Ok(fullest) => fullest,
            Err(error) => {
                found.left_out.push(format!("the drain: {error:#}"));
                return Ok(());
            }
        };
        let talk = Talk {
            among: company.count(),
            ..talk
        };
        let member = fullest.member.id.to_string();
        let say = |text: &str| self.show.say(&format!("draining {member}: {text}"));
        say("people talk");
        let until = until(&found.promises, Duration::from_secs(2), Duration::from_secs(10));
        let draining = Box::pin(self.place.drain(&fullest, &say));
        let through = Box::pin(company.talk_through(talk, until, &never(), draining)).await?;
        let failed = through.happened.as_ref().err().map(|error| format!("{error:#}"));
        let mut drain = disturbance(through, talk, &found.promises);
        (drain.member, drain.people, drain.failed) = (Some(member.clone()), fullest.people, failed);
        found.drain = Some(drain);
        let say = |text: &str| self.show.say(&format!("{member} takes people again: {text}"));
        if let Err(error) = self.place.undrain(&say).await {
            found
                .left_out
                .push(format!("to give {member} people again: {error:#}"));
        }
        Ok(())
    }

    async fn kill(&self, company: &mut Company, talk: Talk, found: &mut Certified) -> Result<(), Error> {
        let fullest = self.place.fullest().await;
        let victim = fullest.and_then(|fullest| Ok((self.place.victim(&fullest)?, fullest)));
        let (victim, fullest) = match victim {
            Ok(found) => found,
            Err(error) => {
                found.left_out.push(format!("the kill: {error:#}"));
                return Ok(());
            }
        };
        let talk = Talk {
            among: company.count(),
            ..talk
        };
        let member = fullest.member.id.to_string();
        self.show.say(&format!("killing {member} while people talk"));
        let until = until(&found.promises, Duration::from_secs(5), Duration::from_secs(25));
        let killing = async { victim.kill() };
        let through = company.talk_through(talk, until, &never(), killing).await?;
        let failed = through.happened.as_ref().err().map(|error| format!("{error:#}"));
        let mut kill = disturbance(through, talk, &found.promises);
        (kill.member, kill.people, kill.failed) = (Some(member), fullest.people, failed);
        found.kill = Some(kill);
        Ok(())
    }
}

/// What is to stop is dropped: nothing must happen to a cluster because a wait before it was cut short.
fn never() -> Shutdown {
    Shutdown::new()
}

/// What is seen around something that happens.
fn until(promises: &Promises, least: Duration, most: Duration) -> Until {
    Until {
        quiet: QUIET,
        least,
        most,
        limit_ms: promises.p99_ms,
    }
}

fn disturbance<T>(through: Through<T>, talk: Talk, promises: &Promises) -> Disturbance {
    let happened = (through.began, through.took);
    let timeline = Timeline::new(&through.log, talk.rate, happened, promises.p99_ms);
    Disturbance::new(through.spell, timeline)
}
