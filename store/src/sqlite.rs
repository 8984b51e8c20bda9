//! The store in one SQLite file, for the home servers of one machine and the commands an operator runs beside
//! them.
//!
//! One connection writes, a few read: in write-ahead mode neither waits for the other. A commit returns when
//! the disk has it (`synchronous=FULL`). Other processes may use the file at the same time; each write takes
//! the file's lock from its first statement, so that it never fails half way for having read too early.
//!
//! A transaction is handed over as a whole, to a thread where waiting does no harm (ADR transactions-handed-over-whole).

mod accounts;
mod apply;
mod archive;
mod claims;
mod connections;
mod contacts;
mod copy;
mod failure;
mod ids;
mod kept;
mod load;
mod open;
mod people;

use crate::{
    Account, AccountChange, Archived, Chain, Claim, Contact, Durable, Error, Fenced, KeptMessage, Move, Put,
    Store, Write,
};
use async_trait::async_trait;
use claims::Standing;
use connections::Connections;
use failure::Failure;
use ids::Ids;
use load::Which;
use rusqlite::Connection;
use rvp::{Domain, Principal};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Connections that read. Reading is rare: people who are not in memory, accounts that changed, operators.
const READERS: u32 = 4;

/// A store in one SQLite file.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    path: PathBuf,
    writer: Connections,
    readers: Connections,
    known: Arc<Known>,
}

/// What is remembered of the file, for those who write.
#[derive(Debug, Default)]
struct Known {
    ids: Ids,
    claims: Standing,
}

impl SqliteStore {
    /// Opens the file, makes it if there is none (readable by this user only), and brings it to the newest
    /// schema.
    ///
    /// # Errors
    /// [`Error::CannotOpen`], [`Error::ReadOnly`], [`Error::Unavailable`]; and for a file that is left as it
    /// is [`Error::Corrupt`], [`Error::Foreign`], [`Error::NewerSchema`].
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        // Absolute, because names like `:memory:` mean something else to the database.
        let path = std::path::absolute(path).map_err(|error| Error::CannotOpen {
            store: path.display().to_string(),
            source: Arc::new(error),
        })?;
        let store = Self {
            writer: Connections::new(&path, 1, open::writer),
            readers: Connections::new(&path, READERS, open::reader),
            known: Arc::default(),
            path,
        };
        store.explain(open::prepare(&store.path).await)?;
        // One of each is made at once: what is wrong with the file is told here.
        store.explain(store.writer.run(|_| Ok(())).await)?;
        store.explain(store.readers.run(|_| Ok(())).await)?;
        Ok(store)
    }

    /// Waits for what is under way and closes the file, which folds the side files into it. Whatever is
    /// asked afterwards is [`Error::Unavailable`]. Dropping the store loses nothing either.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Does something in a transaction that has the file's lock. What refers to a row that is removed goes with it.
    async fn write_with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Error> {
        let done = self.writer.run(|connection| {
            open::refer(connection, true)?;
            let result = locked(connection, work);
            open::refer(connection, false)?;
            result
        });
        self.explain(done.await)
    }

    /// Reads one moment's truth.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Error> {
        let done = self.readers.run(|connection| {
            connection.execute_batch("BEGIN")?;
            ended(connection, work(connection))
        });
        self.explain(done.await)
    }

    fn explain<T>(&self, result: Result<T, Failure>) -> Result<T, Error> {
        result.map_err(|failure| failure.explain(&self.path))
    }
}

/// Does something in a transaction that has the file's lock.
fn locked<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    open::lock(connection)?;
    ended(connection, work(connection))
}

/// Ends a transaction: what failed did not happen.
fn ended<T>(connection: &Connection, result: Result<T, Failure>) -> Result<T, Failure> {
    let result = result.and_then(|value| {
        connection.execute_batch("COMMIT")?;
        Ok(value)
    });
    if result.is_err() && !connection.is_autocommit() {
        // A connection on which a transaction is left is not used again.
        let _ = connection.execute_batch("ROLLBACK");
    }
    result
}

fn write(connection: &Connection, known: &Known, writes: &[Write]) -> Result<Vec<Fenced>, Failure> {
    // Only now that the lock is held: no claim can come between this and the commit.
    let fenced = known.claims.fenced(connection, writes)?;
    let ours: Vec<&Write> = writes
        .iter()
        .filter(|write| write.fence(&fenced).is_none())
        .collect();
    let ids = known.ids.of(connection, &ours)?;
    apply::writes(connection, ours.into_iter().zip(ids))?;
    Ok(fenced)
}

