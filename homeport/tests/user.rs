//! The command `homeport user` as people and scripts run it.
#![expect(clippy::unwrap_used, reason = "in a test it is an assertion")]

use rvp::Principal;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use store::{Account, AccountChange, Change, SqliteStore, Store, Write as StoreWrite};
use tempfile::TempDir;

/// What a command said and how it ended.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs `homeport user WORDS --data DATA` with a password on standard input.
fn user(data: &Path, words: &str, password: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_homeport"))
        .arg("user")
        .args(words.split_whitespace())
        .arg("--data")
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads no password may be gone already.
    let _ = child.stdin.take().unwrap().write_all(password.as_bytes());
    let done = child.wait_with_output().unwrap();
    Ran {
        code: done.status.code(),
        out: String::from_utf8(done.stdout).unwrap(),
        err: String::from_utf8(done.stderr).unwrap(),
    }
}

/// A data folder with the accounts alice, for old clients too, and bob.
fn folder() -> TempDir {
    let data = tempfile::tempdir().unwrap();
    assert_eq!(
        user(
            data.path(),
            "add alice@im.example.com --legacy --password-stdin",
            "s3cret\n"
        )
        .code,
        Some(0)
    );
    assert_eq!(
        user(
            data.path(),
            "add bob@im.example.com --password-stdin",
            "hunter2\n"
        )
        .code,
        Some(0)
    );
    data
}

fn list(data: &Path) -> Value {
    serde_json::from_str(&user(data, "list --json", "").out).unwrap()
}

async fn account(data: &Path, address: &str) -> Option<Account> {
    let store = SqliteStore::open(data.join("homeport.db")).await.unwrap();
    let found = store
        .load_one(&Principal::from_address(address).unwrap())
        .await
        .unwrap();
    found.map(|person| person.account)
}

#[tokio::test]
async fn an_added_account_has_what_was_given_and_only_the_secrets_asked_for() {
    let above = tempfile::tempdir().unwrap();
    let data = above.path().join("data");
    let words = "add Alice@IM.example.com --display-name Alice --email alice@example.com --password-stdin";
    let added = user(&data, words, "s3cret\nnot this line\n");
    assert_eq!((added.code, added.out.as_str()), (Some(0), ""));
    assert!(added.err.contains("added alice@im.example.com"), "{}", added.err);
    assert!(
        added.err.contains("old clients (NTLM, Digest) cannot log on"),
        "{}",
        added.err
    );
    let alice = account(&data, "alice@im.example.com").await.unwrap();
    assert_eq!(
        (alice.display_name.as_str(), alice.email.as_str()),
        ("Alice", "alice@example.com")
    );
    assert!(alice.secrets.scram.verify_password("s3cret") && alice.secrets.legacy.is_none());
}

#[tokio::test]
async fn old_clients_get_secrets_for_each_spelling_of_their_domain() {
    let data = tempfile::tempdir().unwrap();
    for (name, option, expected) in [
        ("alice", "", "CORP\\alice"),
        ("bob", "--nt-domain sales", "SALES\\bob"),
    ] {
        let words = format!("add {name}@im.example.com --legacy {option} --password-stdin");
        let added = user(data.path(), &words, "s3cret\n");
        assert!(added.err.contains(expected), "{}", added.err);
        let account = account(data.path(), &format!("{name}@im.example.com"))
            .await
            .unwrap();
        assert!(
            account.secrets.legacy.unwrap().ha1(expected).is_some(),
            "{expected}"
        );
    }
    let refused = user(
        data.path(),
        "add carol@im.example.com --nt-domain SALES --password-stdin",
        "s3cret\n",
    );
    assert_eq!(refused.code, Some(2));
}

#[test]
fn the_list_is_a_table_for_people_and_json_for_scripts() {
    let data = folder();
    user(data.path(), "disable bob@im.example.com", "");
    let table = user(data.path(), "list", "");
    let expected = "\
ADDRESS               DISPLAY NAME  LOG-ON         STATE
alice@im.example.com  alice         scram, legacy  enabled
bob@im.example.com    bob           scram          disabled
";
    assert_eq!((table.out.as_str(), table.err.as_str()), (expected, ""));
    let json = list(data.path());
    assert_eq!(json[0]["log_on"], json!(["scram", "legacy"]));
    assert_eq!(json[1]["address"], "bob@im.example.com");
    assert_eq!(json[1]["state"], "disabled");
    assert!(!user(data.path(), "list --json", "").out.contains("stored_key"));
}

