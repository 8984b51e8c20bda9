//! The archive.

use super::failure::Failure;
use super::rows::{Shape, execute};
use crate::stored::archive::{self, AgeRow, ChainRow};
use crate::stored::{self, millis};
use crate::{ArchiveEntry, Archived, Chain, ChainPoint, PURGE_ENTRIES_MAX};
use rvp::Domain;
use sqlx::SqliteConnection;
use std::collections::BTreeMap;
use std::time::SystemTime;

const CHAIN: &str = "INSERT INTO archive_chains (domain, anchor_number, anchor_hash, head_number, head_hash)
    VALUES (?1, 0, zeroblob(32), 0, zeroblob(32))
    ON CONFLICT (domain) DO UPDATE SET domain = excluded.domain
    RETURNING id, head_number, head_hash";

const APPEND: Shape = Shape {
    before: "INSERT INTO archive (chain, number, at, message_id, sender, recipient, hash, document) VALUES ",
    row: "(?,?,?,?,?,?,?,?)",
    after: "",
};

const ENTRIES: &str = "SELECT number, at, message_id, sender, recipient, hash, document FROM archive
    WHERE chain = (SELECT id FROM archive_chains WHERE domain = ?) AND number > ? ORDER BY number LIMIT ?";

/// Appends entries to their chains, in their order. The transaction around it is the caller's.
pub(super) async fn append(
    connection: &mut SqliteConnection,
    entries: BTreeMap<&Domain, Vec<&ArchiveEntry>>,
) -> Result<(), Failure> {
    for (domain, entries) in entries {
        let (chain, number, hash): (i64, i64, Vec<u8>) = sqlx::query_as(CHAIN)
            .bind(domain.as_str())
            .fetch_one(&mut *connection)
            .await?;
        let (appended, head) = archive::append(archive::point(number, hash)?, entries);
        execute(connection, APPEND, &appended, |query, (entry, point)| {
            let query = query
                .bind(chain)
                .bind(archive::place(*point))
                .bind(millis::from_time(entry.at));
            let query = query
                .bind(entry.id.as_str().to_owned())
                .bind(entry.from.to_string());
            let query = query
                .bind(entry.to.as_url().to_owned())
                .bind(point.hash.0.to_vec());
            query.bind(entry.document.to_vec())
        })
        .await?;
        let moved = sqlx::query(archive::HEAD)
            .bind(archive::place(head))
            .bind(&head.hash.0[..])
            .bind(chain);
        moved.execute(&mut *connection).await?;
    }
    Ok(())
}

/// All chains, ordered by domain.
pub(super) async fn chains(connection: &mut SqliteConnection) -> Result<Vec<Chain>, Failure> {
    let rows: Vec<ChainRow> = sqlx::query_as(archive::CHAINS).fetch_all(connection).await?;
    Ok(rows.into_iter().map(archive::chain).collect::<Result<_, _>>()?)
}

/// Reads entries within the limits.
pub(super) async fn entries(
    connection: &mut SqliteConnection,
    domain: &Domain,
    after: u64,
    limit: u32,
) -> Result<Vec<Archived>, Failure> {
    let rows = sqlx::query_as(ENTRIES)
        .bind(domain.as_str())
        .bind(stored::number(after))
        .bind(limit)
        .fetch(connection);
    archive::within_limit(rows, domain).await
}

/// Removes the first entries that are older, and makes the last of them the anchor. The transaction around it is
/// the caller's.
pub(super) async fn purge(
    connection: &mut SqliteConnection,
    domain: &Domain,
    before: SystemTime,
) -> Result<u64, Failure> {
    let first: Vec<AgeRow> = sqlx::query_as(archive::FIRST)
        .bind(domain.as_str())
        .bind(PURGE_ENTRIES_MAX)
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
