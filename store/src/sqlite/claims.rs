//! Claims of slots, and what writes are held against.
//!
//! All rows of one claim have the same epoch and member, so one statement over a list of slots does for any
//! number of them.

use super::failure::Failure;
use super::load::{json, rows};
use crate::stored::{self, claims, millis};
use crate::{Claim, Error, Fenced, MOVES_MAX, Move, Write};
use rusqlite::{Connection, params};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

/// The newest claim that stands against this one, if any.
const AGAINST: &str = "SELECT max(kept) FROM claims
    WHERE slot IN (SELECT value FROM json_each(?1)) AND (kept > ?2 OR (kept = ?2 AND member <> ?3))";

// `WHERE TRUE` tells the parser that `ON` does not begin the condition of a join.
const CLAIM: &str = "INSERT INTO claims (slot, epoch, member, kept)
    SELECT value, ?2, ?3, ?2 FROM json_each(?1) WHERE TRUE
    ON CONFLICT (slot) DO UPDATE SET
        epoch = excluded.epoch, member = excluded.member, kept = excluded.kept";

/// The claims that a member has.
const OF_MEMBER: &str = "SELECT slot, epoch FROM claims WHERE member = ?";

/// What is kept up to that epoch already is not written again.
const KEEP: &str = "UPDATE claims SET kept = ?2
    WHERE slot IN (SELECT value FROM json_each(?1)) AND kept < ?2";

const REMEMBER: &str = "INSERT INTO moves (slot, epoch, member, at)
    SELECT value, ?2, ?3, ?4 FROM json_each(?1) WHERE TRUE
    ON CONFLICT (slot, epoch) DO NOTHING";

/// A claim adds one move to a slot at most, so there is one too many at most.
const FORGET: &str = "DELETE FROM moves WHERE (slot, epoch) IN (
    SELECT value, (SELECT epoch FROM moves WHERE slot = value ORDER BY epoch DESC LIMIT 1 OFFSET ?2)
    FROM json_each(?1))";

/// The claims of these slots.
pub(super) const OF_SLOTS: &str = "SELECT slot, epoch FROM claims
    WHERE slot IN (SELECT value FROM json_each(?))";

/// How often a claim was made.
const COUNT: &str = "SELECT claims FROM newest_revision";

/// The claims of slots that were written for, so that they are not looked for with every write.
#[derive(Debug, Default)]
pub(super) struct Standing {
    known: Mutex<Known>,
}

/// Claims that were found, for as long as none is made: that is counted in the same transaction.
#[derive(Debug, Default)]
struct Known {
    count: i64,
    /// By slot; 0 where there is no claim.
    epochs: HashMap<u16, u64>,
}

impl Standing {
    /// The slots with a newer claim than one of these writes has, ascending. Whoever holds the file's lock knows that no
    /// claim comes after the answer.
    pub(super) fn fenced(&self, connection: &Connection, writes: &[Write]) -> Result<Vec<Fenced>, Failure> {
        let mut count = connection.prepare_cached(COUNT)?;
        let count = count.query_row((), |row| row.get(0))?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.count != count {
            *known = Known {
                count,
                epochs: HashMap::new(),
            };
        }
        known.learn(connection, writes)?;
        let newer = |write: &Write| {
            let epoch = *known.epochs.get(&write.slot)?;
            (write.epoch < epoch).then_some((write.slot, epoch))
        };
        let fenced: BTreeMap<u16, u64> = writes.iter().filter_map(newer).collect();
        let fenced = fenced.into_iter().map(|(slot, epoch)| Fenced { slot, epoch });
        Ok(fenced.collect())
    }
}

impl Known {
    /// Looks for the claims of slots that are not known yet: one statement for any number of them.
    fn learn(&mut self, connection: &Connection, writes: &[Write]) -> Result<(), Failure> {
        let unknown = writes.iter().map(|write| write.slot);
        let unknown: BTreeSet<u16> = unknown.filter(|slot| !self.epochs.contains_key(slot)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let found: Vec<(u16, i64)> = rows(connection, OF_SLOTS, params![json(&unknown)])?;
        let found: Result<Vec<(u16, u64)>, Error> = found
            .into_iter()
            .map(|(slot, epoch)| Ok((slot, stored::epoch(epoch)?)))
            .collect();
        let found = found?;
        self.epochs.extend(unknown.into_iter().map(|slot| (slot, 0)));
        self.epochs.extend(found);
        Ok(())
    }
}

/// Takes slots over, or refuses if somebody has one of them. The transaction around it is the caller's.
pub(super) fn claim(connection: &Connection, claim: &Claim, slots: &[u16]) -> Result<(), Failure> {
    let Claim { member, epoch, at } = claim;
    let (slots, epoch) = (json(slots), stored::number(*epoch));
    let mut against = connection.prepare_cached(AGAINST)?;
    let against: Option<i64> = against.query_row(params![slots, epoch, member], |row| row.get(0))?;
    if let Some(against) = against {
        let epoch = stored::epoch(against)?;
        return Err(Error::Fenced { epoch }.into());
    }
    let mut take = connection.prepare_cached(CLAIM)?;
    take.execute(params![slots, epoch, member])?;
    let mut remember = connection.prepare_cached(REMEMBER)?;
    remember.execute(params![slots, epoch, member, millis::from_time(*at)])?;
    connection
        .prepare_cached(FORGET)?
        .execute(params![slots, MOVES_MAX])?;
    Ok(())
}

/// Says that claims still stand at a later epoch, and returns the slots of those that do not. The transaction
/// around it is the caller's.
pub(super) fn keep(connection: &Connection, claim: &Claim, held: &[(u16, u64)]) -> Result<Vec<u16>, Failure> {
    // Compared here: to the database each pair would be a document of its own to read.
    let ours: Vec<(u16, i64)> = rows(connection, OF_MEMBER, params![claim.member])?;
    let ours: HashMap<u16, i64> = ours.into_iter().collect();
    let stands = |(slot, epoch): &&(u16, u64)| ours.get(slot) == Some(&stored::number(*epoch));
    let (standing, taken): (Vec<_>, Vec<_>) = held.iter().partition(stands);
    let kept = params![
        json(standing.iter().map(|(slot, _)| slot)),
        stored::number(claim.epoch)
    ];
    connection.prepare_cached(KEEP)?.execute(kept)?;
    let taken: BTreeSet<u16> = taken.into_iter().map(|(slot, _)| slot).collect();
    Ok(taken.into_iter().collect())
}

/// The newest epoch of all claims. A new claim of a slot is never older than the one in its place was kept, so the
/// claims that stand are enough to look at.
pub(super) fn epoch(connection: &Connection) -> Result<u64, Failure> {
    let mut newest = connection.prepare_cached("SELECT max(kept) FROM claims")?;
    let newest: Option<i64> = newest.query_row((), |row| row.get(0))?;
    Ok(stored::epoch(newest.unwrap_or_default())?)
}

/// The last claims of a slot, newest first.
pub(super) fn moves(connection: &Connection, slot: u16) -> Result<Vec<Move>, Failure> {
    Ok(claims::moves(rows(connection, claims::MOVES, params![slot])?)?)
}
