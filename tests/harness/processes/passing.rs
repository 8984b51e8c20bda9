//! Time that passes for processes when a test says so, and clocks that are wrong: libfaketime, which answers a
//! process's questions for the time, of day and monotonic, with an offset. Time goes on between.

use anyhow::{Context, ensure};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::Instant;

/// How far the time that a script knows is behind: so that what ends a second later does not end while a test still
/// looks at what was before.
const BEHIND: Duration = Duration::from_secs(1);

/// The time of the processes that were started with its environment.
pub(super) struct Passing {
    library: PathBuf,
    folder: TempDir,
    /// Since when everything is measured.
    start: Instant,
    /// By how much the processes are ahead.
    offset: Duration,
    /// What a script takes to have passed since the start.
    scripted: Duration,
}

impl Passing {
    pub(super) fn new() -> anyhow::Result<Self> {
        let passing = Self {
            library: library()?,
            folder: tempfile::tempdir().context("make a folder for the time")?,
            start: Instant::now(),
            offset: Duration::ZERO,
            scripted: Duration::ZERO,
        };
        passing.write()?;
        Ok(passing)
    }

    /// The environment of a process that lives in this time.
    pub(super) fn environment(&self) -> Vec<(&'static str, String)> {
        let mut environment = preloaded(&self.library);
        let file = self.file().display().to_string();
        environment.extend([
            ("FAKETIME_TIMESTAMP_FILE", file),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
        ]);
        environment
    }

    /// From here on a script counts.
    pub(super) fn begin(&mut self) {
        self.scripted = (self.start.elapsed() + self.offset).saturating_sub(BEHIND);
    }

    /// So much time has passed since this was said last, and what has really passed meanwhile is part of it.
    pub(super) fn advance(&mut self, by: Duration) -> anyhow::Result<()> {
        self.scripted += by;
        let offset = self.scripted.saturating_sub(self.start.elapsed());
        // Time never goes back.
        if offset > self.offset {
            self.offset = offset;
            self.write()?;
        }
        Ok(())
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("offset")
    }

    /// In one step, since processes read it at any time.
    fn write(&self) -> anyhow::Result<()> {
        let new = self.folder.path().join("offset.new");
        std::fs::write(&new, format!("+{:.3}\n", self.offset.as_secs_f64()))?;
        Ok(std::fs::rename(new, self.file())?)
    }
}

/// The environment of a process whose clock is wrong by this: `+5m`, `-5m`.
pub(super) fn wrong_by(offset: &str) -> anyhow::Result<Vec<(&'static str, String)>> {
    let mut environment = preloaded(&library()?);
    environment.push(("FAKETIME", offset.to_owned()));
    Ok(environment)
}

fn preloaded(library: &Path) -> Vec<(&'static str, String)> {
    vec![
        ("LD_PRELOAD", library.display().to_string()),
        // Files keep their times.
        ("NO_FAKE_STAT", "1".to_owned()),
    ]
}

/// libfaketime leaves these behind when a process is killed, and stumbles over them when another one gets its id.
pub(super) fn clear_away(pid: u32) {
    for left in [format!("faketime_shm_{pid}"), format!("sem.faketime_sem_{pid}")] {
        // Mostly it is not there.
        let _ = std::fs::remove_file(Path::new("/dev/shm").join(left));
    }
}

/// Debian has a folder of libraries for each architecture.
fn library() -> anyhow::Result<PathBuf> {
    let mut found = Vec::new();
    for folder in ["/usr/lib", "/usr/lib64", "/usr/local/lib"] {
        let below = std::fs::read_dir(folder).into_iter().flatten().flatten();
        found.extend(below.map(|entry| entry.path()));
        found.push(folder.into());
    }
    let found = found
        .into_iter()
        .map(|folder| folder.join("faketime/libfaketimeMT.so.1"))
        .find(|file| file.is_file());
    let found = found.context("there is no libfaketime to test with: install the Debian package faketime")?;
    ensure!(
        !found.display().to_string().contains([' ', ':']),
        "{} cannot be preloaded from there",
        found.display()
    );
    Ok(found)
}
