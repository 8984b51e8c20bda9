//! What must survive a restart: accounts, access lists, contact lists, property subscriptions, the logins of
//! call-back clients with their views, and messages for people who cannot be reached. And who may write it: a
//! home that has lost people is stopped here.
//!
//! One trait, [`Store`], with SQLite ([`SqliteStore`], a file for one machine) or PostgreSQL ([`PostgresStore`])
//! behind it, and one suite of contract tests (`tests/contract`) that both pass. A home server claims its slots, which returns the
//! people in them, and then only writes; [`Writer`] puts what many people change at one time into one
//! transaction. From the moment a slot is claimed at a newer epoch, writes of an older one are left out.
//!
//! Deliberately absent: presence as watchers see it, which the home server computes, and the domains that
//! are served, which are in the topology file.

mod account;
mod archive;
mod backup;
mod claim;
mod contact;
mod durable;
mod error;
mod kept;
mod location;
mod postgres;
mod secrets;
mod sqlite;
mod stored;
mod write;
mod writer;

pub use account::{Account, AccountChange, Put};
pub use archive::{
    ArchiveEntry, Archived, Break, Chain, ChainHash, ChainPoint, PURGE_ENTRIES_MAX, verify as verify_archive,
};
pub use backup::{BACKUP_FORMAT, Backup, BackupError, Progress};
pub use claim::{Claim, Fenced, Move};
pub use contact::{CONTACT_LIST_MAX, CONTACT_TEXT_CHARS_MAX, Contact};
pub use durable::{Durable, Login, PropertySubscription, View};
pub use error::{Cause, Error};
pub use kept::{KEPT_READ_BYTES_MAX, KeptHeader, KeptMessage};
pub use location::Location;
pub use postgres::{PostgresConfig, PostgresStore};
pub use secrets::{
    DigestSecret, ITERATIONS, LegacyNames, LegacySecrets, PASSWORD_CHARS_MAX, PasswordError, ScramVerifier,
    Secrets,
};
pub use sqlite::SqliteStore;
pub use write::{Change, Write};
pub use writer::{GROUP_SUBMISSIONS_MAX, QUEUE_SUBMISSIONS_MAX, RENEWAL_DELAY, Writer};

use async_trait::async_trait;
use rvp::{Domain, Principal};
use std::time::SystemTime;

/// Claims that are kept of a slot, the newest among them.
pub const MOVES_MAX: u32 = 8;

/// How loudly a pool says that somebody waited long for a connection. Not a complaint: the wait has an end, and whoever
/// comes to it is told. A clock that was set forward makes every wait look long.
pub(crate) const SLOW_ACQUIRE: log::LevelFilter = log::LevelFilter::Debug;

