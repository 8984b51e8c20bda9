//! What errors of the database mean.

use crate::Error;
use sqlx::migrate::MigrateError;
use std::sync::Arc;

/// Why something inside this module did not work: it becomes an [`Error`] where the database's name is known.
#[derive(Debug)]
pub(super) enum Failure {
    /// The database failed, or the way to it.
    Database(sqlx::Error),
    /// The answer to a commit is lost.
    Undecided(sqlx::Error),
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

/// What a failure comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// The connection is lost, or the database is starting or ending: with another connection it may work.
    Away,
    /// Two transactions waited for each other, and this one gave way.
    GaveWay,
    /// The user or the password is not accepted.
    NotAdmitted,
    /// There is no such database.
    Missing,
    /// This user, or nobody at the moment, may write.
    ReadOnly,
    /// The database found that its files are damaged.
    Corrupt,
    /// Anything else.
    Other,
}

impl Failure {
    /// Whether trying again with another connection may help. Not after a wait for a connection: the wait is over.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed) => false,
            Self::Database(error) => matches!(kind(error), Kind::Away | Kind::GaveWay),
            Self::Undecided(_) | Self::Refused(_) => false,
        }
    }

    /// What a migration that failed means.
    pub(super) fn of_migration(error: MigrateError, store: &str, known: i64) -> Self {
        let store = store.to_owned();
        if let MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) = error {
            Self::Database(error)
        } else if let MigrateError::VersionMissing(found) = error {
            // A newer process came between the inspection and the lock.
            Self::Refused(Error::NewerSchema { store, found, known })
        } else {
            // Somebody else's tables, or ours made from another text than this program holds.
            Self::Refused(Error::Foreign { store })
        }
    }

    /// What this means to whoever uses the store.
    pub(super) fn explain(self, store: &str) -> Error {
        let error = match self {
            Self::Database(error) | Self::Undecided(error) => error,
            Self::Refused(error) => return error,
        };
        let (store, kind) = (store.to_owned(), kind(&error));
        let source = Arc::new(error);
        match kind {
            Kind::NotAdmitted => Error::NotAdmitted { store, source },
            Kind::Missing => Error::NoSuchDatabase { store, source },
            Kind::ReadOnly => Error::ReadOnly { store, source },
            Kind::Corrupt => Error::Corrupt { store, source },
            Kind::Away => Error::Unreachable { store, source },
            Kind::GaveWay | Kind::Other => Error::Unavailable(source),
        }
    }
}

/// Whether a value is one that its column, or the table beside its other rows, does not take.
pub(super) fn is_constraint(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code.starts_with("22") || code.starts_with("23"))
}

fn kind(error: &sqlx::Error) -> Kind {
    let Some(of_database) = error.as_database_error() else {
        let away = matches!(
            error,
            sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
        );
        return if away { Kind::Away } else { Kind::Other };
    };
    let code = of_database.code().unwrap_or_default();
    match &*code {
        "28000" | "28P01" => Kind::NotAdmitted,
        "3D000" => Kind::Missing,
        "25006" | "42501" => Kind::ReadOnly,
        "XX001" | "XX002" => Kind::Corrupt,
        // Too many connections; ended by an operator, crashed, or not there yet; ended for idleness.
        "53300" | "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => Kind::Away,
        "40001" | "40P01" => Kind::GaveWay,
        code if code.starts_with("08") => Kind::Away,
        _ => Kind::Other,
    }
}