#[test]
fn a_list_of_nobody_is_empty_data() {
    let data = folder();
    for name in ["alice", "bob"] {
        user(data.path(), &format!("remove {name}@im.example.com"), "");
    }
    assert_eq!(list(data.path()), json!([]));
    let table = user(data.path(), "list", "");
    assert_eq!((table.code, table.out.as_str()), (Some(0), ""));
    assert!(table.err.contains("homeport user add"), "{}", table.err);
}

#[test]
fn the_password_comes_from_standard_input_or_not_at_all() {
    let data = tempfile::tempdir().unwrap();
    for verb in ["add", "passwd"] {
        let asked = user(data.path(), &format!("{verb} alice@im.example.com"), "s3cret\n");
        assert_eq!(asked.code, Some(2), "{verb}");
        assert!(
            asked.err.contains("--password-stdin < password.txt"),
            "{}",
            asked.err
        );
    }
    let long = "a".repeat(5000);
    for (password, reason) in [
        ("", "no password"),
        ("\n", "empty"),
        ("a\tb\n", "control"),
        (&long, "longer"),
    ] {
        let refused = user(data.path(), "add alice@im.example.com --password-stdin", password);
        assert_eq!(refused.code, Some(1), "{reason}");
        assert!(refused.err.contains(reason), "{}", refused.err);
    }
    assert_eq!(
        std::fs::read_dir(data.path()).unwrap().count(),
        0,
        "nothing was made for a refused password"
    );
}

#[tokio::test]
async fn an_account_that_exists_is_left_alone() {
    let data = folder();
    let again = user(
        data.path(),
        "add alice@im.example.com --password-stdin",
        "other\n",
    );
    assert_eq!(again.code, Some(1));
    assert!(
        again.err.contains("homeport user passwd alice@im.example.com"),
        "{}",
        again.err
    );
    let alice = account(data.path(), "alice@im.example.com").await.unwrap();
    assert!(alice.secrets.scram.verify_password("s3cret"));
}

#[tokio::test]
async fn a_new_password_keeps_how_one_logs_on_unless_told() {
    let data = folder();
    for (words, password, legacy) in [
        ("alice@im.example.com", "second", true),
        ("alice@im.example.com --no-legacy", "third", false),
        ("alice@im.example.com", "fourth", false),
        ("alice@im.example.com --legacy --nt-domain SALES", "fifth", true),
    ] {
        let words = format!("passwd {words} --password-stdin");
        assert_eq!(user(data.path(), &words, password).code, Some(0), "{words}");
        let alice = account(data.path(), "alice@im.example.com").await.unwrap();
        assert!(alice.secrets.scram.verify_password(password), "{password}");
        assert_eq!(alice.secrets.legacy.is_some(), legacy, "{password}");
    }
    let alice = account(data.path(), "alice@im.example.com").await.unwrap();
    assert!(alice.secrets.legacy.unwrap().ha1("SALES\\alice").is_some());
}

#[tokio::test]
async fn disabling_changes_nothing_else_and_can_be_taken_back() {
    let data = folder();
    let before = account(data.path(), "alice@im.example.com").await.unwrap();
    for (verb, said) in [
        ("disable", "is disabled now"),
        ("disable", "was disabled already"),
        ("enable", "is enabled now"),
    ] {
        let done = user(data.path(), &format!("{verb} alice@im.example.com"), "");
        assert_eq!(done.code, Some(0));
        assert!(done.err.contains(said), "{}", done.err);
        let disabled = account(data.path(), "alice@im.example.com").await.unwrap();
        assert_eq!(
            disabled,
            Account {
                disabled: verb == "disable",
                ..before.clone()
            }
        );
    }
}

#[test]
fn who_is_not_there_is_told_who_may_have_been_meant() {
    let data = folder();
    for verb in ["passwd --password-stdin", "remove", "disable", "enable"] {
        let near = user(data.path(), &format!("{verb} alcie@im.example.com"), "s3cret\n");
        assert_eq!(near.code, Some(1), "{verb}");
        assert!(
            near.err.contains("did you mean alice@im.example.com?"),
            "{}",
            near.err
        );
    }
    let far = user(data.path(), "remove carol@elsewhere.example", "");
    assert!(far.err.contains("homeport user list"), "{}", far.err);
    assert_eq!(list(data.path()).as_array().unwrap().len(), 2);
}

