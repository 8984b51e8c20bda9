//! Writes the file.

use super::{BACKUP_FORMAT, Backup, BackupError, Progress, Snapshot};
use crate::stored::table::{TABLES, Value};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::io::Write;

/// Rows between two reports of how far it is.
const REPORT_ROWS: u64 = 1000;

/// Text on its way into the file, and its hash so far.
struct Lines<'w> {
    file: zstd::Encoder<'static, &'w mut (dyn Write + Send)>,
    hash: Sha256,
}

impl Lines<'_> {
    fn write(&mut self, value: &serde_json::Value) -> Result<(), BackupError> {
        let mut line = value.to_string();
        line.push('\n');
        self.hash.update(&line);
        Ok(self.file.write_all(line.as_bytes())?)
    }
}

/// Writes everything of a snapshot.
pub(super) async fn write(
    snapshot: &mut dyn Snapshot,
    to: &mut (dyn Write + Send),
    progress: Progress<'_>,
) -> Result<Backup, BackupError> {
    let mut file = zstd::Encoder::new(to, zstd::DEFAULT_COMPRESSION_LEVEL)?;
    file.include_checksum(true)?;
    let hash = Sha256::new();
    let mut lines = Lines { file, hash };
    let mut total = 0;
    for table in &TABLES {
        total += snapshot.count(table).await?;
    }
    let revision = snapshot.revision().await?;
    lines.write(&json!({"homeport_backup": BACKUP_FORMAT, "revision": revision, "rows": total}))?;
    let mut rows = 0;
    progress(rows, total);
    for table in &TABLES {
        let columns: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
        lines.write(&json!({"table": table.name, "columns": columns}))?;
        let mut take = |values: Vec<Value>| {
            lines.write(&values.into_iter().map(in_json).collect())?;
            rows += 1;
            if rows % REPORT_ROWS == 0 {
                progress(rows, total);
            }
            Ok(())
        };
        snapshot.read(table, &mut take).await?;
    }
    progress(rows, total);
    let digest: [u8; 32] = lines.hash.clone().finalize().into();
    let sha256 = super::hexadecimal(&digest);
    lines.write(&json!({"rows": rows, "sha256": sha256}))?;
    lines.file.finish()?.flush()?;
    Ok(Backup { rows, sha256 })
}

fn in_json(value: Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Number(number) => number.into(),
        Value::Text(text) => text.into(),
        Value::Octets(octets) => STANDARD.encode(octets).into(),
        Value::Flag(flag) => flag.into(),
    }
}
