//! Secrets: a configuration names the file, and only the file knows.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The longest secret, in octets: a private key with its chain fits.
const SECRET_OCTETS_MAX: u64 = 64 * 1024;

/// Permission bits of people who are neither the file's owner nor of its group.
const OTHERS: u32 = 0o007;

/// The path of a file with a secret.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretFile(PathBuf);

/// Why a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("names {}, which cannot be read", path.display())]
    CannotRead {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is a folder, a pipe or a device.
    #[error("names {}, which is not a file", .0.display())]
    NotAFile(PathBuf),
    /// Everybody on the machine could read or change it.
    #[error(
        "names {0}, which others than its owner and group may open (mode {mode:03o}); run `chmod 600 {0}`",
        path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// There is nothing in it.
    #[error("names {}, which is empty", .0.display())]
    Empty(PathBuf),
    /// It is something else by mistake.
    #[error("names {}, which is longer than {SECRET_OCTETS_MAX} octets, so it cannot be a secret", .0.display())]
    TooLong(PathBuf),
    /// A secret that is text is not.
    #[error("names {}, which is not text", .0.display())]
    NotText(PathBuf),
}

impl SecretFile {
    /// The file of this path, which need not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Whether none is named.
    #[must_use]
    pub fn is_unset(&self) -> bool {
        self.0.as_os_str().is_empty()
    }

    /// Reads the secret. The file's owner and its group may read it; if others may, it is refused.
    ///
    /// # Errors
    /// [`SecretError`], whose text goes on after the name of the setting.
    pub fn read(&self) -> Result<Secret, SecretError> {
        let path = &self.0;
        let failed = |source| SecretError::CannotRead {
            path: path.clone(),
            source,
        };
        // Looked at before it is opened: opening a pipe waits for somebody to write.
        if !std::fs::metadata(path).map_err(failed)?.is_file() {
            return Err(SecretError::NotAFile(path.clone()));
        }
        let file = File::open(path).map_err(failed)?;
        // Of what was opened, which is not always what the path means a moment later.
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
        if mode & OTHERS != 0 {
            return Err(SecretError::Open {
                path: path.clone(),
                mode,
            });
        }
        let mut octets = Vec::new();
        file.take(SECRET_OCTETS_MAX + 1)
            .read_to_end(&mut octets)
            .map_err(failed)?;
        if octets.len() as u64 > SECRET_OCTETS_MAX {
            return Err(SecretError::TooLong(path.clone()));
        }
        if octets.trim_ascii().is_empty() {
            return Err(SecretError::Empty(path.clone()));
        }
        Ok(Secret(octets))
    }

    /// Reads a secret that is a line of text, such as a password: without the end of the line.
    ///
    /// # Errors
    /// [`SecretError`], whose text goes on after the name of the setting.
    pub fn read_text(&self) -> Result<String, SecretError> {
        let secret = self.read()?;
        let text = std::str::from_utf8(&secret.0).map_err(|_| SecretError::NotText(self.0.clone()))?;
        Ok(text
            .strip_suffix('\n')
            .map_or(text, |text| text.strip_suffix('\r').unwrap_or(text))
            .to_owned())
    }
}

/// What a secret file holds. Cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
#[path = "secret_tests.rs"]
mod tests;
