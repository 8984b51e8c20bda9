//! A disk that is small: it gets full, and has room again.

use anyhow::{Context, ensure};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the small disk is, in the process that has one.
const SMALL_DISK: &str = "HOMEPORT_SMALL_DISK";
/// The user `nobody`, whom every system knows: PostgreSQL does not run as root.
const NOBODY: &str = "65534";

/// The small disk, if this process has one.
pub(crate) fn here() -> Option<PathBuf> {
    std::env::var_os(SMALL_DISK).map(PathBuf::from)
}

/// Runs a test of this program with a small disk: a file system of its own needs a namespace of its own, which a
/// process with threads cannot enter.
pub(crate) fn run(test: &str, size: &str) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let nobody = format!("unshare --map-user={NOBODY} --map-group={NOBODY}");
    let mount = format!("mount -t tmpfs -o size={size} tmpfs \"$0\" && exec {nobody} \"$@\"");
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", &mount])
        .arg(folder.path())
        .arg(std::env::current_exe()?)
        .args(["--exact", test, "--nocapture"])
        .env(SMALL_DISK, folder.path())
        .output()
        .context("run unshare, of the Debian package util-linux")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{said}\n{complained}");
    ensure!(said.contains("1 passed"), "it was not run: {said}");
    // For whoever wants to know: nextest shows it with `--success-output immediate`.
    eprintln!("{complained}");
    Ok(())
}

/// Writes a file until there is no room.
pub(crate) fn fill(disk: &Path) -> anyhow::Result<PathBuf> {
    let path = disk.join("filler");
    let mut file = File::create(&path)?;
    for size in [65_536, 4_096, 512] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
    Ok(path)
}
