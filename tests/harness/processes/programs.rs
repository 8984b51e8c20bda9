//! Where the programs are: beside the test that runs, built if they are missing or older than their source.

use anyhow::{Context, ensure};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const HOME: &str = "homeport-homeserver";
const ROUTER: &str = "homeport-router";

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

/// Whether a program is as new as every file that it was built from, as cargo lists them beside it.
fn is_current(program: &Path) -> bool {
    let changed = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
    let Some(built) = changed(program) else {
        return false;
    };
    let Ok(list) = fs::read_to_string(program.with_extension("d")) else {
        return false;
    };
    let files = list.split_once(": ").map_or("", |(_, files)| files);
    files
        .split_whitespace()
        .all(|file| changed(Path::new(file)).is_some_and(|changed| changed <= built))
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
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
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
