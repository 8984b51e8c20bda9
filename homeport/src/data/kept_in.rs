//! Where the state of a data folder is: in a file of the folder, or in a database that a record names.

use super::{DataDir, Error, STORE, read_small, write_private};
use anyhow::{Context, Result, bail};
use daemon::config::SecretFile;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use store::{Location, PostgresConfig};

/// The record, beside the file it replaces.
const RECORD: &str = "store.toml";

/// The PostgreSQL database that holds the state of a folder. The password is never recorded, only its file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Database {
    /// `postgres://USER@HOST:PORT/DATABASE`.
    pub(crate) postgres: String,
    /// The file with the password, absolute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) password_file: Option<PathBuf>,
}

impl Database {
    /// The database that a command line names.
    ///
    /// # Errors
    /// When the path of the password's file cannot be made absolute.
    pub(crate) fn named(url: &str, password_file: Option<&Path>) -> Result<Self> {
        let absolute =
            |path: &Path| std::path::absolute(path).with_context(|| format!("find {}", path.display()));
        Ok(Self {
            postgres: url.to_owned(),
            password_file: password_file.map(absolute).transpose()?,
        })
    }

    /// How to reach it.
    ///
    /// # Errors
    /// When the file with the password cannot be used.
    pub(crate) fn location(&self) -> Result<Location> {
        let password = match &self.password_file {
            Some(file) => {
                let read = SecretFile::new(file).read_text();
                Some(read.map_err(|error| anyhow::anyhow!("the password's file {error}"))?)
            }
            None => None,
        };
        let url = self.postgres.clone();
        Ok(Location::Postgres(PostgresConfig { url, password }))
    }
}

/// Reads the address of a database from a command line, which everybody on the machine can read as well.
///
/// # Errors
/// Says what to write instead.
pub(crate) fn address(text: &str) -> Result<String, String> {
    if PostgresConfig::has_password(text) {
        Err(
            "leave the password out: put it into a file and name that with --store-password-file, or into the \
             environment as PGPASSWORD"
                .to_owned(),
        )
    } else if PostgresConfig::is_address(text) {
        Ok(text.to_owned())
    } else {
        Err("write postgres://USER@HOST:PORT/DATABASE".to_owned())
    }
}

impl DataDir {
    /// The database that holds the state of this folder, if it is not in the folder itself.
    ///
    /// # Errors
    /// [`Error::CannotRead`], [`Error::BadRecord`].
    pub(crate) fn database(&self) -> Result<Option<Database>, Error> {
        let path = self.path().join(RECORD);
        let Some(text) = read_small(&path)? else {
            return Ok(None);
        };
        match toml::from_str(&text) {
            Ok(database) => Ok(Some(database)),
            Err(source) => Err(Error::BadRecord {
                path,
                source: Box::new(source),
            }),
        }
    }

    /// Says where the state of this folder is from now on.
    ///
    /// # Errors
    /// [`Error::CannotWrite`].
    pub(crate) fn set_database(&self, database: Option<&Database>) -> Result<(), Error> {
        let path = self.path().join(RECORD);
        if let Some(database) = database {
            let record = toml::to_string(database).expect("texts can be written as TOML");
            return write_private(
                &path,
                &format!("# Written by `homeport`: where the state of this folder is.\n{record}"),
            );
        }
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != ErrorKind::NotFound => Err(Error::CannotWrite { path, source }),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Where the state of this folder is, or will be.
    ///
    /// # Errors
    /// When the record or the password cannot be read.
    pub(crate) fn location(&self) -> Result<Location> {
        match self.database()? {
            Some(database) => database.location(),
            None => Ok(Location::Sqlite(self.path().join(STORE))),
        }
    }

    /// That there is a store to look into: a database is taken for there until it says otherwise.
    ///
    /// # Errors
    /// [`Error::NoStore`]; as [`DataDir::database`].
    pub(crate) fn must_have_store(&self) -> Result<()> {
        if self.database()?.is_none() && !self.has_store() {
            bail!(Error::NoStore(self.path().to_owned()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_as_written_and_can_be_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        assert_eq!(data.database().unwrap(), None);
        for password_file in [None, Some(Path::new("secret"))] {
            let database = Database::named("postgres://im@db/homeport", password_file).unwrap();
            data.set_database(Some(&database)).unwrap();
            assert_eq!(data.database().unwrap(), Some(database));
        }
        data.set_database(None).unwrap();
        data.set_database(None).unwrap();
        assert_eq!(data.database().unwrap(), None);
    }

    #[test]
    fn an_address_is_of_a_database_and_has_no_password() {
        assert!(address("postgres://im@db:5432/homeport?sslmode=verify-full").is_ok());
        for with_password in ["postgres://im:sesame@db/x", "postgres://db/x?password=sesame"] {
            let error = address(with_password).unwrap_err();
            assert!(
                error.contains("PGPASSWORD") && !error.contains("sesame"),
                "{error}"
            );
        }
        assert!(address("homeport.db").unwrap_err().contains("postgres://"));
    }
}
