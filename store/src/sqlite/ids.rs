//! The row ids of people, so that they are not looked for with every write.

use super::accounts;
use super::failure::Failure;
use crate::Write;
use rusqlite::Connection;
use rvp::Principal;
use std::sync::{Mutex, PoisonError};

/// Ids that are remembered: those of everybody at a large home.
const KNOWN_MAX: usize = 65_536;

/// Ids that were found, for as long as no account changes: whoever makes or removes one takes the next revision in the
/// same transaction.
#[derive(Debug, Default)]
pub(super) struct Ids {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    revision: u64,
    /// Found by a quick hash: those who have an account were given their names by an operator.
    ids: foldhash::HashMap<Principal, i64>,
}

impl Ids {
    /// The id of the person of each of these writes, if there is an account. The transaction around it, which keeps
    /// accounts as they are, is the caller's.
    pub(super) fn of(&self, connection: &Connection, writes: &[&Write]) -> Result<Vec<Option<i64>>, Failure> {
        let revision = accounts::revision(connection)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.revision != revision || known.ids.len() + writes.len() > KNOWN_MAX {
            *known = Known {
                revision,
                ids: foldhash::HashMap::default(),
            };
        }
        writes
            .iter()
            .map(|write| known.id(connection, &write.principal))
            .collect()
    }
}

impl Known {
    fn id(&mut self, connection: &Connection, principal: &Principal) -> Result<Option<i64>, Failure> {
        if let Some(id) = self.ids.get(principal) {
            return Ok(Some(*id));
        }
        let found = accounts::id(connection, principal)?;
        if let Some(id) = found {
            self.ids.insert(principal.clone(), id);
        }
        Ok(found)
    }
}
