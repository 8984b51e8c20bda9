//! Where a store is.

use crate::{Error, PostgresConfig, PostgresStore, SqliteStore, Store};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a store is, and thereby of which kind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Location {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL database.
    Postgres(PostgresConfig),
}

impl Location {
    /// Opens the store, and makes the file or the tables if there are none.
    ///
    /// # Errors
    /// As [`SqliteStore::open`] and [`PostgresStore::open`].
    pub async fn open(&self) -> Result<Arc<dyn Store>, Error> {
        Ok(match self {
            Self::Sqlite(path) => Arc::new(SqliteStore::open(path).await?),
            Self::Postgres(config) => Arc::new(PostgresStore::open(config).await?),
        })
    }
}

/// For people: never with a password.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(config) => f.write_str(config.url.split('?').next().unwrap_or_default()),
        }
    }
}
