//! Everybody logs on and off again, round after round: what is left behind would show in the server's memory.

use crate::beside::gather;
use crate::chart::{Axis, Chart, GREEN, Line, PURPLE, Picture};
use crate::plan::within;
use crate::run::{say, unless};
use crate::{Company, Error, Plan, Show};
use daemon::Shutdown;
use serde::Serialize;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Rounds of one run.
pub const ROUNDS_MAX: u32 = 1_000;

const MB: f64 = 1e6;

/// How often, and what is looked at.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rounds {
    /// How often everybody logs on and off.
    pub rounds: u32,
    /// How long is waited before the memory is read.
    pub rest: Duration,
    /// By how much of the first round a later one may differ.
    pub within: f64,
}

/// One of them.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Round {
    /// Until everybody was in.
    pub log_on_seconds: f64,
    /// The server's memory with everybody there, in megabytes of 1,000,000 octets.
    pub full_mb: f64,
    /// The same with nobody there.
    pub empty_mb: f64,
}

/// What was found.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RoundsReport {
    /// How many log on each time.
    pub users: u32,
    /// Others whom everybody watches.
    pub contacts: u32,
    /// Before anybody came.
    pub before_mb: f64,
    /// In their order.
    pub rounds: Vec<Round>,
    /// How much more memory the last round needed than the first, with everybody there, of the first.
    pub full_grew: f64,
    /// The same with nobody there.
    pub empty_grew: f64,
    /// By how much of the first round the last may differ.
    pub within: f64,
    /// It ended before the last round.
    pub interrupted: bool,
    /// Whether this is a build that is not meant to be measured with.
    pub debug_build: bool,
    /// What is not as it must be, in words.
    pub broken: Option<String>,
}

/// Logs everybody of the plan on and off, as often as asked, and reads the server's memory each time.
///
/// # Errors
/// [`Error`]: nothing could be measured, or the memory is not known.
pub async fn rounds(
    plan: Plan,
    asked: Rounds,
    stop: &Shutdown,
    show: Show<'_>,
) -> Result<RoundsReport, Error> {
    within("rounds", asked.rounds, 2, ROUNDS_MAX)?;
    let (users, contacts) = (plan.people.count(), plan.contacts);
    say(show, "measuring the floor");
    let mut company = unless(stop, Box::pin(Company::gather(plan))).await??;
    let before_mb = memory(&company).await?;
    let mut found = Vec::new();
    let mut interrupted = false;
    for number in 1..=asked.rounds {
        match unless(
            stop,
            Box::pin(round(&mut company, users, asked, (number, &mut *show))),
        )
        .await
        {
            Ok(Ok(round)) => found.push(round),
            Ok(Err(error)) => {
                company.abandon();
                return Err(error);
            }
            Err(_interrupted) => {
                interrupted = true;
                break;
            }
        }
    }
    company.part().await;
    report((users, contacts), before_mb, found, (interrupted, asked.within))
}

