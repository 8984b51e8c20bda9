//! The programs that processes run.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const ROUTER: &str = "homeport-router";
const HOME_SERVER: &str = "homeport-homeserver";
const ETCD: &str = "etcd";
/// Where Debian and others put servers, which is not always where a person's shell looks.
const FURTHER: [&str; 3] = ["/usr/bin", "/usr/sbin", "/usr/local/bin"];

/// Where they are.
pub(super) struct Programs {
    /// This one.
    pub(super) homeport: PathBuf,
    pub(super) router: PathBuf,
    pub(super) home_server: PathBuf,
    /// If one is to be run.
    pub(super) etcd: Option<PathBuf>,
}

impl Programs {
    /// Those beside this program, since they were most likely built together, or else on the `PATH`.
    ///
    /// # Errors
    /// Names what is missing and says where to get it.
    pub(super) fn find(with_etcd: bool) -> Result<Self> {
        let homeport = std::env::current_exe().context("find where this program is")?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let etcd = if with_etcd {
            Some(etcd(&path, &FURTHER)?)
        } else {
            None
        };
        Ok(Self {
            router: ours(ROUTER, &homeport, &path)?,
            home_server: ours(HOME_SERVER, &homeport, &path)?,
            homeport,
            etcd,
        })
    }
}

fn ours(name: &str, homeport: &Path, path: &OsStr) -> Result<PathBuf> {
    let folder = homeport.parent().unwrap_or(homeport);
    let beside = program(folder, name);
    if let Some(found) = beside.or_else(|| on_path(name, path)) {
        return Ok(found);
    }
    let release = if folder.ends_with("debug") {
        ""
    } else {
        " --release"
    };
    bail!(
        "there is no program {name} in {} or on the PATH: build it with \
         `cargo build{release} -p router -p homeserver`, and keep it beside homeport",
        folder.display()
    )
}

fn etcd(path: &OsStr, further: &[&str]) -> Result<PathBuf> {
    let further = || further.iter().find_map(|folder| program(Path::new(folder), ETCD));
    let found = on_path(ETCD, path).or_else(further);
    found.context(
        "there is no program etcd: install the Debian package etcd-server, or name one that runs with --etcd URL",
    )
}

fn on_path(name: &str, path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path).find_map(|folder| program(&folder, name))
}

/// A file of this name that can be run.
fn program(folder: &Path, name: &str) -> Option<PathBuf> {
    let path = folder.join(name);
    let metadata = std::fs::metadata(&path).ok()?;
    (metadata.is_file() && metadata.permissions().mode() & 0o111 != 0).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn put(folder: &Path, name: &str, mode: u32) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_program_beside_this_one_goes_before_one_on_the_path() {
        let (beside, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let homeport = beside.path().join("homeport");
        let path = std::env::join_paths([elsewhere.path()]).unwrap();
        let there = put(elsewhere.path(), ROUTER, 0o755);
        assert_eq!(ours(ROUTER, &homeport, &path).unwrap(), there);
        let nearer = put(beside.path(), ROUTER, 0o644);
        assert_eq!(
            ours(ROUTER, &homeport, &path).unwrap(),
            there,
            "what cannot be run is none"
        );
        fs::set_permissions(&nearer, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(ours(ROUTER, &homeport, &path).unwrap(), nearer);
    }

    #[test]
    fn an_etcd_that_is_missing_is_named_with_its_package_and_its_option() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().as_os_str();
        let text = etcd(path, &[]).unwrap_err().to_string();
        assert!(
            text.contains("etcd-server") && text.contains("--etcd URL"),
            "{text}"
        );
        let there = put(folder.path(), ETCD, 0o755);
        assert_eq!(etcd(path, &[]).unwrap(), there);
        let further = folder.path().to_str().unwrap();
        assert_eq!(etcd(OsStr::new(""), &[further]).unwrap(), there);
    }

    #[test]
    fn a_program_that_is_missing_is_named_with_what_builds_it() {
        let nowhere = tempfile::tempdir().unwrap();
        for (folder, build) in [
            ("debug", "`cargo build -p router -p homeserver`"),
            ("release", "`cargo build --release -p router -p homeserver`"),
        ] {
            let homeport = nowhere.path().join(folder).join("homeport");
            let error = ours(HOME_SERVER, &homeport, OsStr::new("")).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(HOME_SERVER) && text.contains(build), "{text}");
        }
    }
}
