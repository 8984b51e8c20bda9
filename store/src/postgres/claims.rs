//! Claims of slots, and what writes are held against.
//!
//! A transaction that writes shares the locks of its slots' claims; one that claims has them for itself. So a claim
//! waits for the writes that came before it, and what comes after it sees it. Locks are taken in the order of the
//! slots, so that nobody waits in a circle.

use super::failure::Failure;
use crate::stored::{self, claims, millis, unreadable};
use crate::{Claim, Error, Fenced, MOVES_MAX, Move, Write};
use sqlx::PgConnection;
use std::collections::BTreeMap;

const LOCK: &str = "SELECT slot FROM claims WHERE slot = ANY($1) ORDER BY slot FOR UPDATE";

/// The newest claim that stands against this one, if any.
const AGAINST: &str =
    "SELECT max(kept) FROM claims WHERE slot = ANY($1) AND (kept > $2 OR (kept = $2 AND member <> $3))";

const CLAIM: &str = "INSERT INTO claims (slot, epoch, member, kept)
    SELECT slot, $2, $3, $2 FROM unnest($1) AS slot ORDER BY slot
    ON CONFLICT (slot) DO UPDATE SET
        epoch = excluded.epoch, member = excluded.member, kept = excluded.kept";

const KEEP: &str = "UPDATE claims SET kept = greatest(kept, $3)
    FROM unnest($1, $2) AS held (slot, epoch)
    WHERE claims.slot = held.slot AND claims.epoch = held.epoch AND member = $4";

const TAKEN: &str = "SELECT DISTINCT held.slot FROM unnest($1, $2) AS held (slot, epoch)
    WHERE NOT EXISTS (SELECT FROM claims
        WHERE claims.slot = held.slot AND claims.epoch = held.epoch AND member = $3)
    ORDER BY held.slot";

const REMEMBER: &str = "INSERT INTO moves (slot, epoch, member, at)
    SELECT slot, $2, $3, $4 FROM unnest($1) AS slot
    ON CONFLICT (slot, epoch) DO NOTHING";

/// A claim adds one move to a slot at most, so there is one too many at most.
const FORGET: &str = "DELETE FROM moves USING unnest($1) AS old (slot)
    WHERE moves.slot = old.slot AND moves.epoch =
        (SELECT epoch FROM moves AS all_of WHERE all_of.slot = old.slot ORDER BY epoch DESC OFFSET $2 LIMIT 1)";

const HELD: &str = "SELECT slot, epoch FROM claims WHERE slot = ANY($1) ORDER BY slot FOR SHARE";

/// Takes slots over, or refuses if somebody has one of them. The slots are ascending, each once. The transaction
/// around it is the caller's.
pub(super) async fn claim(
    connection: &mut PgConnection,
    claim: &Claim,
    slots: &[i64],
) -> Result<(), Failure> {
    let Claim { member, epoch, at } = claim;
    let epoch = stored::number(*epoch);
    sqlx::query(LOCK).bind(slots).execute(&mut *connection).await?;
    let against: Option<i64> = sqlx::query_scalar(AGAINST)
        .bind(slots)
        .bind(epoch)
        .bind(member.as_str())
        .fetch_one(&mut *connection)
        .await?;
    if let Some(against) = against {
        let epoch = stored::epoch(against)?;
        return Err(Error::Fenced { epoch }.into());
    }
    let took = sqlx::query(CLAIM).bind(slots).bind(epoch).bind(member.as_str());
    took.execute(&mut *connection).await?;
    let remembered = sqlx::query(REMEMBER)
        .bind(slots)
        .bind(epoch)
        .bind(member.as_str());
    let remembered = remembered.bind(millis::from_time(*at));
    remembered.execute(&mut *connection).await?;
    let forgotten = sqlx::query(FORGET).bind(slots).bind(i64::from(MOVES_MAX));
    forgotten.execute(&mut *connection).await?;
    Ok(())
}

/// Says that claims still stand at a later epoch, and returns the slots of those that do not. The transaction
/// around it is the caller's.
pub(super) async fn keep(
    connection: &mut PgConnection,
    claim: &Claim,
    held: &[(u16, u64)],
) -> Result<Vec<u16>, Failure> {
    let slots: Vec<i64> = held.iter().map(|(slot, _)| i64::from(*slot)).collect();
    let epochs: Vec<i64> = held.iter().map(|(_, epoch)| stored::number(*epoch)).collect();
    sqlx::query(LOCK).bind(&slots).execute(&mut *connection).await?;
    let kept = sqlx::query(KEEP).bind(&slots).bind(&epochs);
    let kept = kept.bind(stored::number(claim.epoch)).bind(claim.member.as_str());
    kept.execute(&mut *connection).await?;
    let taken: Vec<i64> = sqlx::query_scalar(TAKEN)
        .bind(&slots)
        .bind(&epochs)
        .bind(claim.member.as_str())
        .fetch_all(&mut *connection)
        .await?;
    taken.into_iter().map(slot).collect()
}

/// The slots with a newer claim than one of these writes has, ascending. One statement for any number of
/// writes. No claim of their slots comes after the answer until the transaction ends.
pub(super) async fn fenced(connection: &mut PgConnection, writes: &[Write]) -> Result<Vec<Fenced>, Failure> {
    let oldest = oldest_of(writes);
    let slots: Vec<i64> = oldest.keys().map(|slot| i64::from(*slot)).collect();
    let held: Vec<(i64, i64)> = sqlx::query_as(HELD).bind(slots).fetch_all(connection).await?;
    let mut fenced = Vec::new();
    // Those that were never claimed are below every epoch.
    for (found, epoch) in held.into_iter().filter(|(_, epoch)| *epoch >= 0) {
        let (slot, epoch) = (slot(found)?, stored::epoch(epoch)?);
        if oldest.get(&slot).is_some_and(|oldest| *oldest < epoch) {
            fenced.push(Fenced { slot, epoch });
        }
    }
    Ok(fenced)
}

/// The oldest epoch of the writes for each slot: a claim that is not newer stops none of them.
fn oldest_of(writes: &[Write]) -> BTreeMap<u16, u64> {
    let mut oldest: BTreeMap<u16, u64> = BTreeMap::new();
    for Write { slot, epoch, .. } in writes {
        let oldest = oldest.entry(*slot).or_insert(*epoch);
        *oldest = (*oldest).min(*epoch);
    }
    oldest
}

/// The newest epoch of all claims. A new claim of a slot is never older than the one in its place was kept, so the
/// claims that stand are enough to look at.
pub(super) async fn epoch(connection: &mut PgConnection) -> Result<u64, Failure> {
    let newest: i64 = sqlx::query_scalar("SELECT greatest(max(kept), 0) FROM claims")
        .fetch_one(connection)
        .await?;
    Ok(stored::epoch(newest)?)
}

/// The last claims of a slot, newest first.
pub(super) async fn moves(connection: &mut PgConnection, slot: u16) -> Result<Vec<Move>, Failure> {
    let rows = sqlx::query_as(claims::MOVES)
        .bind(i64::from(slot))
        .fetch_all(connection)
        .await?;
    Ok(claims::moves(rows)?)
}

fn slot(slot: i64) -> Result<u16, Failure> {
    u16::try_from(slot).map_err(|_| unreadable("slot", "the store").into())
}
