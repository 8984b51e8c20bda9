//! Log-ons beside people who talk: many come at the same moment, and those who are there are not to notice.

use crate::certify::Timeline;
use crate::chart::Picture;
use crate::floor::Floor;
use crate::plan::{RATE_MAX, within};
use crate::run::{say, unless};
use crate::{Company, Error, Plan, Return, Show, Spell, Standing, Talk, Through, Until};
use daemon::Shutdown;
use serde::Serialize;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How long people talk before anything is measured: what is done for the first time takes longer.
const WARM_SECONDS: u32 = 3;
/// How long the last answers are waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long everybody may take to come the first time.
const GATHER: Duration = Duration::from_secs(600);
/// After the log-ons, at least and at most.
const AFTER: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(60)];

/// Who comes while who talks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Beside {
    /// The first so many of the plan's people talk; all others come.
    pub talkers: u32,
    /// Messages a second.
    pub rate: u32,
    /// For how long they talk before the others come.
    pub quiet: Duration,
}

/// What was found.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct BesideReport {
    /// How many came at once.
    pub comers: u32,
    /// How many of them are in.
    pub came: u32,
    /// Until the last of them was, with a state and everybody watched.
    pub log_on_seconds: f64,
    /// Others whom everybody watches.
    pub contacts: u32,
    /// 99 of a hundred messages took at most so long before anybody came.
    pub quiet_p99_ms: f64,
    /// The same of messages that were due while people came.
    pub storm_p99_ms: f64,
    /// The second by the first.
    pub ratio: f64,
    /// All that was said.
    #[serde(flatten)]
    pub spell: Spell,
    /// It was to stop before it was over.
    pub interrupted: bool,
    /// By when messages were due.
    pub timeline: Timeline,
    /// What bare servers cost.
    #[serde(flatten)]
    pub floor: Floor,
    /// Whether this is a build that is not meant to be measured with.
    pub debug_build: bool,
    /// What broke a promise, in words.
    pub broken: Option<String>,
}

/// Logs everybody of the plan on, lets all but the talkers go and come back at once, and compares.
///
/// # Errors
/// [`Error`]: nothing could be measured. What was measured and is not as it should be is in the report.
pub async fn beside(
    plan: Plan,
    asked: Beside,
    stop: &Shutdown,
    show: Show<'_>,
) -> Result<BesideReport, Error> {
    let (count, contacts) = (plan.people.count(), plan.contacts);
    within("talkers", asked.talkers, 2, count.saturating_sub(1))?;
    within("rate", asked.rate, 1, RATE_MAX)?;
    say(show, "measuring the floor");
    let mut company = unless(stop, Box::pin(Company::gather(plan))).await??;
    let measured = Box::pin(measure(&mut company, asked, (count, stop), show)).await;
    let through = match measured {
        Ok(through) => through,
        Err(error) => {
            company.abandon();
            return Err(error);
        }
    };
    let (floor, interrupted) = (company.floor(), stop.is_requested());
    say(show, "everybody logs off");
    company.part().await;
    let comers = count - asked.talkers;
    Ok(report(through, asked, (comers, contacts), (floor, interrupted)))
}

async fn measure(
    company: &mut Company,
    asked: Beside,
    (count, stop): (u32, &Shutdown),
    show: Show<'_>,
) -> Result<Through<Return>, Error> {
    unless(stop, gather(company, count, show)).await??;
    let talk = Talk {
        rate: asked.rate,
        among: asked.talkers,
        patience: PATIENCE,
    };
    say(show, "people talk");
    unless(stop, company.talk(talk, WARM_SECONDS)).await??;
    say(show, "all others go, and come back at once");
    let until = Until {
        quiet: asked.quiet,
        least: AFTER[0],
        most: AFTER[1],
        limit_ms: 1e3,
    };
    let through = Box::pin(company.storm(talk, until, stop)).await?;
    if through.spell.counts.sent == 0 {
        return Err(Error::Interrupted);
    }
    Ok(through)
}

