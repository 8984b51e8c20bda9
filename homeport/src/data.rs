//! The data folder of a server, `--data`: where it is, what is in it, and who may look.
//!
//! `homeport.db` is the store, unless `store.toml` names a database. `topology.toml` records which topology ran there last, and `cluster.toml` how to
//! reach what runs there now, so that other commands need not be told. The folder is made for one user only, because the store holds secrets.

mod kept_in;
mod lock;
mod recorded;
mod running;

pub(crate) use kept_in::{Database, address as database_address};
pub(crate) use recorded::Recorded;
pub(crate) use running::{Routers, Running};

use std::fs::{DirBuilder, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::Store;

/// The folder that is meant when none is named.
pub(crate) const DEFAULT: &str = ".homeport";

/// The file of the store in it.
pub(crate) const STORE: &str = "homeport.db";
const RECORD: &str = "topology.toml";
/// The file with the passwords of demo accounts: a line for each, the address and the password.
pub(crate) const DEMO_PASSWORDS: &str = "demo-passwords";
/// The file with the password of the accounts that `homeport load --make-accounts` made.
pub(crate) const LOAD_PASSWORD: &str = "load-password";
/// A record is a few lines.
const RECORD_BYTES_MAX: u64 = 64 * 1024;

/// A data folder that exists.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
}

/// What is wrong with a data folder.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It is not there, and this command does not make one.
    #[error(
        "there is no folder {}: give the one of the server with --data; `homeport up` and `homeport user add` \
         make it", .0.display()
    )]
    Missing(PathBuf),
    /// Something else has its name.
    #[error("{} is not a folder: give the folder of the server with --data", .0.display())]
    NotAFolder(PathBuf),
    /// It holds no accounts yet, or is another folder than the one meant.
    #[error(
        "folder {} has no {STORE}: give the folder of the server with --data, or add the first account with \
         `homeport user add`", .0.display()
    )]
    NoStore(PathBuf),
    /// It cannot be made.
    #[error(
        "folder {} cannot be made: the folder above it must exist, and this user must be allowed to write there",
        path.display()
    )]
    CannotMake {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It, or a file in it, cannot be read.
    #[error("{} cannot be read: this user must be allowed to", path.display())]
    CannotRead {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file in it cannot be written.
    #[error("{} cannot be written: this user must be allowed to write there", path.display())]
    CannotWrite {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A record says something else than `homeport up` writes.
    #[error("{} cannot be understood: remove it, `homeport up` writes it again", path.display())]
    BadRecord {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<toml::de::Error>,
    },
}

impl DataDir {
    /// The folder, made if it is missing so that only this user can enter it. The folder above it must exist:
    /// more than one missing is more likely a mistake in the path.
    ///
    /// # Errors
    /// [`Error::CannotMake`], [`Error::NotAFolder`], [`Error::CannotRead`].
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(source) => {
                return Err(Error::CannotMake {
                    path: path.to_owned(),
                    source,
                });
            }
        }
        Self::open(path)
    }

    /// The folder, which must be there.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::NotAFolder`], [`Error::CannotRead`].
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => Ok(Self {
                path: path.to_owned(),
            }),
            Ok(_) => Err(Error::NotAFolder(path.to_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::Missing(path.to_owned())),
            Err(error) if error.kind() == ErrorKind::NotADirectory => Err(Error::NotAFolder(path.to_owned())),
            Err(source) => Err(Error::CannotRead {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it holds a store.
    pub(crate) fn has_store(&self) -> bool {
        // A file that cannot be looked at is there: opening it will say what is wrong.
        self.path.join(STORE).try_exists().unwrap_or(true)
    }

    /// Opens the store, and makes it if there is none.
    ///
    /// # Errors
    /// As [`store::Location::open`], and when it is not known where it is.
    pub(crate) async fn open_store(&self) -> anyhow::Result<Arc<dyn Store>> {
        Ok(self.location()?.open().await?)
    }

    /// Opens the store, which must be there.
    ///
    /// # Errors
    /// [`Error::NoStore`]; as [`DataDir::open_store`].
    pub(crate) async fn existing_store(&self) -> anyhow::Result<Arc<dyn Store>> {
        self.must_have_store()?;
        self.open_store().await
    }

    /// Which topology ran here last, if any did.
    ///
    /// # Errors
    /// [`Error::CannotRead`], [`Error::BadRecord`].
    pub(crate) fn recorded(&self) -> Result<Option<Recorded>, Error> {
        let path = self.path.join(RECORD);
        let Some(text) = read_small(&path)? else {
            return Ok(None);
        };
        match Recorded::parse(&text) {
            Ok(recorded) => Ok(Some(recorded)),
            Err(source) => Err(Error::BadRecord {
                path,
                source: Box::new(source),
            }),
        }
    }

    /// Records which topology runs here.
    ///
    /// # Errors
    /// [`Error::CannotWrite`].
    pub(crate) fn record(&self, recorded: &Recorded) -> Result<(), Error> {
        write_private(&self.path.join(RECORD), &recorded.write())
    }
}

/// The password of a demo account of a folder, if it is one.
///
/// # Errors
/// [`Error::CannotRead`].
pub(crate) fn demo_password(folder: &Path, address: &str) -> Result<Option<String>, Error> {
    let kept = read_small(&folder.join(DEMO_PASSWORDS))?.unwrap_or_default();
    let mut people = kept.lines().filter_map(|line| line.split_once(' '));
    let found = people.find(|(who, _)| *who == address);
    Ok(found.map(|(_, password)| password.to_owned()))
}

/// Reads a record, if there is one.
fn read_small(path: &Path) -> Result<Option<String>, Error> {
    match File::open(path).and_then(|file| io::read_to_string(io::Read::take(file, RECORD_BYTES_MAX))) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::CannotRead {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Writes a small file that only this user may read. Whoever reads it meanwhile, or after a crash, finds the
/// old text or the new one.
///
/// # Errors
/// [`Error::CannotWrite`].
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), Error> {
    let failed = |source| Error::CannotWrite {
        path: path.to_owned(),
        source,
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    // One left over by a crash may have been made with other permissions.
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        Ok(()) | Err(_) => {}
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new).map_err(failed)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    std::fs::rename(&new, path).map_err(failed)
}

#[cfg(test)]
#[path = "data_tests.rs"]
mod tests;