#[async_trait]
impl Store for SqliteStore {
    async fn claim(&self, claim: &Claim, slots: &[u16]) -> Result<Vec<Durable>, Error> {
        if slots.is_empty() {
            return Ok(Vec::new());
        }
        let (claim, slots) = (claim.clone(), slots.to_vec());
        self.write_with(move |connection| {
            claims::claim(connection, &claim, &slots)?;
            people::load(connection, Which::InSlots(&slots))
        })
        .await
    }

    async fn keep(&self, claim: &Claim, held: &[(u16, u64)]) -> Result<Vec<u16>, Error> {
        let (claim, held) = (claim.clone(), held.to_vec());
        self.write_with(move |connection| claims::keep(connection, &claim, &held))
            .await
    }

    async fn epoch(&self) -> Result<u64, Error> {
        self.read(claims::epoch).await
    }

    async fn moves(&self, slot: u16) -> Result<Vec<Move>, Error> {
        self.read(move |connection| claims::moves(connection, slot)).await
    }

    async fn load(&self, people: &[Principal]) -> Result<Vec<Durable>, Error> {
        let people: BTreeSet<Principal> = people.iter().cloned().collect();
        self.read(move |connection| people::load_these(connection, &people))
            .await
    }

    async fn write(&self, writes: &[Write]) -> Result<Vec<Fenced>, Error> {
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        let (writes, known) = (writes.to_vec(), Arc::clone(&self.known));
        // References are not checked: that the accounts are there is found out in the same transaction. The writes come
        // back, since memory that is let go in another thread than took it is found to be free only much later.
        let written = self.writer.run(move |connection| {
            let written = locked(connection, |connection| write(connection, &known, &writes));
            Ok((written, writes))
        });
        let written = written.await.and_then(|(written, _writes)| written);
        self.explain(written)
    }

    async fn kept(&self, principal: &Principal, after: u64, limit: u32) -> Result<Vec<KeptMessage>, Error> {
        let principal = principal.clone();
        self.read(move |connection| kept::waiting(connection, &principal, after, limit))
            .await
    }

    async fn archives(&self) -> Result<Vec<Chain>, Error> {
        self.read(archive::chains).await
    }

    async fn archive(&self, domain: &Domain, after: u64, limit: u32) -> Result<Vec<Archived>, Error> {
        let domain = domain.clone();
        self.read(move |connection| archive::entries(connection, &domain, after, limit))
            .await
    }

    async fn purge_archive(&self, domain: &Domain, before: SystemTime) -> Result<u64, Error> {
        let domain = domain.clone();
        self.write_with(move |connection| archive::purge(connection, &domain, before))
            .await
    }

    async fn accounts(&self) -> Result<Vec<Account>, Error> {
        let found = self.read(|connection| load::accounts(connection, Which::All));
        Ok(found.await?.into_iter().map(|found| found.account).collect())
    }

    async fn put_account(&self, account: &Account, slot: u16, put: Put) -> Result<(), Error> {
        let account = account.clone();
        self.write_with(move |connection| accounts::put(connection, &account, slot, put))
            .await
    }

    async fn remove_account(&self, principal: &Principal) -> Result<(), Error> {
        let principal = principal.clone();
        self.write_with(move |connection| accounts::remove(connection, &principal))
            .await
    }

    async fn put_contacts(&self, principal: &Principal, contacts: &[Contact]) -> Result<(), Error> {
        let (principal, contacts) = (principal.clone(), contacts.to_vec());
        self.write_with(move |connection| contacts::put_of(connection, &principal, &contacts))
            .await
    }

    async fn changes_since(&self, revision: u64) -> Result<(u64, Vec<AccountChange>), Error> {
        self.read(move |connection| {
            let newest = accounts::revision(connection)?;
            Ok((newest, accounts::changes(connection, revision)?))
        })
        .await
    }

    async fn revision(&self) -> Result<u64, Error> {
        self.read(accounts::revision).await
    }

    /// Brings what was committed from the log into the file, where neither who reads nor who writes waits for it.
    async fn upkeep(&self) {
        let copied = self.readers.run(|connection| {
            connection.execute_batch("PRAGMA wal_checkpoint(PASSIVE)")?;
            Ok(())
        });
        // The connection that writes does it when the log has become long.
        let _ = copied.await;
    }

    async fn close(&self) {
        Self::close(self).await;
    }
}

#[cfg(test)]
#[path = "sqlite_tests.rs"]
mod tests;
