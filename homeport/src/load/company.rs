//! What is asked of people who stay together for more than one measurement, and how they are gathered.

use super::target::Target;
use super::{CONTACTS, TEXT_BYTES, ViaArgument, explained, floor, shown, warn_of_debug, write};
use crate::output::Output;
use ::load::{Error, Pace, Plan, Scenario, Show};
use anyhow::{Context, Result, bail};
use daemon::Shutdown;
use serde::Serialize;
use std::path::PathBuf;

/// Longer than such a run takes.
const SECONDS: u32 = 3_600;

/// Who they are.
#[derive(clap::Args, Debug)]
pub(super) struct Company {
    #[command(flatten)]
    target: Target,
    /// Others whom everybody watches
    #[arg(long, value_name = "N", default_value_t = CONTACTS)]
    contacts: u32,
    /// How clients reach the cluster
    #[arg(long, value_name = "HOW", value_enum, default_value_t = ViaArgument::Attachment)]
    via: ViaArgument,
    /// What everything is drawn from: the same seed draws the same people
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
    /// Write the JSON object to a file as well
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl Company {
    /// Measures something with so many of them.
    pub(super) async fn measure<T>(
        &self,
        users: u32,
        output: &Output,
        measure: impl AsyncFnOnce(Plan, &Shutdown, Show<'_>) -> Result<T, Error>,
    ) -> Result<T> {
        warn_of_debug(output);
        let stop = Shutdown::on_signals().context("listen for signals")?;
        let people = self.target.people(users)?;
        let plan = Plan {
            routers: self.target.routers().await?,
            password: self.target.password(&people, output).await?,
            people,
            fresh_accounts: self.target.makes_accounts(),
            via: self.via.into(),
            scenario: Scenario::Messages,
            pace: Pace::Rate(1),
            seconds: SECONDS,
            contacts: self.contacts,
            churn: 0,
            seed: self.seed,
            text_bytes: TEXT_BYTES,
            server: self.target.server(),
            floor: floor()?,
        };
        let measured = shown(output, async |show| measure(plan, &stop, show).await).await;
        measured.map_err(|error| explained(error, &self.target))
    }

    /// Says what was found, as a table of these columns or as an object, and whether it is as it must be.
    pub(super) fn say<T: Serialize>(
        &self,
        report: &T,
        (header, rows): (&[&str], &[Vec<String>]),
        broken: Option<&str>,
        output: &Output,
    ) -> Result<()> {
        if let Some(path) = &self.report {
            write(path, &serde_json::to_string_pretty(report)?)?;
        }
        if self.json {
            output.json(report)?;
        } else {
            output.table(header, rows);
        }
        match broken {
            Some(broken) => bail!("not as it must be: {broken}"),
            None => Ok(()),
        }
    }
}
