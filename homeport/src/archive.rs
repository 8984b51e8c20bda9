//! `homeport archive`: what was said in a domain that keeps an archive, and whether it is still what was said.

mod entry;
mod export;
mod head;
mod verify;
mod walk;

use crate::output::Output;
use anyhow::{Context, Result, anyhow};
use rvp::Domain;
use store::{Chain, Store};

/// The archives of domains: write them out, check them
#[derive(clap::Args, Debug)]
pub(crate) struct ArchiveCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    Export(export::Export),
    Verify(verify::Verify),
}

impl ArchiveCommand {
    /// Does what the verb says.
    ///
    /// # Errors
    /// What could not be done, and what to do about it.
    pub(crate) async fn run(self, output: &Output) -> Result<()> {
        match self.verb {
            Verb::Export(export) => export.run(output).await,
            Verb::Verify(verify) => verify.run(output).await,
        }
    }
}

/// A domain, as it is in people's addresses.
fn domain(text: &str) -> Result<Domain, String> {
    let error = |_| "write the host in people's addresses, such as im.example.com".to_owned();
    Domain::parse(text).map_err(error)
}

/// The chains that are meant: of one domain, which must have one, or all.
async fn chains(store: &dyn Store, domain: Option<&Domain>) -> Result<Vec<Chain>> {
    let all = store.archives().await.context("look for archives")?;
    let Some(wanted) = domain else {
        return Ok(all);
    };
    let known: Vec<String> = all.iter().map(|chain| chain.domain.to_string()).collect();
    let found = all.into_iter().find(|chain| chain.domain == *wanted);
    found.map(|chain| vec![chain]).ok_or_else(|| {
        if known.is_empty() {
            anyhow!("there is no archive of {wanted}, nor of any other domain; docs/archive.md says how to turn one on")
        } else {
            anyhow!("there is no archive of {wanted}; there is one of {}", known.join(" and of "))
        }
    })
}
