//! What errors of the database mean.

use crate::Error;
use std::path::Path;
use std::sync::Arc;

// Primary result codes of SQLite; the low octet of the extended ones.
const BUSY: u32 = 5;
const LOCKED: u32 = 6;
const READONLY: u32 = 8;
const CORRUPT: u32 = 11;
const CANTOPEN: u32 = 14;
const CONSTRAINT: u32 = 19;
const MISMATCH: u32 = 20;
const NOTADB: u32 = 26;

/// Why something inside this module did not work: it becomes an [`Error`] where the file's path is known.
#[derive(Debug)]
pub(super) enum Failure {
    /// The database failed.
    Database(sqlx::Error),
    /// We refuse, and the answer is made already.
    Refused(Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl Failure {
    /// Whether somebody else holds the lock, so that trying again may help.
    pub(super) fn is_busy(&self) -> bool {
        match self {
            Self::Database(error) => matches!(code(error), Some(BUSY | LOCKED)),
            Self::Refused(_) => false,
        }
    }

    /// What this means to whoever uses the store at `path`.
    pub(super) fn explain(self, path: &Path) -> Error {
        let error = match self {
            Self::Database(error) => error,
            Self::Refused(error) => return error,
        };
        let store = path.display().to_string();
        match code(&error) {
            Some(READONLY) => Error::ReadOnly {
                store,
                source: Arc::new(error),
            },
            Some(CORRUPT | NOTADB) => Error::Corrupt {
                store,
                source: Arc::new(error),
            },
            Some(CANTOPEN) => Error::CannotOpen {
                store,
                source: Arc::new(error),
            },
            Some(_) | None => Error::Unavailable(Arc::new(error)),
        }
    }
}

/// Whether a value is one that its column, or the table beside its other rows, does not take.
pub(super) fn is_constraint(error: &sqlx::Error) -> bool {
    matches!(code(error), Some(CONSTRAINT | MISMATCH))
}

/// The primary result code, if it was the database that failed.
fn code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}
