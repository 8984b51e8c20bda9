//! Where everything is kept: a SQLite file, or a PostgreSQL of its own.

#[path = "../../../store/tests/postgres/server.rs"]
#[expect(dead_code, reason = "the tests of PostgreSQL need more of it")]
#[allow(clippy::unwrap_used, reason = "what is missing ends the measurement")]
mod server;

use server::Server;
use std::path::Path;
use store::Location;

/// A store, and the database behind it, which ends with this.
pub(crate) struct Kept {
    pub(crate) location: Location,
    database: Option<Server>,
}

impl Kept {
    /// The file that `homeport up` takes.
    pub(crate) fn in_sqlite(data: &Path) -> Self {
        Self {
            location: Location::Sqlite(data.join("homeport.db")),
            database: None,
        }
    }

    /// A database with its data below the temporary folder, which waits for its disk.
    pub(crate) async fn in_postgres() -> Self {
        let database = Server::start_in(&std::env::temp_dir(), &["fsync=on"]).await;
        Self {
            location: Location::Postgres(database.config()),
            database: Some(database),
        }
    }

    /// What `homeport up` must be told.
    pub(crate) fn arguments(&self) -> Vec<String> {
        match &self.location {
            Location::Sqlite(_) => Vec::new(),
            Location::Postgres(database) => vec!["--store".to_owned(), database.url.clone()],
        }
    }

    /// The first process of the database.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.database.as_ref().map(Server::pid)
    }
}
