//! The command `homeport user contacts` as people and scripts run it, on SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, reason = "in a test it is an assertion")]

#[path = "../../store/tests/postgres/server.rs"]
#[expect(dead_code, reason = "the tests of the store need more of it")]
mod server;

use server::{PASSWORD, Server};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// What a command said and how it ended.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs `homeport user WORDS --data DATA` with this on standard input.
fn user(data: &Path, words: &str, input: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_homeport"))
        .arg("user")
        .args(words.split_whitespace())
        .arg("--data")
        .arg(data)
        .env_remove("PGPASSWORD")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let done = child.wait_with_output().unwrap();
    Ran {
        code: done.status.code(),
        out: String::from_utf8(done.stdout).unwrap(),
        err: String::from_utf8(done.stderr).unwrap(),
    }
}

fn add_alice(data: &Path) {
    let added = user(data, "add alice@im.example.com --password-stdin", "s3cret\n");
    assert_eq!(added.code, Some(0), "{}", added.err);
}

/// A data folder with the account alice.
fn folder() -> TempDir {
    let data = tempfile::tempdir().unwrap();
    add_alice(data.path());
    data
}

const LIST: &str = "\
address,name,group
bob@im.example.com,Bob,Friends
dana@im.example.org,\"Dana, of sales\",
maxb@im.example.com,,Work
";

fn import(data: &Path, options: &str, input: &str) -> Ran {
    user(
        data,
        &format!("contacts import alice@im.example.com - {options}"),
        input,
    )
}

fn export(data: &Path) -> String {
    let ran = user(data, "contacts export alice@im.example.com", "");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    ran.out
}

fn lists(data: &Path) {
    assert_eq!(export(data), "address,name,group\n");
    let imported = import(data, "", LIST);
    assert_eq!(imported.code, Some(0), "{}", imported.err);
    assert!(
        imported.err.contains("has 3 contacts now, 3 of them new"),
        "{}",
        imported.err
    );
    assert_eq!(export(data), LIST);

    // Who is there is changed, who is not comes last; what has no column stays.
    let merged = import(
        data,
        "",
        "group,address\nFamily,zoe@im.example.com\nClose,BOB@im.example.com\n",
    );
    assert!(
        merged.err.contains("has 4 contacts now, 1 of them new"),
        "{}",
        merged.err
    );
    let expected = LIST.replace("Bob,Friends", "Bob,Close") + "zoe@im.example.com,,Family\n";
    assert_eq!(export(data), expected);

    let json = r#"[{"address": "maxb@im.example.com", "name": "Max"}, {"address": "bob@im.example.com"}]"#;
    let replaced = import(data, "--replace --format json", json);
    assert!(
        replaced.err.contains("has 2 contacts now, 0 of them new"),
        "{}",
        replaced.err
    );
    let expected = "address,name,group\nmaxb@im.example.com,Max,Work\nbob@im.example.com,Bob,Close\n";
    assert_eq!(export(data), expected);
    let emptied = import(data, "--replace", "address\n");
    assert!(emptied.err.contains("has 0 contacts now"), "{}", emptied.err);
    assert_eq!(export(data), "address,name,group\n");
}

#[test]
fn a_list_is_imported_merged_replaced_and_exported() {
    lists(folder().path());
}

#[tokio::test]
async fn a_list_is_imported_merged_replaced_and_exported_in_a_database() {
    let (server, folder) = (Server::start().await, tempfile::tempdir().unwrap());
    let (data, password) = (folder.path().join("data"), folder.path().join("password"));
    std::fs::write(&password, PASSWORD).unwrap();
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
    // As `homeport store move` leaves a folder.
    add_alice(&data);
    let moved = Command::new(env!("CARGO_BIN_EXE_homeport"))
        .args(["store", "move", "--to", &server.tcp_url(), "--password-file"])
        .arg(&password)
        .arg("--data")
        .arg(&data)
        .output()
        .unwrap();
    assert!(moved.status.success(), "{moved:?}");
    lists(&data);
}

