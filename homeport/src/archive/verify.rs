//! `homeport archive verify`.

use super::head::{Point, Shown, head};
use super::walk::{Walked, walk};
use super::{chains, domain};
use crate::Usage;
use crate::copying::Which;
use crate::output::{Output, Progress};
use anyhow::{Result, anyhow};
use rvp::Domain;
use serde::Serialize;
use store::{Chain, Store};

/// Check that no entry is missing, was changed, or is in another's place
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport archive verify
      Every archive, while the cluster runs or not
  homeport archive verify --domain im.example.com --head 1200:8ed0ca69...
      And that entry 1200 is still what it was when its hash was written down
  homeport archive verify --json | jq -r '.[] | [.domain, .head.number, .head.hash] | @tsv'
      The heads, to be kept elsewhere

The exit code is 1 when something is wrong. Somebody who may write to the store can make a whole new chain: write the \
number and hash of a head down where that person cannot write, and check against it later.")]
pub(super) struct Verify {
    /// Only the archive of this domain
    #[arg(long, value_parser = domain)]
    domain: Option<Domain>,
    /// A head that was written down elsewhere, NUMBER:HASH
    #[arg(long, value_name = "NUMBER:HASH", value_parser = head)]
    head: Option<Point>,
    /// Write JSON: a list of objects with domain, entries, anchor, head, sound and broken
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    which: Which,
}

/// An archive as `--json` shows it.
#[derive(Debug, Serialize)]
struct Verified {
    domain: String,
    /// Entries that were looked at.
    entries: u64,
    anchor: Shown,
    head: Shown,
    sound: bool,
    broken: Option<Found>,
}

/// What is broken first.
#[derive(Debug, Serialize)]
struct Found {
    /// `missing`, `changed`, `unreadable`, or of a head that was written down `another` or `purged`.
    what: &'static str,
    entry: Option<u64>,
    text: String,
}

impl Verify {
    pub(super) async fn run(self, output: &Output) -> Result<()> {
        let store = self.which.existing()?.open().await?;
        let done = self.walk_all(&*store, output).await;
        store.close().await;
        let walked = done?;
        self.show(&walked, output)?;
        let broken: Vec<String> = walked.iter().filter_map(complaint).collect();
        if broken.is_empty() {
            Ok(())
        } else {
            Err(anyhow!(broken.join("\n")))
        }
    }

    async fn walk_all(&self, store: &dyn Store, output: &Output) -> Result<Vec<Walked>> {
        let chains = chains(store, self.domain.as_ref()).await?;
        if self.head.is_some() && chains.len() != 1 {
            let text = "--head is of one archive: say which with --domain";
            return Err(Usage(text.to_owned()).into());
        }
        let total = chains.iter().map(entries_in).sum();
        let (mut done, mut progress): (u64, Option<Progress>) = (0, None);
        let mut walked = Vec::new();
        for chain in chains {
            let mut show = |count: u64| {
                let progress = progress.get_or_insert_with(|| output.progress(total));
                progress.show(
                    done + count,
                    &format!("verified: {} of {total} entries", done + count),
                );
            };
            let each = walk(store, chain, self.head, &mut show).await?;
            done += each.entries;
            walked.push(each);
        }
        Ok(walked)
    }

    fn show(&self, walked: &[Walked], output: &Output) -> Result<()> {
        if self.json {
            return output.json(&walked.iter().map(verified).collect::<Vec<_>>());
        }
        if walked.is_empty() {
            output.note("there is no archive; docs/archive.md says how to turn one on");
            return Ok(());
        }
        let rows: Vec<Vec<String>> = walked.iter().map(row).collect();
        output.table(&["domain", "entries", "anchor", "head", "result"], &rows);
        Ok(())
    }
}

/// How many there should be.
fn entries_in(chain: &Chain) -> u64 {
    chain.head.number.saturating_sub(chain.anchor.number)
}

fn row(walked: &Walked) -> Vec<String> {
    vec![
        walked.chain.domain.to_string(),
        walked.entries.to_string(),
        walked.chain.anchor.number.to_string(),
        Point(walked.chain.head).to_string(),
        walked
            .broken
            .as_ref()
            .map_or_else(|| "sound".to_owned(), ToString::to_string),
    ]
}

fn verified(walked: &Walked) -> Verified {
    let broken = walked.broken.as_ref().map(|broken| Found {
        what: broken.word(),
        entry: broken.number(),
        text: broken.to_string(),
    });
    Verified {
        domain: walked.chain.domain.to_string(),
        entries: walked.entries,
        anchor: Point(walked.chain.anchor).shown(),
        head: Point(walked.chain.head).shown(),
        sound: broken.is_none(),
        broken,
    }
}

fn complaint(walked: &Walked) -> Option<String> {
    let broken = walked.broken.as_ref()?;
    Some(format!(
        "the archive of {} is not sound: {broken}",
        walked.chain.domain
    ))
}
