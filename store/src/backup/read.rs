//! Reads the file.

use super::{
    ALTERED, BACKUP_FORMAT, Backup, BackupError, Filling, LINE_BYTES_MAX, PORTION_BYTES, PORTION_ROWS,
    Progress,
};
use crate::stored::table::{Kind, TABLES, Table, Value};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader, ErrorKind, Read};

const ENDS_EARLY: BackupError = BackupError::Damaged("ends too early");

type Decoder<'r> = zstd::Decoder<'static, BufReader<&'r mut (dyn Read + Send)>>;

/// The text of a backup that can be read, from behind its first line.
pub(super) struct Text<'r> {
    lines: BufReader<Decoder<'r>>,
    /// The hash of all lines before the current one.
    hash: Sha256,
    line: String,
    revision: i64,
    total: u64,
}

impl<'r> Text<'r> {
    /// Reads the first line.
    ///
    /// # Errors
    /// [`BackupError`] if this is no backup, or one that cannot be read.
    pub(super) fn open(from: &'r mut (dyn Read + Send)) -> Result<Self, BackupError> {
        let mut text = Self {
            lines: BufReader::new(zstd::Decoder::new(from)?),
            hash: Sha256::new(),
            line: String::new(),
            revision: 0,
            total: 0,
        };
        let first = match text.next() {
            Ok(first) => first,
            Err(BackupError::File(error)) => return Err(BackupError::File(error)),
            Err(_) => return Err(BackupError::NotABackup),
        };
        let number = |name: &str| first.get(name).and_then(serde_json::Value::as_u64);
        let found = number("homeport_backup").ok_or(BackupError::NotABackup)?;
        if found > BACKUP_FORMAT {
            return Err(BackupError::NewerFormat { found });
        }
        let revision = first.get("revision").and_then(serde_json::Value::as_i64);
        text.revision = revision.ok_or(ALTERED)?;
        text.total = number("rows").ok_or(ALTERED)?;
        Ok(text)
    }

    /// The next line.
    fn next(&mut self) -> Result<serde_json::Value, BackupError> {
        self.hash.update(&self.line);
        self.line.clear();
        let read = (&mut self.lines).take(LINE_BYTES_MAX).read_line(&mut self.line);
        match read {
            Ok(0) => return Err(ENDS_EARLY),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(ENDS_EARLY),
            // What the decoder does not understand; anything else is the file's own.
            Err(error) if matches!(error.kind(), ErrorKind::Other | ErrorKind::InvalidData) => {
                return Err(ALTERED);
            }
            Err(error) => return Err(error.into()),
        }
        serde_json::from_str(&self.line).map_err(|_| ALTERED)
    }
}

/// Fills a store with the rest of a text.
pub(super) async fn read(
    mut text: Text<'_>,
    mut filling: Box<dyn Filling>,
    progress: Progress<'_>,
) -> Result<Backup, BackupError> {
    let (mut rows, mut table): (u64, Option<&'static Table>) = (0, None);
    let mut tables = TABLES.iter();
    let (mut portion, mut octets) = (Vec::new(), 0);
    progress(0, text.total);
    let end = loop {
        let line = text.next()?;
        if let serde_json::Value::Array(values) = line {
            let table = table.ok_or(ALTERED)?;
            portion.push(row(table, values).ok_or(ALTERED)?);
            octets += text.line.len();
            rows += 1;
            if portion.len() < PORTION_ROWS && octets < PORTION_BYTES {
                continue;
            }
        }
        if let Some(table) = table.filter(|_| !portion.is_empty()) {
            filling.put(table, std::mem::take(&mut portion)).await?;
            octets = 0;
            progress(rows, text.total);
        }
        let line: serde_json::Value = serde_json::from_str(&text.line).map_err(|_| ALTERED)?;
        if line.get("table").is_some() {
            // Always all, in the same order.
            table = tables.next().filter(|table| is_head_of(&line, table));
            table.ok_or(ALTERED)?;
        } else if line.is_object() {
            break line;
        }
    };
    let digest: [u8; 32] = text.hash.clone().finalize().into();
    let sha256 = super::hexadecimal(&digest);
    let number = end.get("rows").and_then(serde_json::Value::as_u64);
    let hash = end.get("sha256").and_then(serde_json::Value::as_str);
    if tables.next().is_some() || number != Some(rows) || hash != Some(sha256.as_str()) {
        return Err(ALTERED);
    }
    filling.finish(text.revision).await?;
    Ok(Backup { rows, sha256 })
}

fn is_head_of(line: &serde_json::Value, table: &Table) -> bool {
    let columns: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    *line == serde_json::json!({"table": table.name, "columns": columns})
}

fn row(table: &Table, values: Vec<serde_json::Value>) -> Option<Vec<Value>> {
    if values.len() != table.columns.len() {
        return None;
    }
    let columns = table.columns.iter().zip(values);
    columns.map(|((_, kind), value)| of_kind(*kind, value)).collect()
}

fn of_kind(kind: Kind, value: serde_json::Value) -> Option<Value> {
    if value.is_null() {
        return Some(Value::Null);
    }
    match kind {
        Kind::Number => value.as_i64().map(Value::Number),
        Kind::Flag => value.as_bool().map(Value::Flag),
        Kind::Octets => STANDARD.decode(value.as_str()?).ok().map(Value::Octets),
        Kind::Text => value.as_str().map(|text| Value::Text(text.to_owned())),
    }
}