#[test]
fn files_say_by_their_names_what_they_hold() {
    let data = folder();
    assert_eq!(import(data.path(), "", LIST).code, Some(0));
    let path = |name: &str| data.path().join(name).to_str().unwrap().to_owned();
    let exported = |name: &str| {
        user(
            data.path(),
            &format!("contacts export alice@im.example.com {}", path(name)),
            "",
        )
    };
    for name in ["list.csv", "list.json"] {
        let ran = exported(name);
        assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{}", ran.err);
        assert!(
            ran.err.contains("3 contacts of alice@im.example.com are in"),
            "{}",
            ran.err
        );
        let mode = std::fs::metadata(path(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        let words = format!("contacts import alice@im.example.com {} --replace", path(name));
        let ran = user(data.path(), &words, "");
        assert!(
            ran.err.contains("has 3 contacts now, 0 of them new"),
            "{}",
            ran.err
        );
        assert_eq!(export(data.path()), LIST);
        let again = exported(name);
        assert!(
            again.code == Some(1) && again.err.contains("is there already"),
            "{}",
            again.err
        );
    }
    let json = std::fs::read_to_string(path("list.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[1]["name"], "Dana, of sales");
    let unnamed = exported("list");
    assert!(
        unnamed.code == Some(1) && unnamed.err.contains("--format csv"),
        "{}",
        unnamed.err
    );
}

#[test]
fn every_bad_line_is_named_and_nothing_is_changed() {
    let data = folder();
    assert_eq!(import(data.path(), "", LIST).code, Some(0));
    let long = "x".repeat(257);
    let bad = format!(
        "address,name,group\nzoe@im.example.com,,\nbob,Bob,\nbob@im.example.com,{long},\nbob@im.example.com,,\n\
         dana@im.example.com,a,b,c\neve@im.example.com:8080,,\n"
    );
    for options in ["", "--replace"] {
        let refused = import(data.path(), options, &bad);
        assert_eq!(refused.code, Some(1), "{}", refused.err);
        for expected in [
            "line 3 has the address \"bob\"",
            "line 4 has a name that is longer than 256 characters",
            "line 5 has bob@im.example.com, which line 4 has already",
            "line 6 has 4 values, but the first line names 3",
            "line 7 has the address \"eve@im.example.com:8080\": leave the port out",
            "nothing was changed: 5 mistakes, each with its line above",
        ] {
            assert!(refused.err.contains(expected), "{expected} in {}", refused.err);
        }
        assert!(!refused.err.contains("line 2 "), "{}", refused.err);
        assert_eq!(export(data.path()), LIST);
    }
    let json = r#"[{"address": "zoe@im.example.com", "nick": "Zoe"}, {"name": "Bob"}, {"address": "a"}]"#;
    let refused = import(data.path(), "--format json", json);
    assert_eq!(refused.code, Some(1), "{}", refused.err);
    for expected in [
        "object 1 unknown field `nick`",
        "object 2 missing field `address`",
        "object 3 has the address",
    ] {
        assert!(refused.err.contains(expected), "{expected} in {}", refused.err);
    }
    assert_eq!(export(data.path()), LIST);
}

#[test]
fn a_list_that_would_be_too_long_is_refused() {
    let data = folder();
    assert_eq!(import(data.path(), "", LIST).code, Some(0));
    let lines = |count: usize| -> String {
        let lines = (0..count).map(|number| format!("person{number}@im.example.com\n"));
        "address\n".to_owned() + &lines.collect::<String>()
    };
    let refused = import(data.path(), "", &lines(1_998));
    assert!(
        refused.code == Some(1) && refused.err.contains("the list would have 2001 contacts"),
        "{}",
        refused.err
    );
    assert_eq!(export(data.path()), LIST);
    let refused = import(data.path(), "--replace", &lines(2_001));
    assert!(
        refused.code == Some(1) && refused.err.contains("line 2002 is one too many"),
        "{}",
        refused.err
    );
    let most = import(data.path(), "--replace", &lines(2_000));
    assert!(
        most.code == Some(0) && most.err.contains("has 2000 contacts now"),
        "{}",
        most.err
    );
}

#[test]
fn who_has_no_account_has_no_list_and_what_is_no_file_is_no_list() {
    let data = folder();
    for (words, code, expected) in [
        (
            "contacts export alcie@im.example.com",
            1,
            "did you mean alice@im.example.com?",
        ),
        (
            "contacts import alcie@im.example.com -",
            1,
            "did you mean alice@im.example.com?",
        ),
        ("contacts export alice", 2, "name@domain"),
        ("contacts import alice@im.example.com", 2, "FILE"),
        (
            "contacts import alice@im.example.com /nowhere/list.csv",
            1,
            "/nowhere/list.csv",
        ),
        ("contacts import alice@im.example.com - --format xml", 2, "csv"),
    ] {
        let refused = user(data.path(), words, LIST);
        assert_eq!(refused.code, Some(code), "{words}: {}", refused.err);
        assert!(refused.err.contains(expected), "{words}: {}", refused.err);
    }
    let refused = import(data.path(), "", "bob@im.example.com\n");
    assert!(
        refused.code == Some(1) && refused.err.contains("address, name and group"),
        "{}",
        refused.err
    );
}
