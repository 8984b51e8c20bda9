//! Who takes part in a measurement, against what, and how it is said what was found.

use super::target::Target;
use super::{Asked, ViaArgument, explained, floor, write};
use crate::output::Output;
use ::load::{Error, Plan, Show, Standing};
use anyhow::{Context, Result, bail};
use daemon::Shutdown;
use serde::Serialize;
use std::path::PathBuf;

/// Who they are.
#[derive(clap::Args, Debug)]
pub(super) struct Company {
    #[command(flatten)]
    target: Target,
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
    /// Draw what was measured over time, as SVG
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
}

impl Company {
    /// Measures something with so many of them, for so long at most, and shows on the way how far it is.
    pub(super) async fn measure<T>(
        &self,
        asked: Asked,
        (users, seconds): (u32, u32),
        output: &Output,
        measure: impl AsyncFnOnce(Plan, &Shutdown, Show<'_>) -> Result<T, Error>,
    ) -> Result<T> {
        if cfg!(debug_assertions) {
            output.warning("this is a debug build: build with --release to measure");
        }
        let stop = Shutdown::on_signals().context("listen for signals")?;
        let (routers, people) = (self.target.routers().await?, self.target.people(users)?);
        let password = self.target.password(&people, output).await?;
        let plan = Plan {
            routers,
            people,
            password,
            fresh_accounts: self.target.makes_accounts(),
            via: self.via.into(),
            scenario: asked.scenario,
            pace: asked.pace,
            seconds,
            contacts: asked.contacts,
            at_once: asked.at_once,
            churn: asked.churn,
            seed: self.seed,
            text_bytes: asked.text_bytes,
            server: self.target.server(),
            floor: floor()?,
        };
        let mut progress = None;
        let mut show = |standing: Standing<'_>| {
            let progress = progress.get_or_insert_with(|| output.progress(standing.of));
            progress.show_of(standing.done, standing.of, standing.text);
        };
        let measured = measure(plan, &stop, &mut show).await;
        drop(progress);
        measured.map_err(|error| explained(error, &self.target))
    }

    /// Draws what was found, if that is asked for.
    pub(super) fn draw(&self, picture: impl FnOnce() -> String) -> Result<()> {
        match &self.picture {
            Some(path) => write(path, picture().trim_end()),
            None => Ok(()),
        }
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