async fn round(
    company: &mut Company,
    users: u32,
    asked: Rounds,
    (number, show): (u32, Show<'_>),
) -> Result<Round, Error> {
    let start = Instant::now();
    gather(company, users, show).await?;
    let log_on_seconds = start.elapsed().as_secs_f64();
    say(
        show,
        &format!("round {number} of {}: everybody is there", asked.rounds),
    );
    sleep(asked.rest).await;
    let full_mb = memory(company).await?;
    company.dismiss(0).await;
    say(
        show,
        &format!("round {number} of {}: nobody is there", asked.rounds),
    );
    sleep(asked.rest).await;
    Ok(Round {
        log_on_seconds,
        full_mb,
        empty_mb: memory(company).await?,
    })
}

async fn memory(company: &Company) -> Result<f64, Error> {
    let known = company.server_memory().await?;
    let octets = known.ok_or_else(|| Error::Usage("nobody tells the server's memory".to_owned()))?;
    Ok(octets as f64 / MB)
}

fn report(
    (users, contacts): (u32, u32),
    before_mb: f64,
    rounds: Vec<Round>,
    (interrupted, within): (bool, f64),
) -> Result<RoundsReport, Error> {
    let (Some(first), Some(last)) = (rounds.first(), rounds.last()) else {
        return Err(Error::Interrupted);
    };
    let grew = |first: f64, last: f64| last / first.max(f64::MIN_POSITIVE) - 1.0;
    let full_grew = grew(first.full_mb, last.full_mb);
    let empty_grew = grew(first.empty_mb, last.empty_mb);
    let too_much = [("with everybody", full_grew), ("with nobody", empty_grew)]
        .into_iter()
        .filter(|(_, grew)| *grew > within)
        .map(|(who, grew)| format!("memory {who} there grew by {:.1} %", grew * 100.0));
    let broken: Vec<String> = too_much.collect();
    Ok(RoundsReport {
        users,
        contacts,
        before_mb,
        full_grew,
        empty_grew,
        within,
        interrupted,
        debug_build: cfg!(debug_assertions),
        broken: (!broken.is_empty()).then(|| broken.join("; ")),
        rounds,
    })
}

impl RoundsReport {
    /// The memory of each round as SVG. Names nobody, and needs nothing from elsewhere.
    #[must_use]
    pub fn picture(&self) -> String {
        let line = |name, colour, value: fn(&Round) -> f64| Line {
            name,
            colour,
            points: (1..)
                .zip(&self.rounds)
                .map(|(number, round)| (f64::from(number), value(round)))
                .collect(),
            is_crosses: false,
        };
        let most = self
            .rounds
            .first()
            .map(|first| first.full_mb * (1.0 + self.within));
        let chart = Chart {
            title: "memory of the server, MB".to_owned(),
            across: Axis {
                name: "rounds",
                by_powers: false,
            },
            lines: vec![
                line("with everybody", PURPLE, |round| round.full_mb),
                line("with nobody", GREEN, |round| round.empty_mb),
            ],
            limit: most.map(|most| (most, format!("{:.0} % more than at first", self.within * 100.0))),
            ..Chart::default()
        };
        let picture = Picture {
            title: format!("rounds: {} users, {} contacts", self.users, self.contacts),
            under: format!(
                "in the last round {:+.1} % with everybody there, {:+.1} % with nobody",
                self.full_grew * 100.0,
                self.empty_grew * 100.0
            ),
            charts: vec![chart],
        };
        picture.draw()
    }

    /// Rows for people, a round each: its number, until everybody was in, memory with everybody and with nobody there.
    #[must_use]
    pub fn rows(&self) -> Vec<[String; 4]> {
        let row = |(number, round): (u32, &Round)| {
            [
                number.to_string(),
                format!("{:.1} s", round.log_on_seconds),
                format!("{:.1} MB", round.full_mb),
                format!("{:.1} MB", round.empty_mb),
            ]
        };
        (1..).zip(&self.rounds).map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(full: [f64; 2], empty: [f64; 2]) -> RoundsReport {
        let rounds = (0..2).map(|number| Round {
            log_on_seconds: 1.0,
            full_mb: full[number],
            empty_mb: empty[number],
        });
        report((10, 0), 1.0, rounds.collect(), (false, 0.05)).unwrap()
    }

    #[test]
    fn memory_that_grows_is_said_and_memory_that_shrinks_is_none() {
        let same = of([100.0, 104.9], [50.0, 20.0]);
        assert_eq!(same.broken, None);
        let grown = of([100.0, 105.1], [50.0, 60.0]);
        let said = grown.broken.unwrap();
        assert!(said.contains("everybody there grew by 5.1 %"), "{said}");
        assert!(said.contains("nobody there grew by 20.0 %"), "{said}");
    }

    #[test]
    fn without_a_round_there_is_nothing_to_say() {
        let none = report((10, 0), 1.0, Vec::new(), (true, 0.05));
        assert!(matches!(none, Err(Error::Interrupted)));
    }
}
