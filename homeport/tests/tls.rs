//! `homeport chat` with a router that has a certificate.
#![expect(clippy::unwrap_used, reason = "in a test it is an assertion")]

#[path = "tls/certificates.rs"]
mod certificates;
#[path = "chat/script.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod script;

use certificates::{certify, write_secret};
use script::Script;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const HOMEPORT: &str = env!("CARGO_BIN_EXE_homeport");

/// `homeport up`; killed when dropped.
struct Up(Child);

impl Drop for Up {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn up(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(HOMEPORT);
    command
        .args(["up", "--log", "warn", "--data", "data"])
        .args(arguments)
        .current_dir(folder);
    command
}

const CERTIFIED: [&str; 4] = ["--tls-certificate", "im.pem", "--tls-key", "im.key"];

/// Runs it until it is ready; says how clients reach it.
fn start(folder: &Path, arguments: &[&str]) -> (Up, String) {
    let mut child = up(folder, arguments)
        .args(["--demo", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.stdout.take().unwrap();
    let up = Up(child);
    let mut lines = BufReader::new(output).lines().map(Result::unwrap);
    let ready = lines.find_map(|line| line.strip_prefix("ready ").map(str::to_owned));
    (up, ready.expect("it does not end before it is ready"))
}

/// Logs a demo account on, over TLS.
async fn log_on(name: &str, folder: &Path, server: &str) -> Script {
    let passwords = std::fs::read_to_string(folder.join("data/demo-passwords")).unwrap();
    let address = format!("{name}@localhost");
    let password = passwords.lines().find_map(|line| line.strip_prefix(&address));
    let file = format!("{name}.password");
    write_secret(&folder.join(&file), password.unwrap().trim());
    let arguments = ["--server", server, "--ca", "ca.pem", "--password-file", &file];
    let mut script = Script::start(&address, folder, &arguments);
    assert_eq!(script.line().await, "online");
    assert_eq!(script.line().await, "done state online");
    script
}

#[tokio::test]
async fn people_talk_over_tls_to_a_router_with_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    certify(folder);
    let (_up, ready) = start(folder, &CERTIFIED);
    let port = ready.strip_prefix("https://127.0.0.1:").unwrap();
    let server = format!("https://localhost:{port}");
    let mut alice = log_on("alice", folder, &server).await;
    let mut bob = log_on("bob", folder, &server).await;
    alice.write("send bob@localhost Grüße 🎉").await;
    assert_eq!(bob.line().await, "message alice@localhost Grüße 🎉");
    assert!(alice.line().await.starts_with("sent "));
    assert!(alice.line().await.ends_with(" delivered"));

    // Nobody is let in who does not speak it, and nobody lets in whom they cannot trust.
    let plain = format!("http://localhost:{port}");
    for (server, ca) in [(plain.as_str(), "ca.pem"), (server.as_str(), "im.pem")] {
        let arguments = ["--server", server, "--ca", ca, "--password-file", "bob.password"];
        let ended = Script::start("bob@localhost", folder, &arguments).wait().await;
        assert_eq!(ended.code, Some(1), "{server} {ca}: {:#?}", ended.lines);
    }
    for script in [alice, bob] {
        assert_eq!(script.end().await.code, Some(0));
    }
}

#[tokio::test]
async fn processes_of_a_topology_that_strangers_reach_speak_tls() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    certify(folder);
    let page = "tls = \"router\"\norigins = [\"https://chat.isp.example\"]";
    let isp = include_str!("../../topologies/isp.toml").replace("tls = \"router\"", page);
    std::fs::write(folder.join("isp.toml"), isp).unwrap();
    let (_up, ready) = start(
        folder,
        &[
            &["isp.toml", "--processes", "--domain", "localhost"],
            &CERTIFIED[..],
        ]
        .concat(),
    );
    assert!(ready.starts_with("https://127.0.0.1:"), "{ready}");
    let settings = std::fs::read_to_string(folder.join("data/settings/router-a1.toml")).unwrap();
    for part in [
        "trust = \"none\"",
        "/im.pem\"",
        "/im.key\"",
        "origins = [\"https://chat.isp.example\"]",
    ] {
        assert!(settings.contains(part), "{part}: {settings}");
    }
    let server = ready.replace("127.0.0.1", "localhost");
    let alice = log_on("alice", folder, &server).await;
    assert_eq!(alice.end().await.code, Some(0));
}

/// Everything is found in the data folder, also the certificate, whose only name is `localhost`.
#[tokio::test]
async fn clients_find_routers_with_a_certificate_by_the_data_folder() {
    for topology in [&["lab"][..], &["isp", "--processes", "--domain", "localhost"]] {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        certify(folder);
        let (_up, ready) = start(folder, &[topology, &CERTIFIED].concat());
        assert!(ready.starts_with("https://127.0.0.1:"), "{ready}");
        let data = ["--data", "data"];
        let mut alice = Script::start("alice@localhost", folder, &data);
        assert_eq!(alice.line().await, "online");
        assert_eq!(alice.end().await.code, Some(0));
        let load = ["load", "messages", "--json", "--make-accounts", "--users", "2"];
        let loaded = Command::new(HOMEPORT)
            .args(load)
            .args(["--rate", "5", "--seconds", "1"])
            .args(data)
            .current_dir(folder)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&loaded.stderr).into_owned();
        assert!(loaded.status.success(), "{topology:?}: {said}");

        // Of another certificate nobody can have the key who runs there.
        let cluster = folder.join("data/cluster.toml");
        let text = std::fs::read_to_string(&cluster).unwrap();
        write_secret(&cluster, &text.replace("im.pem", "ca.pem"));
        let ended = Script::start("alice@localhost", folder, &data).wait().await;
        assert_eq!(ended.code, Some(1), "{:#?}", ended.lines);
        assert!(ended.errors.contains("certificate"), "{}", ended.errors);
        write_secret(&cluster, &text.replace("im.pem", "gone.pem"));
        let ended = Script::start("alice@localhost", folder, &data).wait().await;
        assert_eq!(ended.code, Some(1), "{:#?}", ended.lines);
        for part in ["gone.pem", "--server"] {
            assert!(ended.errors.contains(part), "{part}: {}", ended.errors);
        }
    }
}

