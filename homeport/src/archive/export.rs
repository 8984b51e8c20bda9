//! `homeport archive export`.

use super::entry::Entry;
use super::walk::READ;
use super::{chains, domain};
use crate::Usage;
use crate::copying::Which;
use crate::output::Output;
use crate::user::address;
use anyhow::{Context, Result};
use rvp::{Domain, Principal};
use std::time::SystemTime;
use store::{ArchiveEntry, Chain, Store};

/// Write out what was said, a line of JSON for each entry
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport archive export > all.jsonl
      Everything of every domain that has an archive
  homeport archive export --person alice@im.example.com --since 2026-11-01 --until 2026-12-01
      What alice wrote and was written to in November
  homeport archive export --domain im.example.com | jq -r 'select(.text) | [.at, .from, .to, .text] | @tsv'
      Texts, to be read

Each line is an object with domain, number, at, id, from, to, kind (text, join or leave), text, document and hash. A \
document that is no text cannot be given octet for octet; `homeport backup` can.")]
pub(super) struct Export {
    /// Only what this person said or was told
    #[arg(long, value_name = "NAME@DOMAIN", value_parser = address)]
    person: Option<Principal>,
    /// Only the archive of this domain
    #[arg(long, value_parser = domain)]
    domain: Option<Domain>,
    /// Only what was accepted at this time or later: 2026-11-01, or 2026-11-01T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<SystemTime>,
    /// Only what was accepted before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<SystemTime>,
    #[command(flatten)]
    which: Which,
}

/// A day, or a time of one, in UTC.
fn time(text: &str) -> Result<SystemTime, String> {
    let day = text.len() == "2026-11-01".len();
    let whole = if day {
        format!("{text}T00:00:00Z")
    } else {
        text.to_owned()
    };
    humantime::parse_rfc3339_weak(&whole)
        .map_err(|_| "write a day or a time in UTC, such as 2026-11-01 or 2026-11-01T08:00:00Z".to_owned())
}

impl Export {
    pub(super) async fn run(self, output: &Output) -> Result<()> {
        if let (Some(since), Some(until)) = (self.since, self.until)
            && since >= until
        {
            return Err(
                Usage("--until must be later than --since: it is where the time ends".to_owned()).into(),
            );
        }
        let store = self.which.existing()?.open().await?;
        let done = self.write(&*store, output).await;
        store.close().await;
        let (looked_at, written) = done?;
        output.note(&format!("{written} of {looked_at} entries"));
        Ok(())
    }

    async fn write(&self, store: &dyn Store, output: &Output) -> Result<(u64, u64)> {
        let (mut looked_at, mut written) = (0, 0);
        for chain in chains(store, self.domain.as_ref()).await? {
            let (looked, wrote) = self.chain(store, &chain, output).await?;
            looked_at += looked;
            written += wrote;
        }
        Ok((looked_at, written))
    }

    /// Everything up to the head as it is now: others may be appending.
    async fn chain(&self, store: &dyn Store, chain: &Chain, output: &Output) -> Result<(u64, u64)> {
        let (mut after, mut looked_at, mut written) = (chain.anchor.number, 0, 0);
        while after < chain.head.number && output.is_wanted() {
            let entries = store.archive(&chain.domain, after, READ).await;
            let entries = entries.with_context(|| format!("read the archive of {}", chain.domain))?;
            let Some(last) = entries.last() else { break };
            after = last.number;
            for archived in entries.iter().filter(|each| each.number <= chain.head.number) {
                looked_at += 1;
                if self.wants(&archived.entry) {
                    written += 1;
                    output.json_line(&Entry::of(archived))?;
                }
            }
        }
        Ok((looked_at, written))
    }

    fn wants(&self, entry: &ArchiveEntry) -> bool {
        let theirs = |person: &Principal| entry.to == *person || entry.from.person() == Some(person);
        self.person.as_ref().is_none_or(theirs)
            && self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_time_is_a_day_or_a_moment() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(time("1970-01-02"), Ok(at(86_400)));
        assert_eq!(time("1970-01-02T00:00:01Z"), Ok(at(86_401)));
        for wrong in [
            "",
            "yesterday",
            "1970-13-01",
            "01.02.1970",
            "1970-01-02T25:00:00Z",
        ] {
            assert!(time(wrong).unwrap_err().contains("2026-11-01"), "{wrong}");
        }
    }
}
