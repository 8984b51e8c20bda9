//! The archive.

use super::failure::Failure;
use super::load::{rows, within_limit};
use crate::stored::archive::{self, AgeRow, ChainRow};
use crate::stored::{self, millis};
use crate::{ArchiveEntry, Archived, Chain, ChainPoint, PURGE_ENTRIES_MAX};
use rusqlite::{Connection, params};
use rvp::Domain;
use std::collections::BTreeMap;
use std::time::SystemTime;

const CHAIN: &str = "INSERT INTO archive_chains (domain, anchor_number, anchor_hash, head_number, head_hash)
    VALUES (?1, 0, zeroblob(32), 0, zeroblob(32))
    ON CONFLICT (domain) DO UPDATE SET domain = excluded.domain
    RETURNING id, head_number, head_hash";

const APPEND: &str = "INSERT INTO archive
        (chain, number, at, message_id, sender, recipient, hash, document)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

const ENTRIES: &str = "SELECT number, at, message_id, sender, recipient, hash, document FROM archive
    WHERE chain = (SELECT id FROM archive_chains WHERE domain = ?) AND number > ? ORDER BY number LIMIT ?";

/// Appends entries to their chains, in their order. The transaction around it is the caller's.
pub(super) fn append(
    connection: &Connection,
    entries: BTreeMap<&Domain, Vec<&ArchiveEntry>>,
) -> Result<(), Failure> {
    for (domain, entries) in entries {
        let mut chain = connection.prepare_cached(CHAIN)?;
        let chain = chain.query_row([domain.as_str()], |row| <(i64, i64, Vec<u8>)>::try_from(row));
        let (chain, number, hash) = chain?;
        let (appended, head) = archive::append(archive::point(number, hash)?, entries);
        let mut append = connection.prepare_cached(APPEND)?;
        for (entry, point) in appended {
            append.execute(params![
                chain,
                archive::place(point),
                millis::from_time(entry.at),
                entry.id.as_str(),
                entry.from.to_string(),
                entry.to.as_url(),
                &point.hash.0[..],
                &entry.document[..],
            ])?;
        }
        let head = params![archive::place(head), &head.hash.0[..], chain];
        connection.prepare_cached(archive::HEAD)?.execute(head)?;
    }
    Ok(())
}

/// All chains, ordered by domain.
pub(super) fn chains(connection: &Connection) -> Result<Vec<Chain>, Failure> {
    let chains: Vec<ChainRow> = rows(connection, archive::CHAINS, ())?;
    Ok(chains.into_iter().map(archive::chain).collect::<Result<_, _>>()?)
}

/// Reads entries within the limits.
pub(super) fn entries(
    connection: &Connection,
    domain: &Domain,
    after: u64,
    limit: u32,
) -> Result<Vec<Archived>, Failure> {
    let values = params![domain.as_str(), stored::number(after), limit];
    within_limit(connection, ENTRIES, values, |row| archive::archived(row, domain))
}

/// Removes the first entries that are older, and makes the last of them the anchor. The transaction around it is
/// the caller's.
pub(super) fn purge(connection: &Connection, domain: &Domain, before: SystemTime) -> Result<u64, Failure> {
    let first: Vec<AgeRow> = rows(
        connection,
        archive::FIRST,
        params![domain.as_str(), PURGE_ENTRIES_MAX],
    )?;
    let Some(ChainPoint { number, hash }) = archive::last_before(first, before)? else {
        return Ok(0);
    };
    let number = stored::number(number);
    let mut purge = connection.prepare_cached(archive::PURGE)?;
    let purged = purge.execute(params![domain.as_str(), number])?;
    let mut anchor = connection.prepare_cached(archive::ANCHOR)?;
    anchor.execute(params![number, &hash.0[..], domain.as_str()])?;
    Ok(purged as u64)
}
