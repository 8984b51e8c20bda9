//! The command `homeport resolve` as people and scripts run it, against a DNS server of the test's own.
#![expect(clippy::unwrap_used, reason = "in a test it is an assertion")]

#[path = "resolve/dns.rs"]
mod dns;

use dns::Answer;
use membership::Slot;
use rvp::Principal;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::{Command, Output};
use store::{Account, Put, Secrets, SqliteStore, Store};
use tempfile::TempDir;

const NAME: &str = "_rvp._tcp.example.com";

fn resolve(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_homeport"))
        .arg("resolve")
        .args(words)
        .output()
        .unwrap()
}

fn json_of(words: &[&str]) -> Value {
    let done = resolve(&[words, &["--json"]].concat());
    assert!(done.status.success(), "{}", text(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

/// Resolves `alice@example.com` by this answer of DNS.
fn alice_by(answer: Answer) -> Value {
    json_of(&["alice@example.com", "--dns-server", &server(answer)])
}

fn server(answer: Answer) -> String {
    dns::serve(NAME, answer).to_string()
}

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

/// A data folder in which the lab ran under a domain, with an account of alice.
async fn folder(domain: &str) -> TempDir {
    let data = tempfile::tempdir().unwrap();
    let record = format!("topology = \"lab\"\ndomain = \"{domain}\"\n");
    std::fs::write(data.path().join("topology.toml"), record).unwrap();
    let principal = Principal::from_address(&format!("alice@{domain}")).unwrap();
    let account = Account {
        principal: principal.clone(),
        display_name: "Alice".to_owned(),
        email: String::new(),
        disabled: false,
        secrets: Secrets::derive("s3cret", None).unwrap(),
    };
    let store = SqliteStore::open(data.path().join("homeport.db")).await.unwrap();
    store
        .put_account(&account, Slot::of(&principal).number(), Put::New)
        .await
        .unwrap();
    store.close().await;
    data
}

#[test]
fn the_record_that_counts_names_the_host() {
    let found = alice_by(Answer::Records(vec![
        (10, 0, 80, "spare.example.com"),
        (0, 5, 80, "IM.example.com"),
    ]));
    assert_eq!(found["srv"]["name"], NAME);
    assert_eq!(found["srv"]["outcome"], "found");
    let first = json!({ "target": "im.example.com", "port": 80, "priority": 0, "weight": 5 });
    assert_eq!(found["srv"]["records"][0], first);
    assert_eq!(found["srv"]["records"][1]["target"], "spare.example.com");
    assert_eq!(found["url"], "http://im.example.com/instmsg/aliases/alice");
    assert_eq!(found["fallback"]["used"], false);
}

#[test]
fn a_port_other_than_80_is_part_of_the_url() {
    let found = alice_by(Answer::Records(vec![(0, 0, 8080, "im.example.com")]));
    assert_eq!(found["url"], "http://im.example.com:8080/instmsg/aliases/alice");
    assert_eq!(
        (&found["host"], &found["port"]),
        (&json!("im.example.com"), &json!(8080))
    );
    assert!(found["notes"][0].as_str().unwrap().contains("port 80"));
}

#[test]
fn without_a_record_the_domain_is_the_host() {
    for answer in [Answer::Code(3), Answer::Records(Vec::new())] {
        let found = alice_by(answer);
        assert_eq!(found["srv"]["outcome"], "no-record");
        let fallback = json!({ "used": true, "host": "example.com", "other": "im.example.com" });
        assert_eq!(found["fallback"], fallback);
        assert_eq!(found["url"], "http://example.com/instmsg/aliases/alice");
    }
}

#[test]
fn a_server_that_refuses_or_fails_is_quoted() {
    for (code, said) in [(2, "Server Failure"), (5, "Refused")] {
        let found = alice_by(Answer::Code(code));
        assert_eq!(found["srv"]["outcome"], "refused");
        let reason = found["srv"]["reason"].as_str().unwrap();
        assert!(reason.contains(said), "{reason}");
        assert_eq!(found["fallback"]["used"], true);
    }
}

#[test]
fn a_server_that_does_not_answer_is_given_up_on() {
    for answer in [Answer::Silence, Answer::Garbage] {
        let found = alice_by(answer);
        assert_eq!(found["srv"]["outcome"], "unreachable");
        assert_eq!(found["url"], "http://example.com/instmsg/aliases/alice");
        assert!(found["notes"][0].as_str().unwrap().contains("DNS did not say"));
    }
}

#[test]
fn a_domain_can_decline() {
    let server = server(Answer::Records(vec![(0, 0, 0, ".")]));
    let done = resolve(&["alice@example.com", "--dns-server", &server]);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stdout).contains("declined"), "{}", text(&done.stdout));
    assert!(
        text(&done.stderr).contains("clients find no host"),
        "{}",
        text(&done.stderr)
    );
}

#[test]
fn addresses_of_machines_are_not_looked_up() {
    // Asking this one would be an answer nobody could mistake.
    let server = server(Answer::Records(vec![(0, 0, 80, "wrong.example.com")]));
    for (address, url) in [
        ("alice@127.0.0.1", "http://127.0.0.1/instmsg/aliases/alice"),
        ("alice@localhost", "http://localhost/instmsg/aliases/alice"),
        (
            "alice@example.com:8080",
            "http://example.com:8080/instmsg/aliases/alice",
        ),
    ] {
        let found = json_of(&[address, "--dns-server", &server]);
        assert_eq!(found["srv"]["outcome"], "skipped", "{address}");
        assert_eq!(found["url"], url);
    }
}

#[test]
fn a_topology_adds_slot_and_home() {
    let found = json_of(&["alice@localhost", "--topology", "lab"]);
    let alice = Principal::from_address("alice@localhost").unwrap();
    assert_eq!(found["placement"]["slot"], Slot::of(&alice).number());
    assert_eq!(found["placement"]["served"], true);
    let home = found["placement"]["home"]["name"].as_str().unwrap();
    assert!(["home-1", "home-2"].contains(&home), "{home}");
    assert_eq!(found["notes"], json!([]));
    assert_eq!(found["account"], Value::Null);
}

#[tokio::test]
async fn a_data_folder_adds_the_account_and_the_topology_that_ran_there() {
    let data = folder("im.example.com").await;
    let path = data.path().to_str().unwrap();
    let server = server(Answer::Records(vec![(0, 0, 8080, "im.example.com")]));
    let known = json_of(&["alice@example.com", "--data", path, "--dns-server", &server]);
    assert_eq!(
        (&known["placement"]["topology"], &known["placement"]["served"]),
        (&json!("lab"), &json!(true))
    );
    let account =
        json!({ "address": "alice@im.example.com", "exists": true, "disabled": false, "legacy": false });
    assert_eq!(known["account"], account);
    let unknown = json_of(&["bob@example.com", "--data", path, "--dns-server", &server]);
    assert_eq!(
        unknown["account"],
        json!({ "address": "bob@im.example.com", "exists": false })
    );
    let table = resolve(&["alice@example.com", "--data", path, "--dns-server", &server]);
    let table = text(&table.stdout);
    for line in [
        "url       http://im.example.com:8080/",
        "slot      ",
        "home      home-",
        "account   alice@im.example.com",
    ] {
        assert!(table.contains(line), "{table}");
    }
}

#[tokio::test]
async fn a_named_topology_counts_more_than_the_recorded_one() {
    let data = folder("127.0.0.1").await;
    let path = data.path().to_str().unwrap();
    let found = json_of(&["alice@127.0.0.1", "--data", path, "--topology", "education"]);
    assert_eq!(found["placement"]["topology"], "education");
    assert_eq!(found["placement"]["served"], false);
    assert!(
        found["notes"][0]
            .as_str()
            .unwrap()
            .contains("does not serve 127.0.0.1")
    );
}

#[test]
fn the_record_that_is_missing_is_spelled_out() {
    let server = dns::serve("_rvp._tcp.campus.example", Answer::Code(3)).to_string();
    let done = resolve(&[
        "alice@campus.example",
        "--topology",
        "education",
        "--dns-server",
        &server,
    ]);
    assert!(done.status.success());
    let notes = text(&done.stderr);
    assert!(
        notes.contains("_rvp._tcp.campus.example. SRV 0 0 80 im.campus.example."),
        "{notes}"
    );
}

#[test]
fn what_is_wrong_on_this_side_is_said_before_anything_is_asked() {
    let nowhere: SocketAddr = dns::serve(NAME, Answer::Silence);
    let nowhere = nowhere.to_string();
    for (words, code, said) in [
        (
            ["alice@example.com", "--topology", "labb"],
            1,
            "there is no topology \"labb\"",
        ),
        (
            ["alice@example.com", "--topology", "./none.toml"],
            1,
            "could not read topology file",
        ),
        (
            ["alice@example.com", "--data", "/nonexistent"],
            1,
            "there is no folder",
        ),
        (["alice", "--topology", "lab"], 2, "name@domain"),
    ] {
        let done = resolve(&[&words[..], &["--dns-server", &nowhere]].concat());
        assert_eq!(done.status.code(), Some(code), "{said}");
        assert!(text(&done.stderr).contains(said), "{}", text(&done.stderr));
        assert!(done.stdout.is_empty());
    }
}
