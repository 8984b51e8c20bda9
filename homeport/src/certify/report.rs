//! The folder of a report.

use ::load::certify::Certified;
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

const REPORT: &str = "report.md";
const OBJECT: &str = "report.json";

/// A folder that can be written into.
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes it if it is missing, and makes sure that it can be written into: a measurement is too long to find out at its
    /// end.
    ///
    /// # Errors
    /// It cannot; says which folder.
    pub(super) fn prepare(path: &Path) -> Result<Self> {
        let cannot = || {
            format!(
                "the report cannot be written into {}: name another folder with --report",
                path.display()
            )
        };
        fs::create_dir_all(path).with_context(cannot)?;
        let report = path.join(REPORT);
        // What an earlier run wrote stays until there is something new.
        let opened = File::options().create(true).append(true).open(&report);
        opened.with_context(cannot)?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// A file cannot be written.
    pub(super) fn write(&self, certified: &Certified) -> Result<()> {
        self.put(OBJECT, &format!("{}\n", serde_json::to_string_pretty(certified)?))?;
        for (name, picture) in certified.pictures() {
            self.put(name, &picture)?;
        }
        self.put(REPORT, &certified.markdown())
    }

    fn put(&self, name: &str, text: &str) -> Result<()> {
        let path = self.path.join(name);
        fs::write(&path, text).with_context(|| format!("write {}", path.display()))
    }

    /// Where to read it.
    pub(super) fn report(&self) -> PathBuf {
        self.path.join(REPORT)
    }
}