/// Durable state. Every method is one transaction: it happens wholly or not at all, and what it returns is
/// one moment's truth.
///
/// Times are kept to the millisecond; what is finer is cut off.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Takes slots over, all or none: from now on writes for them of an older epoch are left out. Returns
    /// everybody whose account is in them, ordered by principal, as of the same moment: no write of a former
    /// home can come between. The same member may claim again at the same epoch.
    ///
    /// # Errors
    /// Nothing was claimed: [`Error::Fenced`] when one of the slots was claimed at a newer epoch, or by
    /// another member at the same. [`Error::Unreadable`] when one of the people cannot be read, and nobody
    /// is returned: half of a person's state, an access list least of all, must not be taken for the whole.
    /// Else as [`Store::write`].
    async fn claim(&self, claim: &Claim, slots: &[u16]) -> Result<Vec<Durable>, Error>;

    /// The newest epoch of any claim, 0 for a store without one.
    ///
    /// # Errors
    /// As [`Store::load`].
    async fn epoch(&self) -> Result<u64, Error>;

    /// The last claims of a slot, newest first, at most [`MOVES_MAX`].
    ///
    /// # Errors
    /// As [`Store::load`].
    async fn moves(&self, slot: u16) -> Result<Vec<Move>, Error>;

    /// Those of these people of whom there is an account, each once, ordered by principal.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when one of them cannot be read, and nobody is returned; [`Error::Unavailable`],
    /// [`Error::Corrupt`].
    async fn load(&self, people: &[Principal]) -> Result<Vec<Durable>, Error>;

    /// One person, if there is an account.
    ///
    /// # Errors
    /// As [`Store::load`].
    async fn load_one(&self, principal: &Principal) -> Result<Option<Durable>, Error> {
        Ok(self.load(std::slice::from_ref(principal)).await?.pop())
    }

    /// Says at a later epoch that slots which were claimed are still held: whoever is given one at an epoch in
    /// between cannot claim it any more. `held` names each slot with the epoch of its claim. Returns the slots
    /// of which another claim stands, ascending: these are not held, whatever the caller believes.
    ///
    /// # Errors
    /// Nothing was kept: [`Error::Unavailable`], [`Error::ReadOnly`], [`Error::Corrupt`].
    async fn keep(&self, claim: &Claim, held: &[(u16, u64)]) -> Result<Vec<u16>, Error>;

    /// Applies the changes in their order, in one transaction, except those for slots with a newer claim
    /// than the write's epoch: these are left out, and their slots are returned, each once, ascending. A
    /// slot that was never claimed takes writes of any epoch. A change of somebody who has no account, as
    /// one that was just removed, is ignored; so is the removal of what is not there.
    ///
    /// # Errors
    /// Nothing was applied: [`Error::Unavailable`], [`Error::ReadOnly`], [`Error::Corrupt`].
    async fn write(&self, writes: &[Write]) -> Result<Vec<Fenced>, Error>;

    /// Messages kept for a person that no client took yet, with numbers above `after`, ascending: at most
    /// `limit`, and no further than [`KEPT_READ_BYTES_MAX`] octets of documents, but at least one if there is
    /// one. Whoever wants all asks again with the last number, until there is none.
    ///
    /// # Errors
    /// As [`Store::load`].
    async fn kept(&self, principal: &Principal, after: u64, limit: u32) -> Result<Vec<KeptMessage>, Error>;

    /// The archives' chains, one for each domain that ever had an entry, ordered by domain.
    ///
    /// # Errors
    /// As [`Store::load`].
    async fn archives(&self) -> Result<Vec<Chain>, Error>;

    /// Entries of a domain's archive with numbers above `after`, ascending: at most `limit`, and no further than
    /// [`KEPT_READ_BYTES_MAX`] octets of documents, but at least one if there is one.
    ///
    /// # Errors
    /// As [`Store::load`].
    async fn archive(&self, domain: &Domain, after: u64, limit: u32) -> Result<Vec<Archived>, Error>;

    /// Removes the first entries of a domain's archive up to one that is not older, at most
    /// [`PURGE_ENTRIES_MAX`], and returns how many. The last that was removed is the chain's anchor from then on.
    /// Whoever wants all removed asks again until there is none.
    ///
    /// # Errors
    /// As [`Store::write`].
    async fn purge_archive(&self, domain: &Domain, before: SystemTime) -> Result<u64, Error>;

    /// Every account, ordered by principal.
    ///
    /// # Errors
    /// As [`Store::load`].
    async fn accounts(&self) -> Result<Vec<Account>, Error>;

    /// Creates or replaces an account. Replacing keeps everything else that belongs to the person. The
    /// change takes the next revision. Accounts are the operator's, so no claim stands against it.
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

    /// Sets somebody's contact list, the whole list in the person's order. It is the operator who does it, so no
    /// claim stands against it. Homes do not have contacts in memory, and the change takes no revision.
    ///
    /// # Errors
    /// [`Error::NoSuchAccount`]; and as [`Store::write`].
    async fn put_contacts(&self, principal: &Principal, contacts: &[Contact]) -> Result<(), Error>;

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

    /// What an engine does now and then, better beside writes than in one of them. [`Writer`] asks for it after every
    /// few thousand writes. Nothing depends on it, so that what goes wrong is told nobody.
    async fn upkeep(&self) {}

    /// Waits for what is under way and ends. Whatever is asked afterwards fails. Dropping a store loses nothing
    /// either; one that holds nothing open need not do anything.
    async fn close(&self) {}
}
