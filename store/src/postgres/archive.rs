//! The archive. Whoever appends to a chain holds its row until the end of the transaction, so that a chain has one
//! order whoever writes; chains are taken in the order of their domains.

use super::failure::Failure;
use crate::stored::archive::{self, AgeRow, ChainRow};
use crate::stored::limited::Limited;
use crate::stored::{self, millis};
use crate::{ArchiveEntry, Archived, Chain, ChainPoint, KEPT_READ_BYTES_MAX, PURGE_ENTRIES_MAX};
use futures_util::TryStreamExt;
use rvp::Domain;
use sqlx::PgConnection;
use std::collections::BTreeMap;
use std::time::SystemTime;

const NEW_CHAIN: &str =
    "INSERT INTO archive_chains (domain, anchor_number, anchor_hash, head_number, head_hash)
    VALUES ($1, 0, $2, 0, $2) ON CONFLICT (domain) DO NOTHING";

const HOLD: &str = "SELECT id, head_number, head_hash FROM archive_chains WHERE domain = $1 FOR UPDATE";

const APPEND: &str = "INSERT INTO archive (chain, number, at, message_id, sender, recipient, hash, document)
    SELECT $1, * FROM unnest($2, $3, $4, $5, $6, $7, $8)";

/// Documents are only read of the entries within the limit: an answer cannot be broken off half way.
const ENTRIES: &str = "WITH next AS (
        SELECT chain, number, sum(length(document)) OVER (ORDER BY number) - length(document) AS before
        FROM archive WHERE chain = (SELECT id FROM archive_chains WHERE domain = $1) AND number > $2
        ORDER BY number LIMIT $3)
    SELECT number, at, message_id, sender, recipient, hash, document
    FROM next JOIN archive USING (chain, number) WHERE before < $4 ORDER BY number";

/// Appends entries to their chains, in their order. The transaction around it is the caller's.
pub(super) async fn append(
    connection: &mut PgConnection,
    entries: BTreeMap<&Domain, Vec<&ArchiveEntry>>,
) -> Result<(), Failure> {
    for (domain, entries) in entries {
        let (chain, head) = hold(connection, domain).await?;
        let (appended, head) = archive::append(head, entries);
        let numbers: Vec<i64> = appended.iter().map(|(_, point)| archive::place(*point)).collect();
        let hashes: Vec<&[u8]> = appended.iter().map(|(_, point)| &point.hash.0[..]).collect();
        let entries = || appended.iter().map(|(entry, _)| *entry);
        let times: Vec<i64> = entries().map(|entry| millis::from_time(entry.at)).collect();
        let ids: Vec<&str> = entries().map(|entry| entry.id.as_str()).collect();
        let senders: Vec<String> = entries().map(|entry| entry.from.to_string()).collect();
        let recipients: Vec<&str> = entries().map(|entry| entry.to.as_url()).collect();
        let documents: Vec<&[u8]> = entries().map(|entry| &entry.document[..]).collect();
        let query = sqlx::query(APPEND).bind(chain).bind(numbers).bind(times);
        let query = query.bind(ids).bind(senders).bind(recipients);
        let query = query.bind(hashes).bind(documents);
        query.execute(&mut *connection).await?;
        let moved = sqlx::query(archive::HEAD)
            .bind(archive::place(head))
            .bind(&head.hash.0[..])
            .bind(chain);
        moved.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Keeps others from a chain, which is made if there is none, and says where it ends.
async fn hold(connection: &mut PgConnection, domain: &Domain) -> Result<(i64, ChainPoint), Failure> {
    let mut made = false;
    loop {
        let found: Option<(i64, i64, Vec<u8>)> = sqlx::query_as(HOLD)
            .bind(domain.as_str())
            .fetch_optional(&mut *connection)
            .await?;
        match found {
            Some((chain, number, hash)) => return Ok((chain, archive::point(number, hash)?)),
            None if made => return Err(stored::unreadable("chain", domain.as_str()).into()),
            None => {
                let beginning = &ChainPoint::BEGINNING.hash.0[..];
                let new = sqlx::query(NEW_CHAIN).bind(domain.as_str()).bind(beginning);
                new.execute(&mut *connection).await?;
                made = true;
            }
        }
    }
}

/// All chains, ordered by domain.
pub(super) async fn chains(connection: &mut PgConnection) -> Result<Vec<Chain>, Failure> {
    let rows: Vec<ChainRow> = sqlx::query_as(archive::CHAINS).fetch_all(connection).await?;
    Ok(rows.into_iter().map(archive::chain).collect::<Result<_, _>>()?)
}

/// Reads entries within the limits.
pub(super) async fn entries(
    connection: &mut PgConnection,
    domain: &Domain,
    after: u64,
    limit: u32,
) -> Result<Vec<Archived>, Failure> {
    let mut rows = sqlx::query_as(ENTRIES)
        .bind(domain.as_str())
        .bind(stored::number(after))
        .bind(i64::from(limit))
        .bind(i64::try_from(KEPT_READ_BYTES_MAX).unwrap_or(i64::MAX))
        .fetch(connection);
    let mut entries = Limited::new();
    while let Some(row) = rows.try_next().await?
        && entries.take(archive::archived(row, domain)?)
    {}
    Ok(entries.finish())
}

/// Removes the first entries that are older, and makes the last of them the anchor. The transaction around it is
/// the caller's.
pub(super) async fn purge(
    connection: &mut PgConnection,
    domain: &Domain,
    before: SystemTime,
) -> Result<u64, Failure> {
    let first: Vec<AgeRow> = sqlx::query_as(archive::FIRST)
        .bind(domain.as_str())
        .bind(i64::from(PURGE_ENTRIES_MAX))
        .fetch_all(&mut *connection)
        .await?;
    let Some(ChainPoint { number, hash }) = archive::last_before(first, before)? else {
        return Ok(0);
    };
    let purged = sqlx::query(archive::PURGE)
        .bind(domain.as_str())
        .bind(stored::number(number));
    let purged = purged.execute(&mut *connection).await?;
    let anchor = sqlx::query(archive::ANCHOR)
        .bind(stored::number(number))
        .bind(&hash.0[..]);
    anchor.bind(domain.as_str()).execute(&mut *connection).await?;
    Ok(purged.rows_affected())
}
