//! Everything of a store, read and put table by table.

use super::connections::Lent;
use super::{SqliteStore, open};
use crate::backup::{ALTERED, BackupError, Filling, Snapshot, must_be_empty};
use crate::stored::table::{Kind, Table, Value};
use crate::{Error, stored};
use async_trait::async_trait;
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, Row, ToSql, params_from_iter};
use std::path::PathBuf;
use tokio::sync::mpsc;

/// Rows that were read and not taken yet.
const ROWS_AHEAD: usize = 64;

/// A transaction that copies. What is not finished when it is dropped did not happen.
struct Copying {
    path: PathBuf,
    lent: Lent,
}

impl Copying {
    async fn number(&mut self, sql: String) -> Result<i64, Error> {
        let read = move |connection: &Connection| Ok(connection.query_row(&sql, (), |row| row.get(0))?);
        let number = self.lent.run(read);
        number.await.map_err(|failure| failure.explain(&self.path))
    }
}

impl SqliteStore {
    /// One moment's truth, for a backup.
    pub(crate) async fn begin_backup(&self) -> Result<Box<dyn Snapshot>, Error> {
        let lent = self.explain(self.readers.lend().await)?;
        let begun = lent.run(|connection| Ok(connection.execute_batch("BEGIN")?));
        self.explain(begun.await)?;
        Ok(Box::new(self.copying(lent)))
    }

    /// Begins to fill this store, which must be empty.
    pub(crate) async fn begin_restore(&self) -> Result<Box<dyn Filling>, BackupError> {
        let lent = self.explain(self.writer.lend().await)?;
        let begin = |connection: &Connection| {
            open::refer(connection, true)?;
            open::lock(connection)
        };
        self.explain(lent.run(begin).await)?;
        let mut copying = self.copying(lent);
        must_be_empty(&mut copying, || self.path.display().to_string()).await?;
        Ok(Box::new(copying))
    }

    fn copying(&self, lent: Lent) -> Copying {
        Copying {
            path: self.path.clone(),
            lent,
        }
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
        let (read, mut rows) = mpsc::channel(ROWS_AHEAD);
        let reading = self.lent.run(move |connection| {
            let mut statement = connection.prepare(&table.select())?;
            let mut rows = statement.query(())?;
            while let Some(row) = rows.next()? {
                // Whoever takes no more ends this.
                if read.blocking_send(values(row, table)?).is_err() {
                    break;
                }
            }
            Ok(())
        });
        let taking = async move {
            while let Some(row) = rows.recv().await {
                take(row)?;
            }
            Ok(())
        };
        let (read, taken): (_, Result<(), BackupError>) = tokio::join!(reading, taking);
        taken?;
        Ok(read.map_err(|failure| failure.explain(&self.path))?)
    }
}

fn values(row: &Row<'_>, table: &Table) -> rusqlite::Result<Vec<Value>> {
    let value = |(index, (_, kind)): (usize, &(&str, Kind))| {
        let value = match kind {
            Kind::Number => row.get::<_, Option<i64>>(index)?.map(Value::Number),
            Kind::Text => row.get::<_, Option<String>>(index)?.map(Value::Text),
            Kind::Octets => row.get::<_, Option<Vec<u8>>>(index)?.map(Value::Octets),
            Kind::Flag => row.get::<_, Option<bool>>(index)?.map(Value::Flag),
        };
        Ok(value.unwrap_or(Value::Null))
    };
    table.columns.iter().enumerate().map(value).collect()
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Null => Ok(ToSqlOutput::Owned(rusqlite::types::Value::Null)),
            Self::Number(number) => number.to_sql(),
            Self::Text(text) => text.to_sql(),
            Self::Octets(octets) => octets.to_sql(),
            Self::Flag(flag) => flag.to_sql(),
        }
    }
}

#[async_trait]
impl Filling for Copying {
    async fn put(&mut self, table: &'static Table, rows: Vec<Vec<Value>>) -> Result<(), BackupError> {
        let put = self.lent.run(move |connection| {
            let places = vec!["?"; table.columns.len()].join(",");
            let sql = format!(
                "INSERT INTO {} ({}) VALUES ({places})",
                table.name,
                table.columns()
            );
            let mut insert = connection.prepare_cached(&sql)?;
            for row in rows {
                insert.execute(params_from_iter(row))?;
            }
            Ok(())
        });
        match put.await {
            Err(failure) if failure.is_constraint() => Err(ALTERED),
            Err(failure) => Err(failure.explain(&self.path).into()),
            Ok(()) => Ok(()),
        }
    }

    async fn finish(self: Box<Self>, revision: i64) -> Result<(), Error> {
        let finished = self.lent.run(move |connection| {
            connection.execute("UPDATE newest_revision SET revision = ?", [revision])?;
            connection.execute_batch("COMMIT")?;
            open::refer(connection, false)
        });
        finished.await.map_err(|failure| failure.explain(&self.path))
    }
}
