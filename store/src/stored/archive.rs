//! The archive from its rows, what is appended to it, and the statements about it that every engine takes.

use super::{millis, number, principal, unreadable};
use crate::{ArchiveEntry, Archived, Chain, ChainHash, ChainPoint, Error};
use bytes::Bytes;
use rvp::{Domain, Identity, MessageId};
use std::time::SystemTime;

/// The columns of an entry: number, time, message id, sender, recipient, hash, document.
pub(crate) type EntryRow = (i64, i64, String, String, String, Vec<u8>, Vec<u8>);

/// The columns of a chain: domain, number and hash of the anchor, number and hash of the head.
pub(crate) type ChainRow = (String, i64, Vec<u8>, i64, Vec<u8>);

/// Number, time and hash of an entry.
pub(crate) type AgeRow = (i64, i64, Vec<u8>);

/// Reads the columns of [`ChainRow`], in their order.
pub(crate) const CHAINS: &str = "SELECT domain, anchor_number, anchor_hash, head_number, head_hash
    FROM archive_chains ORDER BY domain";

pub(crate) const HEAD: &str = "UPDATE archive_chains SET head_number = $1, head_hash = $2 WHERE id = $3";

/// Reads the columns of [`AgeRow`], in their order.
pub(crate) const FIRST: &str = "SELECT number, at, hash FROM archive
    WHERE chain = (SELECT id FROM archive_chains WHERE domain = $1) ORDER BY number LIMIT $2";

pub(crate) const PURGE: &str = "DELETE FROM archive
    WHERE chain = (SELECT id FROM archive_chains WHERE domain = $1) AND number <= $2";

pub(crate) const ANCHOR: &str =
    "UPDATE archive_chains SET anchor_number = $1, anchor_hash = $2 WHERE domain = $3";

/// A point from its columns.
pub(crate) fn point(at: i64, hash: Vec<u8>) -> Result<ChainPoint, Error> {
    let hash: Option<[u8; 32]> = hash.try_into().ok();
    match (u64::try_from(at), hash) {
        (Ok(number), Some(hash)) => Ok(ChainPoint {
            number,
            hash: ChainHash(hash),
        }),
        (Ok(_) | Err(_), Some(_) | None) => Err(unreadable("chain", "the archive")),
    }
}

/// A chain from its row.
pub(crate) fn chain((domain, anchor, anchor_hash, head, head_hash): ChainRow) -> Result<Chain, Error> {
    Ok(Chain {
        anchor: point(anchor, anchor_hash)?,
        head: point(head, head_hash)?,
        domain: Domain::parse(&domain).map_err(|_| unreadable("chain", &domain))?,
    })
}

/// What is to be appended to a chain that ends at `head`, in order, and where it ends then.
pub(crate) fn append(
    mut head: ChainPoint,
    entries: Vec<&ArchiveEntry>,
) -> (Vec<(&ArchiveEntry, ChainPoint)>, ChainPoint) {
    let append = |entry| {
        head = head.next(entry);
        (entry, head)
    };
    let appended = entries.into_iter().map(append).collect();
    (appended, head)
}

/// The last entry of those to be removed: the first of the chain, in their order, that are all older than this.
pub(crate) fn last_before(rows: Vec<AgeRow>, before: SystemTime) -> Result<Option<ChainPoint>, Error> {
    let before = millis::from_time(before);
    let last = rows.into_iter().take_while(|(_, at, _)| *at < before).last();
    last.map(|(number, _, hash)| point(number, hash)).transpose()
}

/// An entry of this domain from its row.
pub(crate) fn archived(row: EntryRow, domain: &Domain) -> Result<Archived, Error> {
    let (place, at, id, from, to, hash, document) = row;
    let unreadable = || unreadable("archive entry", &format!("{domain}, number {place}"));
    let ChainPoint { number, hash } = point(place, hash)?;
    let entry = ArchiveEntry {
        domain: domain.clone(),
        at: millis::to_time(at).ok_or_else(unreadable)?,
        id: MessageId::parse(&id).map_err(|_| unreadable())?,
        from: Identity::parse(&from).map_err(|_| unreadable())?,
        to: principal(&to)?,
        document: Bytes::from(document),
    };
    Ok(Archived { number, entry, hash })
}

/// The number that is stored for a place in a chain.
pub(crate) fn place(point: ChainPoint) -> i64 {
    number(point.number)
}
