//! Where the programs are: beside the test that runs, built if they are missing or older than their source.

use anyhow::{Context, ensure};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

const HOME: &str = "homeport-homeserver";
const ROUTER: &str = "homeport-router";
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// Folders whose files no program is made of.
const NOT_LINKED: [&str; 6] = ["benches", "docs", "examples", "fuzz", "target", "tests"];

/// The programs of a cluster, of the same build profile as the test.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `homeport-homeserver`.
    pub home: PathBuf,
    /// `homeport-router`.
    pub router: PathBuf,
}

impl Programs {
    /// Finds them.
    ///
    /// # Errors
    /// When they are not there and cannot be built.
    pub fn find() -> anyhow::Result<Self> {
        // target/PROFILE/deps/TEST
        let test = std::env::current_exe().context("find this test")?;
        let folder = test
            .ancestors()
            .nth(2)
            .context("this test is in no target folder")?;
        let found = Self {
            home: folder.join(HOME),
            router: folder.join(ROUTER),
        };
        if !(is_current(&found.home) && is_current(&found.router)) {
            build(folder)?;
        }
        for program in [&found.home, &found.router] {
            ensure!(
                program.is_file(),
                "{} is missing: cargo build -p router -p homeserver",
                program.display()
            );
        }
        Ok(found)
    }
}

/// Whether a program is as new as every file that it was built from. Cargo lists them beside what it was told to build. A
/// program that it has only built on the way, as it does before all tests are run, is as new as every source.
fn is_current(program: &Path) -> bool {
    let Some(built) = changed(program) else {
        return false;
    };
    match fs::read_to_string(program.with_extension("d")) {
        Ok(list) => {
            let files = list.split_once(": ").map_or("", |(_, files)| files);
            files
                .split_whitespace()
                .all(|file| changed(Path::new(file)).is_some_and(|changed| changed <= built))
        }
        Err(_) => newest_source(Path::new(WORKSPACE)).is_some_and(|newest| newest <= built),
    }
}

/// When the newest file was changed that a program may be made of, if all can be looked at.
fn newest_source(folder: &Path) -> Option<SystemTime> {
    let mut newest = SystemTime::UNIX_EPOCH;
    for entry in fs::read_dir(folder).ok()? {
        let path = entry.ok()?.path();
        let name = path.file_name()?.to_str()?;
        let is_source = [".rs", ".proto", ".sql", ".toml", "Cargo.lock"]
            .iter()
            .any(|end| name.ends_with(end));
        let may_have_some = name == ".cargo" || !(name.starts_with('.') || NOT_LINKED.contains(&name));
        if path.is_dir() && may_have_some {
            newest = newest.max(newest_source(&path)?);
        } else if is_source {
            newest = newest.max(changed(&path)?);
        }
    }
    Some(newest)
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|file| file.modified()).ok()
}

fn build(folder: &Path) -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args([
            "build",
            "--quiet",
            "-p",
            "router",
            "-p",
            "homeserver",
            "--target-dir",
        ])
        .arg(folder.parent().context("a target folder without a parent")?)
        .current_dir(WORKSPACE)
        .stdin(Stdio::null());
    if folder.file_name() == Some(OsStr::new("release")) {
        command.arg("--release");
    }
    let status = command
        .status()
        .context("run cargo build -p router -p homeserver")?;
    ensure!(status.success(), "cargo build -p router -p homeserver failed");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_was_built_on_the_way_is_current_until_a_source_changes() {
        let newest = newest_source(Path::new(WORKSPACE)).unwrap();
        let one = changed(&Path::new(WORKSPACE).join("rvp/src/lib.rs")).unwrap();
        assert!(one <= newest, "it is among them");
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        assert!(!is_current(&program), "there is none");
        let built = |at| {
            fs::File::create(&program)
                .and_then(|file| file.set_modified(at))
                .unwrap()
        };
        built(newest);
        assert!(is_current(&program));
        built(newest - Duration::from_secs(1));
        assert!(!is_current(&program), "a source is newer");
    }
}
