//! What tests do behind a store's back.

use super::server::{PATIENCE, Server};
use sqlx::{Connection, PgConnection};
use std::time::Duration;

async fn connect(server: &Server) -> PgConnection {
    PgConnection::connect(&server.config().url).await.unwrap()
}

/// Executes statements.
pub(crate) async fn execute(server: &Server, sql: &'static str) {
    let mut connection = connect(server).await;
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Waits until somebody waits for a lock.
pub(crate) async fn waits_for_a_lock(server: &Server) {
    const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    let mut connection = connect(server).await;
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    let waiting = async {
        loop {
            let count: i64 = sqlx::query_scalar(WAITING)
                .fetch_one(&mut connection)
                .await
                .unwrap();
            if count > 0 {
                return;
            }
            tick.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
}