/// Logs everybody on, some at a time.
pub(crate) async fn gather(company: &mut Company, count: u32, show: Show<'_>) -> Result<(), Error> {
    let there = AtomicU32::new(company.count());
    let note = |now: u32| there.store(now, Ordering::Relaxed);
    let mut tick = tokio::time::interval(Duration::from_millis(250));
    let arrivals = {
        let mut growing = std::pin::pin!(company.grow(count, GATHER, &note));
        loop {
            tokio::select! {
                arrivals = &mut growing => break arrivals?,
                _ = tick.tick() => {
                    let done = there.load(Ordering::Relaxed);
                    let text = format!("logging on {done} of {count}");
                    show(Standing { done: u64::from(done), of: u64::from(count), text: &text });
                }
            }
        }
    };
    match arrivals.failed {
        Some(why) => Err(Error::Crowd(why)),
        None => Ok(()),
    }
}

fn report(
    through: Through<Return>,
    asked: Beside,
    (comers, contacts): (u32, u32),
    (floor, interrupted): (Floor, bool),
) -> BesideReport {
    let happened = (through.began, through.took);
    let timeline = Timeline::new(&through.log, asked.rate, happened, 0.0);
    let came = &through.happened;
    let spell = through.spell;
    let mut broken = Vec::new();
    if let Some(why) = &came.failed {
        broken.push(format!("{} of {comers} came: {why}", came.came));
    }
    if interrupted && came.failed.is_none() {
        broken.push("interrupted".to_owned());
    }
    broken.extend(spell.counts.broken());
    if spell.counts.refused > 0 {
        broken.push(format!("{} refused", spell.counts.refused));
    }
    if spell.users_gone > 0 {
        broken.push(format!("{} users could not go on", spell.users_gone));
    }
    let storm_p99_ms = timeline.while_p99_ms;
    BesideReport {
        comers,
        came: came.came,
        log_on_seconds: came.took.as_secs_f64(),
        contacts,
        quiet_p99_ms: timeline.quiet_p99_ms,
        storm_p99_ms,
        ratio: storm_p99_ms / timeline.quiet_p99_ms.max(0.001),
        spell,
        interrupted,
        timeline,
        floor,
        debug_build: cfg!(debug_assertions),
        broken: (!broken.is_empty()).then(|| broken.join("; ")),
    }
}

impl BesideReport {
    /// What those who talked noticed, over time, as SVG. Names nobody, and needs nothing from elsewhere.
    #[must_use]
    pub fn picture(&self) -> String {
        let picture = Picture {
            title: format!("storm: {} log on while {} talk", self.comers, self.spell.talkers),
            under: format!(
                "p99 {:.2} ms before and {:.2} ms while they came, {} messages/s, lost {}",
                self.quiet_p99_ms, self.storm_p99_ms, self.spell.rate, self.spell.counts.lost
            ),
            charts: self
                .timeline
                .charts(&format!("{} in after {:.2} s", self.came, self.log_on_seconds)),
        };
        picture.draw()
    }

    /// Rows for people: what, and how much.
    #[must_use]
    pub fn rows(&self) -> Vec<(String, String)> {
        let counts = &self.spell.counts;
        let row = |what: &str, how: String| (what.to_owned(), how);
        vec![
            row(
                "came at once",
                format!(
                    "{} of {}, {} contacts each",
                    self.came, self.comers, self.contacts
                ),
            ),
            row("until the last was in", format!("{:.2} s", self.log_on_seconds)),
            row(
                "talked meanwhile",
                format!("{}, {} messages/s", self.spell.talkers, self.spell.rate),
            ),
            row("p99 before", format!("{:.1} ms", self.quiet_p99_ms)),
            row(
                "p99 while they came",
                format!("{:.1} ms, {:.1} times as long", self.storm_p99_ms, self.ratio),
            ),
            row("slowest", format!("{:.1} ms", self.spell.times.max_ms)),
            row(
                "messages",
                format!("{} sent, {} acknowledged", counts.sent, counts.acknowledged),
            ),
            row(
                "not as it must be",
                format!(
                    "{} refused, {} unanswered, {} lost, {} doubled, {} reordered",
                    counts.refused, counts.unanswered, counts.lost, counts.doubled, counts.reordered
                ),
            ),
        ]
    }
}
