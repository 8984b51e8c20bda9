//! Everything of a store, read and put table by table.

use super::PostgresStore;
use super::failure::{self, Failure};
use crate::backup::{ALTERED, BackupError, Filling, Snapshot, must_be_empty};
use crate::stored::table::{Kind, Table, Value};
use crate::{Error, stored};
use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Executor, Postgres, Row, Transaction};

/// Copying takes as long as it takes, and may wait for the file in between.
const PATIENTLY: &str =
    "SET LOCAL statement_timeout TO 0; SET LOCAL idle_in_transaction_session_timeout TO 0";

/// A transaction that copies.
struct Copying {
    name: String,
    transaction: Transaction<'static, Postgres>,
}

impl Copying {
    fn explain<T>(&self, result: Result<T, sqlx::Error>) -> Result<T, Error> {
        result.map_err(|error| Failure::from(error).explain(&self.name))
    }

    async fn number(&mut self, sql: String) -> Result<i64, Error> {
        let number = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&mut *self.transaction)
            .await;
        self.explain(number)
    }

    async fn execute(&mut self, sql: String) -> Result<(), Error> {
        let done = self.transaction.execute(AssertSqlSafe(sql)).await;
        self.explain(done).map(drop)
    }
}

impl PostgresStore {
    fn copying(&self, begun: Result<Transaction<'static, Postgres>, Failure>) -> Result<Copying, Error> {
        let transaction = begun.map_err(|failure| failure.explain(&self.name))?;
        let name = self.name.clone();
        Ok(Copying { name, transaction })
    }

    /// One moment's truth, for a backup.
    pub(crate) async fn begin_backup(&self) -> Result<Box<dyn Snapshot>, Error> {
        let mut copying = self.copying(self.snapshot().await)?;
        copying.execute(PATIENTLY.to_owned()).await?;
        Ok(Box::new(copying))
    }

    /// Begins to fill this store, which must be empty.
    pub(crate) async fn begin_restore(&self) -> Result<Box<dyn Filling>, BackupError> {
        let mut copying = self.copying(self.begin().await)?;
        copying.execute(PATIENTLY.to_owned()).await?;
        // Nobody else fills it, claims or makes an account meanwhile.
        let hold = "LOCK TABLE newest_revision, claims, accounts, archive_chains IN ACCESS EXCLUSIVE MODE";
        copying.execute(hold.to_owned()).await?;
        must_be_empty(&mut copying, || self.name.clone()).await?;
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
        let name = self.name.clone();
        let explain = |error: sqlx::Error| Failure::from(error).explain(&name);
        let mut rows = sqlx::query(AssertSqlSafe(table.select())).fetch(&mut *self.transaction);
        while let Some(row) = rows.try_next().await.map_err(explain)? {
            take(values(&row, table).map_err(explain)?)?;
        }
        Ok(())
    }
}

#[async_trait]
impl Filling for Copying {
    async fn put(&mut self, table: &'static Table, rows: Vec<Vec<Value>>) -> Result<(), BackupError> {
        let mut columns: Vec<Vec<Value>> = table.columns.iter().map(|_| Vec::new()).collect();
        for row in rows {
            columns
                .iter_mut()
                .zip(row)
                .for_each(|(column, value)| column.push(value));
        }
        let query = columns.into_iter().zip(table.columns).fold(
            sqlx::query(AssertSqlSafe(insert(table))),
            |query, (column, (_, kind))| match kind {
                Kind::Number => query.bind(all(column, number)),
                Kind::Text => query.bind(all(column, text)),
                Kind::Octets => query.bind(all(column, octets)),
                Kind::Flag => query.bind(all(column, flag)),
            },
        );
        let put = query.execute(&mut *self.transaction).await;
        if put.as_ref().is_err_and(failure::is_constraint) {
            return Err(ALTERED);
        }
        self.explain(put)?;
        Ok(())
    }

    async fn finish(mut self: Box<Self>, revision: i64) -> Result<(), Error> {
        self.execute(format!("UPDATE newest_revision SET revision = {revision}"))
            .await?;
        // Ids go on after those that were put.
        for table in ["accounts", "archive_chains"] {
            let next = format!(
                "SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 0) + 1, FALSE) FROM {table}"
            );
            self.execute(next).await?;
        }
        let Self { name, transaction } = *self;
        let done = transaction.commit().await;
        done.map_err(|error| Failure::Undecided(error).explain(&name))
    }
}

fn values(row: &PgRow, table: &Table) -> Result<Vec<Value>, sqlx::Error> {
    let value = |(index, (_, kind)): (usize, &(&str, Kind))| {
        let value = match kind {
            Kind::Number => row.try_get::<Option<i64>, _>(index)?.map(Value::Number),
            Kind::Text => row.try_get::<Option<String>, _>(index)?.map(Value::Text),
            Kind::Octets => row.try_get::<Option<Vec<u8>>, _>(index)?.map(Value::Octets),
            Kind::Flag => row.try_get::<Option<bool>, _>(index)?.map(Value::Flag),
        };
        Ok(value.unwrap_or(Value::Null))
    };
    table.columns.iter().enumerate().map(value).collect()
}

fn insert(table: &Table) -> String {
    let arrays = table.columns.iter().enumerate().map(|(index, (_, kind))| {
        let of = match kind {
            Kind::Number => "BIGINT",
            Kind::Text => "TEXT",
            Kind::Octets => "BYTEA",
            Kind::Flag => "BOOLEAN",
        };
        format!("${}::{of}[]", index + 1)
    });
    let (name, arrays) = (table.name, arrays.collect::<Vec<_>>().join(", "));
    // Every slot has a row already.
    let instead = if name == "claims" {
        " ON CONFLICT (slot) DO UPDATE SET
            epoch = excluded.epoch, member = excluded.member, kept = excluded.kept"
    } else {
        ""
    };
    format!(
        "INSERT INTO {name} ({}) OVERRIDING SYSTEM VALUE SELECT * FROM unnest({arrays}){instead}",
        table.columns()
    )
}

fn all<T>(column: Vec<Value>, of: fn(Value) -> Option<T>) -> Vec<Option<T>> {
    column.into_iter().map(of).collect()
}

fn number(value: Value) -> Option<i64> {
    match value {
        Value::Number(number) => Some(number),
        Value::Null | Value::Text(_) | Value::Octets(_) | Value::Flag(_) => None,
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(super::text(&text)),
        Value::Null | Value::Number(_) | Value::Octets(_) | Value::Flag(_) => None,
    }
}

fn octets(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::Octets(octets) => Some(octets),
        Value::Null | Value::Number(_) | Value::Text(_) | Value::Flag(_) => None,
    }
}

fn flag(value: Value) -> Option<bool> {
    match value {
        Value::Flag(flag) => Some(flag),
        Value::Null | Value::Number(_) | Value::Text(_) | Value::Octets(_) => None,
    }
}
