//! `homeport certify`: how many people and messages a cluster carries before a promise breaks, and what people notice when
//! many log on at once, or a home server drains or dies. What to try next, what it means and the report are in
//! `load::certify`, the clients in `load::Company`; here are the command line, the cluster and what happens to it.

mod machine;
mod place;
mod promise;
mod report;
mod show;
mod stages;
mod started;
mod victim;

use crate::Usage;
use crate::data::Recorded;
use crate::load::target::Target;
use crate::load::{CONTACTS, TEXT_BYTES, THREADS, ViaArgument, explained, floor};
use crate::output::Output;
use ::load::certify::{Asked, Certified, Schedule};
use ::load::{Company, Pace, Plan, Scenario};
use anyhow::{Context, Result, bail, ensure};
use daemon::Shutdown;
use place::Place;
use report::Folder;
use show::Show;
use stages::Stages;
use started::Started;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;
use tokio::time::{Instant, interval, sleep_until, timeout};

/// How often it is shown how much of the time is used.
const SHOWN_EVERY: Duration = Duration::from_secs(1);
/// How long everybody may take to log off, once it is over.
const FAREWELL: Duration = Duration::from_secs(8);

/// Find out how many people and messages a cluster carries, and write a report
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport certify enterprise --allow-kill --allow-drain
      Start the topology for it, each role a process of its own, and write the report into `certified`
  homeport certify --make-accounts --max-users 5000 --budget 20m
      On the `homeport up` that runs here
  homeport certify --server http://10.0.0.5:8080 --names load{number}@im.example.com \\
      --password-file load.password --p99 25ms --report friday --json
      On routers elsewhere, with accounts that are there; nothing happens to its home servers

It says beforehand how long it takes at most. People log on until memory or the server sets a limit; rates of messages are \
doubled and halved until one has held twice; then many log on at once while others talk. Nothing is killed or \
drained without --allow-kill or --allow-drain. Ctrl-C ends it early and writes what it has. The exit code is 0 when there \
is a safe operating point and nothing that was acknowledged was lost. docs/certify.md says what each figure means.")]
pub(crate) struct Certify {
    /// Start this topology for it, in a folder of its own: a file, or the name of one that is built in
    #[arg(
        value_name = "TOPOLOGY",
        conflicts_with_all = ["server", "data", "names", "password_file", "make_accounts", "pid", "metrics"]
    )]
    topology: Option<String>,
    #[command(flatten)]
    target: Target,
    /// No more users than that
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    max_users: u32,
    /// No more messages a second than that
    #[arg(long, value_name = "N", default_value_t = ::load::RATE_MAX)]
    max_rate: u32,
    /// How long a rate has to hold
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
    step_seconds: u32,
    /// How long all of it may take, such as 10m
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = humantime::parse_duration)]
    budget: Duration,
    /// Kill a home server while people talk: one that this has started, or the `homeport up` on --data
    #[arg(long, conflicts_with = "server")]
    allow_kill: bool,
    /// Drain a home server while people talk, and give it people again
    #[arg(long, conflicts_with = "server")]
    allow_drain: bool,
    /// Others whom everybody watches
    #[arg(long, value_name = "N", default_value_t = CONTACTS)]
    contacts: u32,
    /// How clients reach the cluster
    #[arg(long, value_name = "HOW", value_enum, default_value_t = ViaArgument::Attachment)]
    via: ViaArgument,
    /// What everything is drawn from: the same seed draws the same people
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The folder for report.md, report.json and the pictures; made if it is missing
    #[arg(long, value_name = "DIR", default_value = "certified")]
    report: PathBuf,
    /// Print report.json instead of the table of promises
    #[arg(long)]
    json: bool,
    // Last, since its heading is that of whatever comes after it.
    #[command(flatten)]
    promised: promise::Arguments,
}

/// How it came to its end.
#[derive(Debug)]
enum Ended {
    /// Everything was measured.
    Whole,
    /// Something could not be measured.
    Failed(::load::Error),
    /// It was to end before everything was measured.
    Early(&'static str),
}

/// Lets it go on until it ends, is asked to, or has no time left. Meanwhile it is shown that it does.
async fn until_ended(
    work: impl Future<Output = Result<(), ::load::Error>>,
    stop: &Shutdown,
    last: Instant,
    show: impl Fn(),
) -> Ended {
    let mut work = pin!(work);
    let mut tick = interval(SHOWN_EVERY);
    loop {
        tokio::select! {
            done = &mut work => return done.map_or_else(Ended::Failed, |()| Ended::Whole),
            () = stop.requested() => return Ended::Early("interrupted"),
            () = sleep_until(last) => return Ended::Early("the budget was used up"),
            _ = tick.tick() => show(),
        }
    }
}

impl Certify {
    /// Certifies.
    ///
    /// # Errors
    /// Nothing could be measured, or it is not safe; says what.
    pub(crate) fn run(self, output: &Output) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .build();
        runtime.context("start")?.block_on(Box::pin(self.certify(output)))
    }

