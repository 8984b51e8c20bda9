//! `homeport load storm`: many log on at once, and whoever talks is not to notice.

use super::company::Company;
use super::{Asked, CONTACTS, FIGURES, SECONDS, figures};
use crate::output::Output;
use ::load::Beside;
use anyhow::Result;
use std::time::Duration;

/// Many log on at the same moment while others write to each other
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport load storm --make-accounts --comers 2000 --talkers 200 --rate 200
      200 messages a second; after ten quiet seconds 2,000 others come at once
  homeport load storm --comers 10000 --talkers 1000 --rate 1000 --contacts 0 --json
  homeport load storm --comers 2000 --talkers 200 --picture storm.svg

What 99 of a hundred messages took while people came stands beside what they took before. The exit code is 1 when \
somebody could not log on, or a message was refused, lost, doubled, out of order or not answered. docs/load.md says what each figure means.")]
pub(crate) struct Storm {
    #[command(flatten)]
    company: Company,
    /// Others whom everybody watches
    #[arg(long, value_name = "N", default_value_t = CONTACTS)]
    contacts: u32,
    /// How many come at once
    #[arg(long, value_name = "N", default_value_t = 900)]
    comers: u32,
    /// How many of them are under way at a time
    #[arg(long, value_name = "N", default_value_t = ::load::AT_ONCE)]
    at_once: u32,
    /// How many write to each other meanwhile
    #[arg(long, value_name = "N", default_value_t = 100)]
    talkers: u32,
    /// Messages a second
    #[arg(long, value_name = "N", default_value_t = 100)]
    rate: u32,
    /// For how long they talk before the others come
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    quiet: u64,
}

impl Storm {
    pub(super) async fn measure(&self, output: &Output) -> Result<()> {
        let asked = Beside {
            talkers: self.talkers,
            rate: self.rate,
            quiet: Duration::from_secs(self.quiet),
        };
        let users = self.comers.saturating_add(self.talkers);
        let measured = self.company.measure(
            Asked::company(self.contacts, self.at_once),
            (users, SECONDS),
            output,
            async |plan, stop, show| Box::pin(::load::beside(plan, asked, stop, show)).await,
        );
        let report = measured.await?;
        self.company.draw(|| report.picture())?;
        let rows = figures(report.rows());
        let table = (&FIGURES[..], &rows[..]);
        self.company.say(&report, table, report.broken.as_deref(), output)
    }
}