#[test]
fn a_wrong_folder_is_named_with_what_to_do() {
    let above = tempfile::tempdir().unwrap();
    let missing = above.path().join("data");
    for verb in [
        "list",
        "remove alice@im.example.com",
        "passwd alice@im.example.com --password-stdin",
    ] {
        let refused = user(&missing, verb, "s3cret\n");
        assert_eq!(refused.code, Some(1), "{verb}");
        assert!(refused.err.contains("there is no folder"), "{}", refused.err);
        let refused = user(above.path(), verb, "s3cret\n");
        assert!(refused.err.contains("has no homeport.db"), "{}", refused.err);
    }
    let deep = user(
        &missing.join("deeper"),
        "add alice@im.example.com --password-stdin",
        "s3cret\n",
    );
    assert!(deep.err.contains("cannot be made"), "{}", deep.err);
    assert!(!missing.exists());
    std::fs::write(
        above.path().join("homeport.db"),
        "no database, but a text of some length".repeat(50),
    )
    .unwrap();
    let refused = user(above.path(), "list", "");
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("not a database"), "{}", refused.err);
}

#[test]
fn an_account_of_a_domain_that_is_not_served_is_questioned() {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("topology.toml"), "topology = \"education\"\n").unwrap();
    let mail = user(
        data.path(),
        "add alice@campus.example --legacy --password-stdin",
        "s3cret\n",
    );
    assert_eq!(mail.code, Some(0));
    assert!(
        mail.err.contains("warning: ") && mail.err.contains("add alice@im.campus.example"),
        "{}",
        mail.err
    );
    let im = user(
        data.path(),
        "add alice@im.campus.example --legacy --password-stdin",
        "s3cret\n",
    );
    assert!(
        !im.err.contains("warning") && im.err.contains("CAMPUS\\alice"),
        "{}",
        im.err
    );
    std::fs::write(data.path().join("topology.toml"), "topology = \"lost\"\n").unwrap();
    let lost = user(
        data.path(),
        "add bob@im.campus.example --password-stdin",
        "s3cret\n",
    );
    assert_eq!(lost.code, Some(0));
    assert!(
        lost.err.contains("warning: ") && lost.err.contains("\"lost\""),
        "{}",
        lost.err
    );
}

#[tokio::test]
async fn a_server_on_the_same_folder_sees_every_change() {
    let data = folder();
    let server = SqliteStore::open(data.path().join("homeport.db")).await.unwrap();
    let revision = server.revision().await.unwrap();
    let alice = Principal::from_address("alice@im.example.com").unwrap();
    let name = Change::PutDisplayName("Alice Archer".to_owned());
    let slot = membership::Slot::of(&alice).number();
    server
        .write(&[StoreWrite {
            principal: alice.clone(),
            slot,
            epoch: 0,
            change: name,
        }])
        .await
        .unwrap();
    for words in [
        "add carol@im.example.com --password-stdin",
        "passwd alice@im.example.com --password-stdin",
        "disable alice@im.example.com",
        "remove bob@im.example.com",
    ] {
        assert_eq!(user(data.path(), words, "s3cret\n").code, Some(0), "{words}");
    }
    let (_, changes) = server.changes_since(revision).await.unwrap();
    let seen: Vec<_> = changes
        .iter()
        .map(|change| match change {
            AccountChange::Put(account) => (account.principal.name(), account.disabled),
            AccountChange::Removed(principal) => (principal.name(), true),
        })
        .collect();
    assert_eq!(seen, [("carol", false), ("alice", true), ("bob", true)]);
    let kept = server.load_one(&alice).await.unwrap().unwrap().account;
    assert_eq!(kept.display_name, "Alice Archer");
}

#[test]
fn a_command_line_that_is_wrong_ends_with_2() {
    let data = tempfile::tempdir().unwrap();
    for words in [
        "add alice --password-stdin",
        "add alice@im.example.com:8080 --password-stdin",
        "add alice@im.example.com --password s3cret",
        "passwd alice@im.example.com --legacy --no-legacy --password-stdin",
        "befriend alice@im.example.com",
    ] {
        let refused = user(data.path(), words, "s3cret\n");
        assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""), "{words}");
    }
}

#[test]
fn readers_that_stop_reading_are_not_an_error() {
    let data = folder();
    let mut list = Command::new(env!("CARGO_BIN_EXE_homeport"));
    let mut list = list
        .args(["user", "list", "--data"])
        .arg(data.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(list.stdout.take());
    assert_eq!(list.wait().unwrap().code(), Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn data_that_cannot_be_written_is_an_error() {
    let data = folder();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut list = Command::new(env!("CARGO_BIN_EXE_homeport"));
    let list = list
        .args(["user", "list", "--data"])
        .arg(data.path())
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(list.status.code(), Some(1));
    assert!(
        String::from_utf8(list.stderr)
            .unwrap()
            .contains("write to standard output")
    );
}
