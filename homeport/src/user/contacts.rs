//! `homeport user contacts`: the list of people whom a client shows.

mod export;
mod form;
mod import;
mod mistakes;

use crate::output::Output;
use anyhow::Result;

/// Contact lists: whom somebody's client shows
#[derive(clap::Args, Debug)]
pub(super) struct Contacts {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    Export(export::Export),
    Import(import::Import),
}

impl Contacts {
    pub(super) async fn run(self, output: &Output) -> Result<()> {
        match self.verb {
            Verb::Export(export) => export.run(output).await,
            Verb::Import(import) => import.run(output).await,
        }
    }
}
