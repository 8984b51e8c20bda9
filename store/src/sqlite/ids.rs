//! The row ids of people, so that they are not looked for with every write.

use super::accounts;
use super::failure::Failure;
use crate::Write;
use rusqlite::Connection;
use rvp::Principal;
use std::collections::{HashMap, HashSet};
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
    ids: HashMap<Principal, i64>,
}

impl Ids {
    /// The ids of those among these people who have an account. The transaction around it, which keeps accounts as
    /// they are, is the caller's.
    pub(super) fn of(
        &self,
        connection: &Connection,
        writes: &[&Write],
    ) -> Result<HashMap<Principal, i64>, Failure> {
        let revision = accounts::revision(connection)?;
        let people: HashSet<&Principal> = writes.iter().map(|write| &write.principal).collect();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.revision != revision || known.ids.len() + people.len() > KNOWN_MAX {
            *known = Known {
                revision,
                ids: HashMap::new(),
            };
        }
        let mut ids = HashMap::with_capacity(people.len());
        for principal in people {
            if let Some(id) = known.ids.get(principal) {
                ids.insert(principal.clone(), *id);
            } else if let Some(id) = accounts::id(connection, principal)? {
                known.ids.insert(principal.clone(), id);
                ids.insert(principal.clone(), id);
            }
        }
        Ok(ids)
    }
}
