//! Backup and restore of everything a store holds, in a file that does not depend on the engine: so a backup of one
//! engine restored into the other is how a store moves.
//!
//! The file is text, compressed with zstd: a line of JSON that says what it is, for each table a line that names its
//! columns and a line for each row, and at last a line with the number of rows and the SHA-256 of everything before
//! it. Times and ids are as they are stored; octets are in base64. Two stores with the same content make the same
//! text, so that hashes can be compared.

mod read;
mod write;

use crate::stored::table::{TABLES, Table, Value};
use crate::{Error, Location, PostgresStore, SqliteStore};
use async_trait::async_trait;
use std::io::{self, Read, Write};

/// The format that is written, and the newest that can be read.
pub const BACKUP_FORMAT: u64 = 1;

/// Octets of a line: the longest is an access list with every entry it may have.
const LINE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Rows that are put with one call, and octets of their lines.
const PORTION_ROWS: usize = 1000;
const PORTION_BYTES: usize = 4 * 1024 * 1024;

/// What a backup holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Backup {
    /// Rows of all tables.
    pub rows: u64,
    /// The SHA-256 of its text, in hexadecimal digits: the same for stores with the same content.
    pub sha256: String,
}

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store did not do what it was asked.
    #[error(transparent)]
    Store(#[from] Error),
    /// The file cannot be read or written.
    #[error("the file cannot be read or written")]
    File(#[from] io::Error),
    /// The file is something else.
    #[error("the file is not a backup; nothing was restored")]
    NotABackup,
    /// A newer program has written it.
    #[error(
        "the backup was made by a newer program (its format is {found}, this program knows {BACKUP_FORMAT}); \
         nothing was restored: use the newer program"
    )]
    NewerFormat {
        /// Its format.
        found: u64,
    },
    /// The file ends too early, or is not what was written.
    #[error("the backup {0}; nothing was restored: use another copy")]
    Damaged(&'static str),
    /// There is something in the store.
    #[error("store {store} is not empty; nothing was restored: name an empty one, which `homeport` makes")]
    NotEmpty {
        /// Which.
        store: String,
    },
}

/// What is said of rows that no store ever had.
pub(crate) const ALTERED: BackupError = BackupError::Damaged("was altered");

/// How far it is: rows that are done, and rows in all.
pub type Progress<'p> = &'p mut (dyn FnMut(u64, u64) + Send);

/// One moment's truth of a store, to be read table by table.
#[async_trait]
pub(crate) trait Snapshot: Send {
    /// The newest revision.
    async fn revision(&mut self) -> Result<i64, Error>;

    /// How many rows a table has.
    async fn count(&mut self, table: &'static Table) -> Result<u64, Error>;

    /// Reads all rows of a table in order, and gives them on. Stops at the first that is not taken.
    async fn read(
        &mut self,
        table: &'static Table,
        take: &mut (dyn FnMut(Vec<Value>) -> Result<(), BackupError> + Send),
    ) -> Result<(), BackupError>;
}

/// An empty store that is being filled, in one transaction.
#[async_trait]
pub(crate) trait Filling: Send {
    /// Puts rows into a table. Rows that cannot be there beside each other are none that a store had.
    async fn put(&mut self, table: &'static Table, rows: Vec<Vec<Value>>) -> Result<(), BackupError>;

    /// Sets the newest revision, and makes everything that was put durable. Without it nothing happened.
    async fn finish(self: Box<Self>, revision: i64) -> Result<(), Error>;
}

/// Only an empty store is filled.
pub(crate) async fn must_be_empty(
    store: &mut dyn Snapshot,
    name: impl FnOnce() -> String + Send,
) -> Result<(), BackupError> {
    let mut is_empty = store.revision().await? == 0;
    for table in &TABLES {
        is_empty &= store.count(table).await? == 0;
    }
    if is_empty {
        return Ok(());
    }
    Err(BackupError::NotEmpty { store: name() })
}

impl Location {
    /// Writes everything that the store holds at this moment. Others may go on using it.
    ///
    /// # Errors
    /// [`BackupError::Store`], [`BackupError::File`]: what was written so far is no backup.
    pub async fn backup(
        &self,
        to: &mut (dyn Write + Send),
        progress: Progress<'_>,
    ) -> Result<Backup, BackupError> {
        match self {
            Self::Sqlite(path) => {
                let store = SqliteStore::open(path).await?;
                let mut snapshot = store.begin_backup().await?;
                let done = write::write(&mut *snapshot, to, progress).await;
                drop(snapshot);
                store.close().await;
                done
            }
            Self::Postgres(config) => {
                let store = PostgresStore::open(config).await?;
                let mut snapshot = store.begin_backup().await?;
                let done = write::write(&mut *snapshot, to, progress).await;
                drop(snapshot);
                store.close().await;
                done
            }
        }
    }

    /// Fills an empty store with what a backup holds, in one transaction: if anything is wrong with the file,
    /// nothing was restored.
    ///
    /// # Errors
    /// [`BackupError`].
    pub async fn restore(
        &self,
        from: &mut (dyn Read + Send),
        progress: Progress<'_>,
    ) -> Result<Backup, BackupError> {
        // Before the store is opened, which would make it.
        let text = read::Text::open(from)?;
        match self {
            Self::Sqlite(path) => {
                let store = SqliteStore::open(path).await?;
                let done = match store.begin_restore().await {
                    Ok(filling) => read::read(text, filling, progress).await,
                    Err(error) => Err(error),
                };
                store.close().await;
                done
            }
            Self::Postgres(config) => {
                let store = PostgresStore::open(config).await?;
                let done = match store.begin_restore().await {
                    Ok(filling) => read::read(text, filling, progress).await,
                    Err(error) => Err(error),
                };
                store.close().await;
                done
            }
        }
    }
}

fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
