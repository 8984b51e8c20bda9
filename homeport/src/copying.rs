//! Copying everything that is kept: which store is meant, the file, and how far it is.

use crate::data::{DEFAULT, DataDir, Database, database_address};
use crate::output::{Output, Progress};
use anyhow::{Context, Result, bail};
use serde::Serialize;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use store::{Backup, Location};

/// Which store.
#[derive(clap::Args, Debug)]
pub(crate) struct Which {
    /// The data folder of the server
    #[arg(long, value_name = "DIR", default_value = DEFAULT, conflicts_with = "store")]
    pub(crate) data: PathBuf,
    /// This PostgreSQL database, or this SQLite file, instead of the data folder's
    #[arg(long, value_name = "URL|FILE", value_parser = store_argument)]
    pub(crate) store: Option<String>,
    /// The file with the database's password; without it the password is taken from PGPASSWORD
    #[arg(long = "store-password-file", value_name = "FILE", requires = "store")]
    pub(crate) password_file: Option<PathBuf>,
}

/// A path has no scheme.
fn store_argument(text: &str) -> Result<String, String> {
    if text.contains("://") {
        database_address(text)
    } else {
        Ok(text.to_owned())
    }
}

impl Which {
    /// Where the store is, if it is not the data folder's.
    ///
    /// # Errors
    /// When the password cannot be read.
    pub(crate) fn named(&self) -> Result<Option<Location>> {
        let Some(store) = &self.store else {
            return Ok(None);
        };
        if store.contains("://") {
            let database = Database::named(store, self.password_file.as_deref())?;
            database.location().map(Some)
        } else {
            Ok(Some(Location::Sqlite(store.into())))
        }
    }

    /// Where a store is that must be there.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn existing(&self) -> Result<Location> {
        match self.named()? {
            Some(Location::Sqlite(path)) if !path.is_file() => {
                bail!(
                    "there is no file {}: give the store's with --store",
                    path.display()
                )
            }
            Some(location) => Ok(location),
            None => {
                let data = DataDir::open(&self.data)?;
                data.must_have_store()?;
                data.location()
            }
        }
    }
}

/// What was copied, as `--json` shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Copied {
    /// Where it came from, or went to.
    pub(crate) store: String,
    pub(crate) file: String,
    pub(crate) rows: u64,
    /// The same for stores with the same content.
    pub(crate) sha256: String,
}

impl Copied {
    pub(crate) fn new(location: &Location, file: &Path, backup: Backup) -> Self {
        Self {
            store: location.to_string(),
            file: file.display().to_string(),
            rows: backup.rows,
            sha256: backup.sha256,
        }
    }
}

/// Shows how far something is that counts rows.
pub(crate) fn shown<'o>(output: &'o Output, doing: &'static str) -> impl FnMut(u64, u64) + Send + use<'o> {
    let mut progress: Option<Progress> = None;
    move |rows, total| {
        let progress = progress.get_or_insert_with(|| output.progress(total));
        progress.show(rows, &format!("{doing}: {rows} of {total} rows"));
    }
}

/// Writes a backup into a new file, which is there when it is whole, and which only this user may read: it holds
/// secrets.
///
/// # Errors
/// When there is such a file, it cannot be written, or the store does not do what it is asked.
pub(crate) async fn back_up(location: &Location, path: &Path, output: &Output) -> Result<Backup> {
    if path.exists() {
        bail!("{} is there already: name a new file", path.display());
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let done = write_part(location, &part, output).await;
    match done {
        Ok(backup) => {
            std::fs::rename(&part, path).with_context(|| format!("name the backup {}", path.display()))?;
            Ok(backup)
        }
        Err(error) => {
            // What is left of it is no backup; that it cannot be removed matters less.
            let _ = std::fs::remove_file(&part);
            Err(error)
        }
    }
}

async fn write_part(location: &Location, part: &Path, output: &Output) -> Result<Backup> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options
        .open(part)
        .with_context(|| format!("write {}", part.display()))?;
    let mut file = BufWriter::new(file);
    let backup = location.backup(&mut file, &mut shown(output, "copied")).await?;
    file.flush()
        .and_then(|()| file.get_ref().sync_all())
        .with_context(|| format!("write {}", part.display()))?;
    Ok(backup)
}

/// Fills an empty store with what a backup holds.
///
/// # Errors
/// When the file cannot be used, or the store is not empty; then nothing was restored.
pub(crate) async fn restore(location: &Location, path: &Path, output: &Output) -> Result<Backup> {
    let mut file = File::open(path).with_context(|| format!("read {}", path.display()))?;
    let restored = location.restore(&mut file, &mut shown(output, "restored")).await;
    restored.with_context(|| format!("restore {}", path.display()))
}