    async fn certify(&self, output: &Output) -> Result<()> {
        let stop = Shutdown::on_signals().context("listen for signals")?;
        let began = Instant::now();
        let schedule = Schedule::new(Asked {
            budget: self.budget,
            step: Duration::from_secs(self.step_seconds.into()),
            starts: self.topology.is_some(),
            drains: self.allow_drain,
            kills: self.allow_kill,
        });
        let schedule = schedule.map_err(Usage)?;
        ensure!(
            (2..=::load::USERS_MAX).contains(&self.max_users),
            Usage(format!("users must be 2 to {}", ::load::USERS_MAX))
        );
        let recorded = self.topology.as_ref().map(|name| Recorded::new(name, None));
        if let Some(recorded) = &recorded {
            recorded.load()?;
        }
        let folder = Folder::prepare(&self.report)?;
        if cfg!(debug_assertions) {
            output.warning("this is a debug build: build with --release to measure");
        }
        output.note(&schedule.sentence(self.max_users));
        let show = Show::new(output, began, self.budget);
        let started = match &recorded {
            None => None,
            Some(recorded) => {
                show.say("starting the cluster");
                tokio::select! {
                    started = Started::start(recorded) => Some(started?),
                    () = stop.requested() => bail!("interrupted before anything was measured"),
                }
            }
        };
        let measured = Box::pin(self.on_cluster(started.as_ref(), (&schedule, began), &show, &stop)).await;
        show.say("stopping");
        if let Some(started) = started {
            started.stop().await;
        }
        drop(show);
        let certified = measured?;
        folder.write(&certified)?;
        self.tell(&certified, &folder, output)
    }

    /// Measures the cluster that runs. Nobody is logged on when it returns, and what was drained has people again.
    async fn on_cluster(
        &self,
        started: Option<&Started>,
        (schedule, began): (&Schedule, Instant),
        show: &Show<'_>,
        stop: &Shutdown,
    ) -> Result<Certified> {
        let own;
        let target = match started {
            Some(started) => {
                own = Target::on(started.data().to_owned());
                &own
            }
            None => &self.target,
        };
        let plan = self.plan(target, show).await?;
        let place = Place::find(target, started, plan.routers.len()).await;
        let mut certified = self.nothing_yet(&plan, &place, started.is_some());
        let stages = Stages {
            asked: self,
            schedule,
            began,
            show,
            place: &place,
        };
        let mut company: Option<Company> = None;
        let work = Box::pin(stages.run(plan, &mut company, &mut certified));
        let ended = until_ended(work, stop, began + schedule.last(), || show.again()).await;
        place.leave().await;
        match company {
            // Its cluster is stopped next.
            Some(company) if started.is_some() => company.abandon(),
            Some(company) => {
                // Whoever is left then is let go by the end of this process.
                let _ = timeout(FAREWELL, company.part()).await;
            }
            None => {}
        }
        match ended {
            Ended::Whole => {}
            Ended::Failed(error) if certified.users.is_empty() => return Err(explained(error, target)),
            Ended::Failed(error) => certified.ended_early = Some(error.to_string()),
            Ended::Early(why) => certified.ended_early = Some(why.to_owned()),
        }
        certified.seconds = began.elapsed().as_secs_f64();
        Ok(certified.judged())
    }

    async fn plan(&self, target: &Target, show: &Show<'_>) -> Result<Plan> {
        let (routers, people) = (target.routers().await?, target.people(self.max_users)?);
        show.say("making accounts");
        let password = target.password(&people, show.output()).await?;
        Ok(Plan {
            routers,
            password,
            fresh_accounts: target.makes_accounts(),
            via: self.via.into(),
            scenario: Scenario::Messages,
            pace: Pace::Rate(1),
            seconds: u32::try_from(self.budget.as_secs()).unwrap_or(u32::MAX),
            contacts: self.contacts.min(people.count().saturating_sub(1)),
            at_once: ::load::AT_ONCE,
            churn: 0,
            people,
            seed: self.seed,
            text_bytes: TEXT_BYTES,
            server: target.server(),
            floor: floor()?,
        })
    }

    /// One in which nothing is measured yet.
    fn nothing_yet(&self, plan: &Plan, place: &Place, started: bool) -> Certified {
        Certified {
            verdict: ::load::certify::Verdict::default(),
            ended_early: None,
            cluster: place.described(started),
            machine: machine::describe(&plan.routers),
            promises: self.promised.promises(),
            seed: self.seed,
            via: plan.via.name(),
            contacts: plan.contacts,
            users_asked: self.max_users,
            step_seconds: self.step_seconds,
            seconds: 0.0,
            floor: None,
            users: Vec::new(),
            users_safe: 0,
            messages: Vec::new(),
            rate_safe: None,
            rate_confirmed: false,
            storm: None,
            drain: None,
            kill: None,
            left_out: Vec::new(),
        }
    }

    fn tell(&self, certified: &Certified, folder: &Folder, output: &Output) -> Result<()> {
        if self.json {
            output.json(certified)?;
        } else {
            let rows = certified.verdict.promises.iter();
            let rows: Vec<_> = rows.map(|promise| promise.row(["yes", "NO", "-"])).collect();
            output.table(&["promise", "promised", "measured", "held"], &rows);
            output.line(&certified.verdict.sentence);
        }
        output.note(&format!("the report is {}", folder.report().display()));
        ensure!(
            certified.verdict.safe && certified.ended_early.is_none(),
            "{}",
            certified.verdict.sentence
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::future::{pending, ready};

    #[tokio::test(start_paused = true)]
    async fn it_ends_by_itself_when_it_is_asked_to_and_when_the_time_is_over() {
        let (stop, last) = (Shutdown::new(), Instant::now() + Duration::from_secs(60));
        let shown = Cell::new(0);
        let show = || shown.set(shown.get() + 1);
        let whole = until_ended(ready(Ok(())), &stop, last, show).await;
        assert!(matches!(whole, Ended::Whole));
        let failed = until_ended(ready(Err(::load::Error::Interrupted)), &stop, last, show).await;
        assert!(matches!(failed, Ended::Failed(::load::Error::Interrupted)));
        let late = until_ended(pending(), &stop, last, show).await;
        assert!(matches!(late, Ended::Early("the budget was used up")));
        assert!(Instant::now() >= last && shown.get() >= 59, "{shown:?}");
        stop.request();
        let asked = until_ended(pending(), &stop, last + Duration::from_secs(60), show).await;
        assert!(matches!(asked, Ended::Early("interrupted")));
    }
}
