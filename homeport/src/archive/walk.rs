//! Follows a chain from its anchor to its head, while others append to it and purge it.

use super::chains;
use super::head::Point;
use anyhow::{Context, Result};
use store::{Break, Chain, ChainPoint, Error, Store, verify_archive};

/// Entries that are read at once.
pub(super) const READ: u32 = 500;
/// How often it is begun anew because the first entries were purged meanwhile.
const PURGED_MAX: u32 = 5;

/// What a walk has found.
#[derive(Debug)]
pub(super) struct Walked {
    /// The chain as it was when the walk began.
    pub(super) chain: Chain,
    /// Entries that were looked at.
    pub(super) entries: u64,
    /// What is broken first, if anything is.
    pub(super) broken: Option<Broken>,
}

/// What is broken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    /// The chain itself.
    #[error(transparent)]
    Chain(#[from] Break),
    /// The entry cannot be read at all.
    #[error("{0}")]
    Unreadable(Error),
    /// The chain was another when its head was written down.
    #[error("entry {number} is not the one that was written down as a head")]
    Another {
        /// The entry's number.
        number: u64,
    },
    /// The entry has gone that was written down.
    #[error("entry {number} is missing, which was written down as a head")]
    Lost {
        /// The entry's number.
        number: u64,
    },
    /// The entry was purged that was written down.
    #[error(
        "entry {number}, which was written down as a head, was purged: nothing can be said about it any more"
    )]
    Purged {
        /// The entry's number.
        number: u64,
    },
}

impl Broken {
    /// In a word.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Chain(Break::Missing { .. }) | Self::Lost { .. } => "missing",
            Self::Chain(Break::Changed { .. }) => "changed",
            Self::Unreadable(_) => "unreadable",
            Self::Another { .. } => "another",
            Self::Purged { .. } => "purged",
        }
    }

    /// The entry, if its number is known.
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Chain(Break::Missing { number } | Break::Changed { number })
            | Self::Another { number }
            | Self::Lost { number }
            | Self::Purged { number } => Some(*number),
            Self::Unreadable(_) => None,
        }
    }
}

/// Walks along a chain; `head` was written down elsewhere. Reports how many entries were looked at.
pub(super) async fn walk(
    store: &dyn Store,
    mut chain: Chain,
    head: Option<Point>,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Walked> {
    for _ in 0..PURGED_MAX {
        let (entries, broken) = once(store, &chain, head, progress).await?;
        let Some(broken) = broken else {
            let broken = None;
            return Ok(Walked {
                chain,
                entries,
                broken,
            });
        };
        // What was purged meanwhile is not missing.
        let now = chains(store, Some(&chain.domain)).await?.remove(0);
        if now.anchor == chain.anchor {
            let broken = Some(broken);
            return Ok(Walked {
                chain,
                entries,
                broken,
            });
        }
        chain = now;
    }
    anyhow::bail!(
        "the archive of {} is being purged: try again in a moment",
        chain.domain
    )
}

async fn once(
    store: &dyn Store,
    chain: &Chain,
    head: Option<Point>,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<(u64, Option<Broken>)> {
    let (mut last, mut count) = (chain.anchor, 0);
    if let Some(broken) = head.and_then(|Point(head)| before(chain, head)) {
        return Ok((count, Some(broken)));
    }
    while last.number < chain.head.number {
        let mut entries = match store.archive(&chain.domain, last.number, READ).await {
            Ok(entries) => entries,
            Err(error @ Error::Unreadable { .. }) => return Ok((count, Some(Broken::Unreadable(error)))),
            Err(error) => return Err(error).with_context(|| format!("read the archive of {}", chain.domain)),
        };
        // Others append meanwhile.
        entries.retain(|archived| archived.number <= chain.head.number);
        if entries.is_empty() {
            break;
        }
        last = match verify_archive(&entries, last) {
            Ok(last) => last,
            Err(broken) => return Ok((count, Some(broken.into()))),
        };
        let another = |Point(head): &Point| {
            entries
                .iter()
                .any(|each| each.number == head.number && each.point() != *head)
        };
        if let Some(Point(ChainPoint { number, .. })) = head.filter(another) {
            return Ok((count, Some(Broken::Another { number })));
        }
        count += entries.len() as u64;
        progress(count);
    }
    Ok((count, chain.ends_at(last).err().map(Broken::from)))
}

/// What is wrong with a head that was written down and is not among the entries that are there.
fn before(chain: &Chain, head: ChainPoint) -> Option<Broken> {
    let number = head.number;
    if number > chain.head.number {
        Some(Broken::Lost { number })
    } else if number < chain.anchor.number {
        Some(Broken::Purged { number })
    } else if number == chain.anchor.number && head != chain.anchor {
        Some(Broken::Another { number })
    } else {
        None
    }
}