/// Who vouches for whom is known of a server that is named; in a data folder it is the certificate itself.
#[tokio::test]
async fn an_authority_goes_with_a_server() {
    let folder = tempfile::tempdir().unwrap();
    certify(folder.path());
    let arguments = ["--ca", "ca.pem"];
    let ended = Script::start("alice@localhost", folder.path(), &arguments)
        .wait()
        .await;
    assert_eq!(ended.code, Some(2), "{:#?}", ended.lines);
    assert!(ended.errors.contains("--server"), "{}", ended.errors);
}

#[test]
fn what_cannot_be_safe_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    certify(folder);
    std::fs::write(folder.join("not.pem"), "nothing\n").unwrap();
    let plain = include_str!("../../topologies/isp.toml").replacen("tls = \"router\"\n", "", 1);
    let line = 1 + plain.lines().take_while(|line| *line != "[[router]]").count();
    std::fs::write(folder.join("plain.toml"), plain).unwrap();
    let anywhere = "0.0.0.0:0";
    for (arguments, code, part) in [
        (
            vec!["isp", "--listen", anywhere],
            1,
            "router router-a1 of topology isp is to speak TLS",
        ),
        (vec!["--tls-certificate", "im.pem"], 2, "--tls-key"),
        (
            vec!["--tls-certificate", "not.pem", "--tls-key", "im.key"],
            1,
            "--tls-certificate names not.pem",
        ),
        (
            vec!["--tls-certificate", "im.pem", "--tls-key", "not.pem"],
            1,
            "--tls-key",
        ),
        (
            vec!["plain.toml"],
            1,
            &format!("plain.toml:{line}: router.tls is \"off\" in zone \"internet\""),
        ),
    ] {
        let ended = up(folder, &arguments).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(part), "{arguments:?}: {said}");
    }
    let plan = Command::new(HOMEPORT)
        .args(["plan", "add-home", "home-9", "--topology", "plain.toml"])
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&plan.stderr).into_owned();
    assert!(said.contains(&format!("plain.toml:{line}: router.tls")), "{said}");
}
