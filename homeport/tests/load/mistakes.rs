//! What cannot work is said in words, before anything is sent.

use super::said::failed;
use super::{Cluster, HOMEPORT, PATIENCE, load, run, text};
use std::path::Path;
use std::process::Stdio;
use tokio::process::Command;
use tokio::time::timeout;

/// Fails with this code, and says this.
async fn fails(command: Command, code: i32, parts: &[&str]) {
    failed(&run(command).await, code, parts);
}

fn with_password(folder: &Path, arguments: &str) -> Command {
    let file = folder.join("password");
    std::fs::write(&file, "sesame\n").unwrap();
    let mut command = load(arguments);
    command.arg("--password-file").arg(file);
    command
}

#[tokio::test]
async fn a_scenario_that_is_none_names_those_that_are() {
    fails(load("mesages"), 2, &["messages"]).await;
}

#[tokio::test]
async fn a_cluster_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let with = |arguments: &str| with_password(folder.path(), arguments);
    let elsewhere = with("messages --server http://127.0.0.1:1 --names load{number}@localhost");
    fails(elsewhere, 1, &["127.0.0.1:1", "--server"]).await;
    let mut nothing = with("messages --names load{number}@localhost");
    nothing.arg("--data").arg(folder.path());
    fails(nothing, 1, &["nothing runs on", "--server"]).await;
}

#[tokio::test]
async fn what_cannot_be_meant_is_a_mistake_in_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    fails(
        with_password(
            folder.path(),
            "messages --server http://127.0.0.1:1 --names load@localhost",
        ),
        2,
        &["{number}"],
    )
    .await;
    let mistakes: [(&str, &[&str]); 8] = [
        ("messages --users 1", &["users must be 2 to"]),
        ("messages --rate 0", &["rate must be 1 to"]),
        ("messages --seconds 0", &["seconds must be 1 to"]),
        ("messages --text 3", &["a text has 48 to"]),
        ("logon --users 20 --at-once 0", &["at once must be 1 to"]),
        ("logon --users 20 --at-once 20 --rate 5", &["--at-once", "--rate"]),
        ("office --users 20 --churn 3", &["churn must be 0 to 2"]),
        (
            "office --users 20 --churn 2 --contacts 18",
            &["contacts among those who stay must be 1 to 17"],
        ),
    ];
    for (mistake, parts) in mistakes {
        let arguments = format!("{mistake} --server http://127.0.0.1:1 --names load{{number}}@localhost");
        fails(with_password(folder.path(), &arguments), 2, parts).await;
    }
    fails(
        load("messages --server http://127.0.0.1:1 --names load{number}@localhost"),
        2,
        &["--make-accounts"],
    )
    .await;
}

#[tokio::test]
async fn too_few_files_say_what_to_raise() {
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, "sesame\n").unwrap();
    let line = format!(
        "ulimit -n 64; exec {HOMEPORT} load messages --server http://127.0.0.1:1 --names 'load{{number}}@localhost' \
         --users 500 --password-file {}",
        password.display()
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(PATIENCE, shell.output()).await.unwrap().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("ulimit -n 628"), "{said}");
}

#[tokio::test]
async fn accounts_that_are_missing_are_offered_to_be_made() {
    let cluster = Cluster::start().await;
    let password = cluster.data.path().join("password");
    std::fs::write(&password, "sesame\n").unwrap();
    let mut command = cluster.load("messages --users 3");
    command.arg("--password-file").arg(password);
    fails(command, 1, &["load0@127.0.0.1 is not let in", "--make-accounts"]).await;
}
