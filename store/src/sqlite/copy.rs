//! Everything of a store, read and put table by table.

use super::SqliteStore;
use super::failure::{self, Failure};
use crate::backup::{ALTERED, BackupError, Filling, Snapshot, must_be_empty};
use crate::stored::table::{Table, Value, values};
use crate::{Error, stored};
use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Row, Sqlite, Transaction};
use std::path::PathBuf;

/// Rows of one statement. With twelve columns it has 768 placeholders, of 32,766 that are allowed.
const ROWS: usize = 64;

/// A transaction that copies.
struct Copying {
    path: PathBuf,
    transaction: Transaction<'static, Sqlite>,
}

impl Copying {
    fn explain<T>(&self, result: Result<T, sqlx::Error>) -> Result<T, Error> {
        result.map_err(|error| Failure::from(error).explain(&self.path))
    }

    async fn number(&mut self, sql: String) -> Result<i64, Error> {
        let number = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&mut *self.transaction)
            .await;
        self.explain(number)
    }
}

impl SqliteStore {
    /// One moment's truth, for a backup.
    pub(crate) async fn begin_backup(&self) -> Result<Box<dyn Snapshot>, Error> {
        let transaction = self.explain(self.snapshot().await)?;
        Ok(Box::new(Copying {
            path: self.path.clone(),
            transaction,
        }))
    }

    /// Begins to fill this store, which must be empty.
    pub(crate) async fn begin_restore(&self) -> Result<Box<dyn Filling>, BackupError> {
        let transaction = self.explain(self.begin().await)?;
        let mut copying = Copying {
            path: self.path.clone(),
            transaction,
        };
        must_be_empty(&mut copying, || self.path.display().to_string()).await?;
        Ok(Box::new(copying))
    }
}

#[async_trait]
impl Snapshot for Copying {
    async fn revision(&mut self) -> Result<i64, Error> {
        self.number("SELECT revision FROM newest_revision".to_owned())
            .await
    }

    async fn count(&mut self, table: &'static Table) -> Result<u64, Error> {
        let rows = self.number(table.count()).await?;
        u64::try_from(rows).map_err(|_| stored::unreadable("number of rows", table.name))
    }

    async fn read(
        &mut self,
        table: &'static Table,
        take: &mut (dyn FnMut(Vec<Value>) -> Result<(), BackupError> + Send),
    ) -> Result<(), BackupError> {
        let path = self.path.clone();
        let explain = |error: sqlx::Error| Failure::from(error).explain(&path);
        let mut rows = sqlx::query(AssertSqlSafe(table.select())).fetch(&mut *self.transaction);
        while let Some(row) = rows.try_next().await.map_err(explain)? {
            let values = || -> Result<Vec<Value>, sqlx::Error> { Ok(values!(row, table)) };
            take(values().map_err(explain)?)?;
        }
        Ok(())
    }
}

#[async_trait]
impl Filling for Copying {
    async fn put(&mut self, table: &'static Table, rows: Vec<Vec<Value>>) -> Result<(), BackupError> {
        let row = format!("({})", vec!["?"; table.columns.len()].join(","));
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let some: Vec<Vec<Value>> = rows.by_ref().take(ROWS).collect();
            let places = vec![row.as_str(); some.len()].join(",");
            let sql = format!("INSERT INTO {} ({}) VALUES {places}", table.name, table.columns());
            let query = some
                .into_iter()
                .flatten()
                .fold(sqlx::query(AssertSqlSafe(sql)), |query, value| match value {
                    Value::Null => query.bind(None::<i64>),
                    Value::Number(number) => query.bind(number),
                    Value::Text(text) => query.bind(text),
                    Value::Octets(octets) => query.bind(octets),
                    Value::Flag(flag) => query.bind(flag),
                });
            let put = query.execute(&mut *self.transaction).await;
            if put.as_ref().is_err_and(failure::is_constraint) {
                return Err(ALTERED);
            }
            self.explain(put)?;
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>, revision: i64) -> Result<(), Error> {
        let set = sqlx::query("UPDATE newest_revision SET revision = ?").bind(revision);
        let set = set.execute(&mut *self.transaction).await;
        self.explain(set)?;
        let Self { path, transaction } = *self;
        let done = transaction.commit().await;
        done.map_err(|error| Failure::from(error).explain(&path))
    }
}
