//! The program `homeport-router` as operators meet it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const CONFIG: &str = "\
name = \"router-1\"
domains = [\"im.example.com\"]
[membership.etcd]
endpoints = [\"http://127.0.0.1:1\"]
";

struct Folder(tempfile::TempDir);

impl Folder {
    /// With a key that only its owner may read.
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("key", &"0f".repeat(32), 0o600);
        folder
    }

    fn write(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    /// A configuration of these settings, above the usual ones.
    fn config(&self, above: &str) -> PathBuf {
        let key = self.0.path().join("key");
        self.write(
            "router.toml",
            &format!("{above}key_file = {:?}\n{CONFIG}", key.display().to_string()),
            0o644,
        )
    }
}

fn router(config: Option<&Path>, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homeport-router"));
    if let Some(config) = config {
        command.arg("--config").arg(config);
    }
    command
        .args(arguments)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn help_says_what_it_is_and_how_to_configure_it() {
    let help = router(None, &["--help"], &[]);
    assert_eq!(help.status.code(), Some(0));
    let text = String::from_utf8(help.stdout).unwrap();
    for expected in [
        "homeport-router",
        "clients speak RVP",
        "--check-config",
        "--print-config",
        "HOMEPORT_ROUTER__NAME",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
    let version = router(None, &["--version"], &[]);
    assert_eq!(version.status.code(), Some(0));
    assert!(
        String::from_utf8(version.stdout)
            .unwrap()
            .starts_with("homeport-router ")
    );
}

#[test]
fn a_wrong_command_line_is_2() {
    assert_eq!(router(None, &["--no-such-thing"], &[]).status.code(), Some(2));
    assert_eq!(
        router(None, &["--check-config", "--print-config"], &[])
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn a_good_configuration_is_0() {
    let folder = Folder::new();
    let good = router(Some(&folder.config("")), &["--check-config"], &[]);
    assert_eq!((good.status.code(), said(&good).as_str()), (Some(0), ""));
}

#[test]
fn a_bad_configuration_is_1_with_every_mistake() {
    let folder = Folder::new();
    let config = folder.config("schemas = [\"ntlm\"]\ncall_backs = \"on\"\n");
    let variables = [("HOMEPORT_ROUTER__LIMITS__CONNECTIONS", "0")];
    for arguments in [&["--check-config"][..], &["--print-config"], &[]] {
        let bad = router(Some(&config), arguments, &variables);
        assert_eq!(bad.status.code(), Some(1));
        assert!(bad.stdout.is_empty());
        let said = said(&bad);
        for expected in [
            "router.toml:1: schemas is no setting; did you mean `schemes`?",
            "router.toml:2: call_backs is \"on\", but must be",
            "environment HOMEPORT_ROUTER__LIMITS__CONNECTIONS: limits.connections is 0",
        ] {
            assert!(said.contains(expected), "{expected} in {said}");
        }
    }
    let nowhere = router(Some(Path::new("/nowhere/router.toml")), &["--check-config"], &[]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(said(&nowhere).contains("could not read configuration file /nowhere/router.toml: No such file"));
}

#[test]
fn a_key_that_others_may_read_or_that_is_none_is_refused() {
    let folder = Folder::new();
    let config = folder.config("");
    for (text, mode, expected) in [
        ("0f".repeat(32), 0o644, "chmod 600"),
        ("0f".repeat(31), 0o600, "64 hexadecimal digits"),
    ] {
        folder.write("key", &text, mode);
        for arguments in [&["--check-config"][..], &[]] {
            let refused = router(Some(&config), arguments, &[]);
            assert_eq!(refused.status.code(), Some(1));
            let said = said(&refused);
            assert!(
                said.contains("router.toml:1: key_file") && said.contains(expected),
                "{said}"
            );
            assert!(!said.contains("0f0f"), "{said}");
        }
    }
}

#[test]
fn a_certificate_is_looked_at_with_the_secrets() {
    let folder = Folder::new();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["im.example.com".to_owned()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap().pem();
    folder.write("tls.key", &key.serialize_pem(), 0o600);
    let pem = folder.write("tls.pem", &certificate, 0o644);
    let tls = format!(
        "listen.trust = \"none\"\ntls.certificate = {pem:?}\ntls.key = {:?}\n",
        folder.0.path().join("tls.key")
    );
    let config = folder.config(&tls);
    let good = router(Some(&config), &["--check-config"], &[]);
    assert_eq!((good.status.code(), said(&good).as_str()), (Some(0), ""));
    folder.write("tls.pem", "nonsense", 0o644);
    for arguments in [&["--check-config"][..], &[]] {
        let refused = router(Some(&config), arguments, &[]);
        assert_eq!(refused.status.code(), Some(1));
        let said = said(&refused);
        let expected = "router.toml:2: tls.certificate names";
        assert!(
            said.contains(expected) && said.contains("holds no certificates"),
            "{said}"
        );
    }
    let plain = router(
        Some(&folder.config("listen.trust = \"none\"\n")),
        &["--check-config"],
        &[],
    );
    assert_eq!(plain.status.code(), Some(1));
    assert!(said(&plain).contains("tls is missing"), "{}", said(&plain));
}

#[test]
fn the_effective_configuration_is_printed_without_secrets() {
    let folder = Folder::new();
    let variables = [("HOMEPORT_ROUTER__LISTEN__RVP", "127.0.0.1:81")];
    let printed = router(Some(&folder.config("")), &["--print-config"], &variables);
    assert_eq!(printed.status.code(), Some(0), "{}", said(&printed));
    let text = String::from_utf8(printed.stdout).unwrap();
    let lines: Vec<String> = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let file = folder.0.path().join("router.toml").display().to_string();
    for expected in [
        format!("name = \"router-1\" # {file}:2"),
        "rvp = \"127.0.0.1:81\" # environment HOMEPORT_ROUTER__LISTEN__RVP".to_owned(),
        "connections = 20000 # default".to_owned(),
    ] {
        assert!(lines.contains(&expected), "{expected} in\n{text}");
    }
    assert!(!text.contains("0f0f"), "{text}");
}

/// Any start order: a router follows the membership from whenever its etcd is there, until it is asked to end.
#[test]
fn without_etcd_it_goes_on_trying_until_it_is_asked_to_end() {
    let folder = Folder::new();
    let config = folder.config("listen.rvp = \"127.0.0.1:0\"\nadmin.listen = \"127.0.0.1:0\"\n");
    let mut bounded = Command::new("timeout");
    bounded
        // In the foreground, or it passes a signal on twice: to its child, and to the group they are in.
        .args([
            "--foreground",
            "60",
            env!("CARGO_BIN_EXE_homeport-router"),
            "--config",
        ])
        .arg(config);
    let mut child = bounded
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    // In either order: one is said by the router, the other by its membership.
    let mut expected = vec!["members cannot be followed", "clients are served"];
    let mut said = lines.by_ref().map(Result::unwrap);
    while !expected.is_empty() {
        let line = said.next().expect("it ended by itself");
        expected.retain(|expected| !line.contains(expected));
    }
    let asked = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert!(asked.success());
    assert_eq!(child.wait().unwrap().code(), Some(0), "{rest:#?}");
    assert!(
        rest.iter().any(|line| line.contains("router has left")),
        "{rest:#?}"
    );
}
