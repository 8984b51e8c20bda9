//! One server at a time for a data folder: two would each think they own everybody in it. Whoever moves or restores
//! what is in it is alone as well.

use super::DataDir;
use anyhow::{Context, Result, bail};
use std::fs::{File, OpenOptions, TryLockError};

impl DataDir {
    /// Holds the folder until the returned file is dropped, at the latest when the process ends.
    ///
    /// # Errors
    /// When another process holds it, or the lock file cannot be made.
    pub(crate) fn hold(&self) -> Result<File> {
        let data = self.path();
        let path = data.join("homeport.lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => {
                bail!(
                    "another homeport is running on {}: stop it, or give another folder with --data",
                    data.display()
                )
            }
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("lock {}", path.display())),
        }
    }
}
