//! What must survive a restart: accounts, access lists, property subscriptions, and the logins of call-back
//! clients with their views.
//!
//! One trait, [`Store`], with SQLite behind it ([`SqliteStore`]) and one suite of contract tests
//! (`tests/contract`) that any other store has to pass too. A home server loads the people of its slots once
//! and then only writes; [`Writer`] puts what many people change at one time into one transaction.
//!
//! Deliberately absent: presence as watchers see it, which the home server computes, and the domains that
//! are served, which are in the topology file.

mod account;
mod durable;
mod error;
mod secrets;
mod sqlite;
mod write;
mod writer;

pub use account::{Account, AccountChange, Put};
pub use durable::{Durable, Login, PropertySubscription, View};
pub use error::{Cause, Error};
pub use secrets::{
    DigestSecret, ITERATIONS, LegacyNames, LegacySecrets, PASSWORD_CHARS_MAX, PasswordError, ScramVerifier,
    Secrets,
};
pub use sqlite::SqliteStore;
pub use write::{Change, Write};
pub use writer::{GROUP_SUBMISSIONS_MAX, QUEUE_SUBMISSIONS_MAX, Writer};

use async_trait::async_trait;
use rvp::Principal;

/// Durable state. Every method is one transaction: it happens wholly or not at all, and what it returns is
/// one moment's truth.
///
/// Times are kept to the millisecond; what is finer is cut off.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Everybody whose account is in these slots, ordered by principal.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when one of them cannot be read, and nobody is returned: half of a person's
    /// state, an access list least of all, must not be taken for the whole. [`Error::Unavailable`],
    /// [`Error::Corrupt`].
    async fn load(&self, slots: &[u16]) -> Result<Vec<Durable>, Error>;

    /// One person, if there is an account.
    ///
    /// # Errors
    /// As [`Store::load`].
    async fn load_one(&self, principal: &Principal) -> Result<Option<Durable>, Error>;

    /// Applies the changes in their order, in one transaction. A change of somebody who has no account, as
    /// one that was just removed, is ignored; so is the removal of what is not there.
    ///
    /// # Errors
    /// Nothing was applied: [`Error::Unavailable`], [`Error::ReadOnly`], [`Error::Corrupt`].
    async fn write(&self, writes: &[Write]) -> Result<(), Error>;

    /// Every account, ordered by principal.
    ///
    /// # Errors
    /// As [`Store::load`].
    async fn accounts(&self) -> Result<Vec<Account>, Error>;

    /// Creates or replaces an account. Replacing keeps everything else that belongs to the person. The
    /// change takes the next revision.
    ///
    /// # Errors
    /// [`Error::Exists`] for [`Put::New`], [`Error::NoSuchAccount`] for [`Put::Replace`]; and as
    /// [`Store::write`].
    async fn put_account(&self, account: &Account, slot: u16, put: Put) -> Result<(), Error>;

    /// Removes an account with everything that belongs to the person. The subscriptions they have to
    /// others stay: those belong to the others, whose home will find that nobody is there. The change takes
    /// the next revision.
    ///
    /// # Errors
    /// [`Error::NoSuchAccount`]; and as [`Store::write`].
    async fn remove_account(&self, principal: &Principal) -> Result<(), Error>;

    /// The newest revision, and in their order the changes of accounts after `revision`: of each account the
    /// last one only, and before it the removal, if it was removed and created again. A display name that
    /// was set by [`Change::PutDisplayName`] takes no revision, because the one home that must know has
    /// written it.
    ///
    /// A newest revision below the one asked for means that an older copy of the store was put in place:
    /// whoever follows must load everything again.
    ///
    /// # Errors
    /// As [`Store::load`].
    async fn changes_since(&self, revision: u64) -> Result<(u64, Vec<AccountChange>), Error>;

    /// The newest revision, 0 for a store that never had an account.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Corrupt`].
    async fn revision(&self) -> Result<u64, Error>;
}
