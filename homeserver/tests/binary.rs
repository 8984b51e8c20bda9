//! The program `homeport-homeserver` as operators meet it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A configuration of these settings, with the usual ones around them. Nothing listens where etcd should be.
    fn config(&self, more: &str) -> PathBuf {
        let store = self.0.path().join("homeport.db").display().to_string();
        let text = format!(
            "{more}name = \"home-1\"\nstore.sqlite = {store:?}\nlisten.link = \"127.0.0.1:0\"\n\
             admin.listen = \"127.0.0.1:0\"\nmembership.etcd.endpoints = [\"http://127.0.0.1:1\"]\n"
        );
        let path = self.0.path().join("home.toml");
        std::fs::write(&path, text).unwrap();
        path
    }
}

fn command(config: Option<&Path>, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homeport-homeserver"));
    if let Some(config) = config {
        command.arg("--config").arg(config);
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

fn home(config: Option<&Path>, arguments: &[&str]) -> Output {
    command(config, arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn help_says_what_it_is_and_how_to_configure_it() {
    let help = home(None, &["--help"]);
    assert_eq!(help.status.code(), Some(0));
    let text = String::from_utf8(help.stdout).unwrap();
    for expected in [
        "homeport-homeserver",
        "presence",
        "--check-config",
        "HOMEPORT_HOMESERVER__ADMIN__LISTEN",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
}

#[test]
fn a_wrong_command_line_is_2() {
    assert_eq!(home(None, &["serve"]).status.code(), Some(2));
}

#[test]
fn without_any_configuration_what_must_be_set_is_told() {
    let nothing = home(None, &[]);
    assert_eq!(nothing.status.code(), Some(1));
    let said = said(&nothing);
    for key in [
        "name is missing",
        "store.sqlite is missing",
        "membership.etcd.endpoints is missing",
    ] {
        assert!(said.contains(key), "{key} in {said}");
    }
}

#[test]
fn checking_a_configuration_is_0_or_1_and_does_nothing() {
    let folder = Folder::new();
    let good = home(Some(&folder.config("")), &["--check-config"]);
    assert_eq!((good.status.code(), said(&good).as_str()), (Some(0), ""));
    let bad = home(Some(&folder.config("capacity = 20_000\n")), &["--check-config"]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(
        said(&bad).contains("home.toml:1: capacity is 20000, but must be from 1 to 10000"),
        "{}",
        said(&bad)
    );
    assert!(!folder.0.path().join("homeport.db").exists());
}

#[test]
fn a_password_that_others_may_read_is_refused() {
    let folder = Folder::new();
    let password = folder.0.path().join("password");
    std::fs::write(&password, "sesame").unwrap();
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o644)).unwrap();
    let file = password.display().to_string();
    let user = format!("membership.etcd.user = \"homes\"\nmembership.etcd.password_file = {file:?}\n");
    let refused = home(Some(&folder.config(&user)), &[]);
    assert_eq!(refused.status.code(), Some(1));
    let said = said(&refused);
    assert!(
        said.contains("home.toml:2: membership.etcd.password_file names") && said.contains("chmod 600"),
        "{said}"
    );
    assert!(!said.contains("sesame"), "{said}");
}

#[test]
fn the_effective_configuration_is_printed() {
    let folder = Folder::new();
    let printed = home(Some(&folder.config("")), &["--print-config"]);
    assert_eq!(printed.status.code(), Some(0));
    let text = String::from_utf8(printed.stdout).unwrap();
    assert!(
        text.contains("[membership.etcd]") && text.contains("capacity = 10000"),
        "{text}"
    );
}

/// Any start order: a home server waits for its etcd, and ends in order while it does.
#[test]
fn without_etcd_it_goes_on_trying_until_it_is_asked_to_end() {
    let folder = Folder::new();
    let config = folder.config("");
    let mut bounded = Command::new("timeout");
    bounded
        // In the foreground, or it passes a signal on twice: to its child, and to the group they are in.
        .args([
            "--foreground",
            "60",
            env!("CARGO_BIN_EXE_homeport-homeserver"),
            "--config",
        ])
        .arg(config);
    let mut child = bounded
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let waits = lines
        .by_ref()
        .map(Result::unwrap)
        .find(|line| line.contains("cannot join yet, trying on"));
    assert!(
        waits.is_some(),
        "it ended by itself, or does not say that it waits"
    );
    let asked = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert!(asked.success());
    assert_eq!(child.wait().unwrap().code(), Some(0), "{rest:#?}");
    assert!(
        rest.iter().any(|line| line.contains("admin listener")),
        "{rest:#?}"
    );
}
