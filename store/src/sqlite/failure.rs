//! What errors of the database mean.

use crate::Error;
use std::path::Path;
use std::sync::Arc;

// Primary result codes of SQLite; the low octet of the extended ones.
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const CORRUPT: i32 = 11;
const CANTOPEN: i32 = 14;
const CONSTRAINT: i32 = 19;
const MISMATCH: i32 = 20;
const NOTADB: i32 = 26;

/// Why something inside this module did not work: it becomes an [`Error`] where the file's path is known.
#[derive(Debug)]
pub(super) enum Failure {
    /// The database failed.
    Database(rusqlite::Error),
    /// We refuse, and the answer is made already.
    Refused(Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
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

    /// Whether a value is one that its column, or the table beside its other rows, does not take.
    pub(super) fn is_constraint(&self) -> bool {
        match self {
            Self::Database(error) => matches!(code(error), Some(CONSTRAINT | MISMATCH)),
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

/// The primary result code, if it was the database that failed.
fn code(error: &rusqlite::Error) -> Option<i32> {
    Some(error.sqlite_error()?.extended_code & 0xff)
}
