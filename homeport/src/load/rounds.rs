//! `homeport load rounds`: everybody logs on and off, again and again, and nothing may be left behind.

use super::company::Company;
use super::{Asked, CONTACTS, SECONDS};
use crate::output::Output;
use anyhow::{Result, bail};
use std::time::Duration;

/// Everybody logs on and off, round after round; the server's memory must come back
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport load rounds --make-accounts --users 1000
      Ten rounds, and the memory in each with everybody and with nobody there
  homeport load rounds --users 10000 --rounds 4 --rest 30 --json
  homeport load rounds --users 1000 --picture rounds.svg

The exit code is 1 when the last round needed more memory than --within allows, or somebody could not log on. \
docs/load.md says what each figure means.")]
pub(crate) struct Rounds {
    #[command(flatten)]
    company: Company,
    /// Others whom everybody watches
    #[arg(long, value_name = "N", default_value_t = CONTACTS)]
    contacts: u32,
    /// How many log on
    #[arg(long, value_name = "N", default_value_t = 100)]
    users: u32,
    /// How often
    #[arg(long, value_name = "N", default_value_t = 10)]
    rounds: u32,
    /// How long is waited before the memory is read: a home knows for ten seconds whom it told what, and gives memory back then
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(0..=600))]
    rest: u64,
    /// By how many per cent the last round may need more than the first
    #[arg(long, value_name = "PERCENT", default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=1000))]
    within: u32,
}

impl Rounds {
    pub(super) async fn measure(&self, output: &Output) -> Result<()> {
        let asked = ::load::Rounds {
            rounds: self.rounds,
            rest: Duration::from_secs(self.rest),
            within: f64::from(self.within) / 100.0,
        };
        let measured = self.company.measure(
            Asked::company(self.contacts, ::load::AT_ONCE),
            (self.users, SECONDS),
            output,
            async |plan, stop, show| Box::pin(::load::rounds(plan, asked, stop, show)).await,
        );
        let report = measured.await?;
        self.company.draw(|| report.picture())?;
        let rows: Vec<_> = report.rows().into_iter().map(Vec::from).collect();
        let header = &["round", "all in after", "with everybody", "with nobody"][..];
        self.company
            .say(&report, (header, &rows), report.broken.as_deref(), output)?;
        if report.interrupted {
            bail!("interrupted after {} rounds", report.rounds.len());
        }
        Ok(())
    }
}
