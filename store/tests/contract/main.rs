//! What every store must do, asked of SQLite and of PostgreSQL.
#![expect(clippy::unwrap_used, reason = "in a test it is an assertion")]

#[path = "../postgres/server.rs"]
#[expect(dead_code, reason = "the tests of PostgreSQL need more of it")]
mod server;
#[macro_use]
mod suite;

use async_trait::async_trait;
use server::Server;
use std::sync::Arc;
use store::{PostgresStore, SqliteStore, Store};
use suite::Stage;

/// A file in a folder of its own.
struct SqliteStage(tempfile::TempDir);

impl SqliteStage {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

#[async_trait]
impl Stage for SqliteStage {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(
            SqliteStore::open(self.0.path().join("homeport.db"))
                .await
                .unwrap(),
        )
    }
}

/// A database on a server of its own.
struct PostgresStage(Server);

#[async_trait]
impl Stage for PostgresStage {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(PostgresStore::open(&self.0.config()).await.unwrap())
    }
}

/// Makes a test of each function for each store.
macro_rules! contract {
    ($($suite:ident::$test:ident,)*) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    crate::suite::$suite::$test(&crate::SqliteStage::new()).await;
                }
            )*
        }

        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    let stage = crate::PostgresStage(crate::Server::start().await);
                    crate::suite::$suite::$test(&stage).await;
                }
            )*
        }
    };
}

promises!(contract);
