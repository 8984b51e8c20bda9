//! The store in one SQLite file, for the home servers of one machine and the commands an operator runs beside
//! them.
//!
//! One connection writes, a few read: in write-ahead mode neither waits for the other. A commit returns when
//! the disk has it (`synchronous=FULL`). Other processes may use the file at the same time; each write takes
//! the file's lock from its first statement, so that it never fails half way for having read too early.

mod accounts;
mod apply;
mod archive;
mod claims;
mod contacts;
mod copy;
mod failure;
mod kept;
mod load;
mod open;
mod people;
mod rows;

use crate::{
    Account, AccountChange, Archived, Chain, Claim, Contact, Durable, Error, Fenced, KeptMessage, Move, Put,
    Store, Write,
};
use async_trait::async_trait;
use failure::Failure;
use load::Which;
use rvp::{Domain, Principal};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{Sqlite, SqlitePool, Transaction};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Connections that read. Reading is rare: people who are not in memory, accounts that changed, operators.
const READERS: u32 = 4;

/// How long a call waits for a connection that others of this process use.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// A store in one SQLite file.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    path: PathBuf,
    writer: SqlitePool,
    readers: SqlitePool,
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
        open::prepare(&path).await?;
        let connect = async |pool: SqlitePoolOptions, options: SqliteConnectOptions| {
            let pool = pool
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .acquire_slow_level(crate::SLOW_ACQUIRE)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false);
            pool.connect_with(options)
                .await
                .map_err(|error| Failure::from(error).explain(&path))
        };
        let one = SqlitePoolOptions::new()
            .max_connections(1)
            .after_connect(|connection, _| Box::pin(open::look_often(connection)));
        let few = SqlitePoolOptions::new().max_connections(READERS);
        let writer = connect(one, open::options(&path)).await?;
        let readers = connect(few, open::options(&path).pragma("query_only", "ON")).await?;
        Ok(Self {
            path,
            writer,
            readers,
        })
    }

    /// Waits for what is under way and closes the file, which folds the side files into it. Whatever is
    /// asked afterwards is [`Error::Unavailable`]. Dropping the store loses nothing either.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// A transaction that has the file's lock. The database waits between attempts, and in its own thread.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, Failure> {
        let mut attempt = 1;
        loop {
            match self
                .writer
                .begin_with("BEGIN IMMEDIATE")
                .await
                .map_err(Failure::from)
            {
                Err(failure) if failure.is_busy() && attempt < open::WRITE_ATTEMPTS => attempt += 1,
                begun => return begun,
            }
        }
    }

    /// A transaction that reads one moment's truth.
    async fn snapshot(&self) -> Result<Transaction<'static, Sqlite>, Failure> {
        Ok(self.readers.begin().await?)
    }

    async fn people(&self, which: Which<'_>) -> Result<Vec<Durable>, Failure> {
        people::load(&mut *self.snapshot().await?, which).await
    }

    async fn try_claim(&self, claim: &Claim, slots: &[u16]) -> Result<Vec<Durable>, Failure> {
        let mut transaction = self.begin().await?;
        claims::claim(&mut transaction, claim, slots).await?;
        let people = people::load(&mut transaction, Which::InSlots(slots)).await?;
        transaction.commit().await?;
        Ok(people)
    }

    async fn try_write(&self, writes: &[Write]) -> Result<Vec<Fenced>, Failure> {
        let mut transaction = self.begin().await?;
        // Only now that the lock is held: no claim can come between this and the commit.
        let fenced = claims::fenced(&mut transaction, writes).await?;
        let ours: Vec<&Write> = writes
            .iter()
            .filter(|write| write.fence(&fenced).is_none())
            .collect();
        apply::writes(&mut transaction, &ours).await?;
        transaction.commit().await?;
        Ok(fenced)
    }

    async fn try_put(&self, account: &Account, slot: u16, put: Put) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        accounts::put(&mut transaction, account, slot, put).await?;
        Ok(transaction.commit().await?)
    }

    async fn try_remove(&self, principal: &Principal) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        accounts::remove(&mut transaction, principal).await?;
        Ok(transaction.commit().await?)
    }

    async fn try_put_contacts(&self, principal: &Principal, list: &[Contact]) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        contacts::put_of(&mut transaction, principal, list).await?;
        Ok(transaction.commit().await?)
    }

    async fn try_changes(&self, after: u64) -> Result<(u64, Vec<AccountChange>), Failure> {
        let mut snapshot = self.snapshot().await?;
        let newest = accounts::revision(&mut snapshot).await?;
        Ok((newest, accounts::changes(&mut snapshot, after).await?))
    }

    async fn try_purge(&self, domain: &Domain, before: SystemTime) -> Result<u64, Failure> {
        let mut transaction = self.begin().await?;
        let purged = archive::purge(&mut transaction, domain, before).await?;
        transaction.commit().await?;
        Ok(purged)
    }

    fn explain<T>(&self, result: Result<T, Failure>) -> Result<T, Error> {
        result.map_err(|failure| failure.explain(&self.path))
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn claim(&self, claim: &Claim, slots: &[u16]) -> Result<Vec<Durable>, Error> {
        if slots.is_empty() {
            Ok(Vec::new())
        } else {
            self.explain(self.try_claim(claim, slots).await)
        }
    }

    async fn keep(&self, claim: &Claim, held: &[(u16, u64)]) -> Result<Vec<u16>, Error> {
        let keep = async {
            let mut transaction = self.begin().await?;
            let taken = claims::keep(&mut transaction, claim, held).await?;
            transaction.commit().await?;
            Ok(taken)
        };
        self.explain(keep.await)
    }

    async fn epoch(&self) -> Result<u64, Error> {
        let read = async { claims::epoch(&mut *self.snapshot().await?).await };
        self.explain(read.await)
    }

    async fn moves(&self, slot: u16) -> Result<Vec<Move>, Error> {
        let read = async { claims::moves(&mut *self.snapshot().await?, slot).await };
        self.explain(read.await)
    }

    async fn load_one(&self, principal: &Principal) -> Result<Option<Durable>, Error> {
        Ok(self.explain(self.people(Which::One(principal)).await)?.pop())
    }

    async fn write(&self, writes: &[Write]) -> Result<Vec<Fenced>, Error> {
        if writes.is_empty() {
            Ok(Vec::new())
        } else {
            self.explain(self.try_write(writes).await)
        }
    }

    async fn kept(&self, principal: &Principal, after: u64, limit: u32) -> Result<Vec<KeptMessage>, Error> {
        let read = async { kept::waiting(&mut *self.snapshot().await?, principal, after, limit).await };
        self.explain(read.await)
    }

    async fn archives(&self) -> Result<Vec<Chain>, Error> {
        let read = async { archive::chains(&mut *self.snapshot().await?).await };
        self.explain(read.await)
    }

    async fn archive(&self, domain: &Domain, after: u64, limit: u32) -> Result<Vec<Archived>, Error> {
        let read = async { archive::entries(&mut *self.snapshot().await?, domain, after, limit).await };
        self.explain(read.await)
    }

    async fn purge_archive(&self, domain: &Domain, before: SystemTime) -> Result<u64, Error> {
        self.explain(self.try_purge(domain, before).await)
    }

    async fn accounts(&self) -> Result<Vec<Account>, Error> {
        let read = async {
            let found = load::accounts(&mut *self.snapshot().await?, Which::All).await?;
            Ok(found.into_iter().map(|found| found.account).collect())
        };
        self.explain(read.await)
    }

    async fn put_account(&self, account: &Account, slot: u16, put: Put) -> Result<(), Error> {
        self.explain(self.try_put(account, slot, put).await)
    }

    async fn remove_account(&self, principal: &Principal) -> Result<(), Error> {
        self.explain(self.try_remove(principal).await)
    }

    async fn put_contacts(&self, principal: &Principal, contacts: &[Contact]) -> Result<(), Error> {
        self.explain(self.try_put_contacts(principal, contacts).await)
    }

    async fn changes_since(&self, revision: u64) -> Result<(u64, Vec<AccountChange>), Error> {
        self.explain(self.try_changes(revision).await)
    }

    async fn revision(&self) -> Result<u64, Error> {
        let read = async { accounts::revision(&mut *self.snapshot().await?).await };
        self.explain(read.await)
    }

    /// Brings what was committed from the log into the file, where neither who reads nor who writes waits for it.
    async fn upkeep(&self) {
        let copied = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)");
        // The connection that writes does it when the log has become long.
        let _ = copied.execute(&self.readers).await;
    }

    async fn close(&self) {
        Self::close(self).await;
    }
}

#[cfg(test)]
#[path = "sqlite_tests.rs"]
mod tests;
