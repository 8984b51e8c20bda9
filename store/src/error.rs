//! What can go wrong with a store.

use std::error::Error as StdError;
use std::sync::Arc;

/// The cause of an [`Error`], shared because a group of writes has one outcome.
pub type Cause = Arc<dyn StdError + Send + Sync>;

/// Why a store did not do what it was asked. In the texts and fields `store` is the file's path, or the database's
/// address without a password.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// A new account has the principal of an existing one.
    #[error("account exists already")]
    Exists,
    /// There is no account of that principal.
    #[error("there is no such account")]
    NoSuchAccount,
    /// The file cannot be opened or made.
    #[error(
        "store {store} cannot be opened: its folder must exist, and this user must be allowed to write there"
    )]
    CannotOpen {
        /// Which.
        store: String,
        /// What the system says.
        source: Cause,
    },
    /// The address of a database is none.
    #[error("address of the store cannot be read: it must be postgres://USER@HOST:PORT/DATABASE")]
    BadAddress(#[source] Cause),
    /// The database does not answer, is starting or ending, or takes no more connections. Trying again may help.
    #[error("store {store} cannot be reached: a PostgreSQL server must run there and take connections")]
    Unreachable {
        /// Which.
        store: String,
        /// What the database or the system says.
        source: Cause,
    },
    /// The database does not accept the user or the password.
    #[error("store {store} does not let this user in: check the user's name, the password, and pg_hba.conf")]
    NotAdmitted {
        /// Which.
        store: String,
        /// What the database says.
        source: Cause,
    },
    /// The database server has no database of that name.
    #[error("store {store} does not exist: create the database, or name another")]
    NoSuchDatabase {
        /// Which.
        store: String,
        /// What the database server says.
        source: Cause,
    },
    /// The file or its folder, or the database, does not allow writing.
    #[error(
        "store {store} is read-only: this user must be allowed to write, to a file and its folder or to the \
         database, which must not be a standby"
    )]
    ReadOnly {
        /// Which.
        store: String,
        /// What the database says.
        source: Cause,
    },
    /// The file is no database, or what it or the database server keeps is damaged.
    #[error(
        "store {store} is not a database or is damaged; nothing was changed: restore a copy or name another"
    )]
    Corrupt {
        /// Which.
        store: String,
        /// What the database says.
        source: Cause,
    },
    /// The database is one of something else, or one whose tables were changed by hand.
    #[error("store {store} is a database, but not one this program made; nothing was changed: name another")]
    Foreign {
        /// Which.
        store: String,
    },
    /// A newer program has written it.
    #[error(
        "store {store} was written by a newer program (its schema is {found}, this program knows {known}); \
         nothing was changed: use the newer program or restore a copy from before it"
    )]
    NewerSchema {
        /// Which.
        store: String,
        /// The schema it has.
        found: i64,
        /// The newest schema this program knows.
        known: i64,
    },
    /// Something stored is not what this program would have stored.
    #[error(
        "stored {what} of {of} cannot be read: restore a copy, or remove the account and create it again"
    )]
    Unreadable {
        /// What: `access list`.
        what: &'static str,
        /// Of whom.
        of: String,
    },
    /// Another home has claimed slots that this one still takes for its own, and nothing was applied. Trying
    /// again does not help: the members have changed.
    #[error("another home has taken these people over at epoch {epoch}")]
    Fenced {
        /// The epoch of the newest claim.
        epoch: u64,
    },
    /// The store does not answer, is locked for too long, or has no room. Trying again may help.
    #[error("store is not available")]
    Unavailable(#[source] Cause),
    /// More is waiting to be written than is allowed to wait. Nothing was applied; a moment later it may be.
    #[error("too much is waiting to be written")]
    Overloaded,
    /// The writer was stopped before the writes were applied.
    #[error("writer of the store has stopped")]
    Stopped,
}
