//! What cannot work is said in words, before anything is measured.

use super::said::failed;
use super::{certify, files, run};
use tokio::process::Command;

/// Fails with this code, and says this.
async fn fails(command: Command, code: i32, parts: &[&str]) {
    failed(&run(command).await, code, parts);
}

#[tokio::test]
async fn what_cannot_be_meant_is_a_mistake_in_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let with = |arguments: &str| certify(arguments, folder.path());
    fails(
        with("lab --budget 30s"),
        2,
        &["budget of 30 s is too small", "at least"],
    )
    .await;
    fails(with("lab --max-users 1"), 2, &["users must be 2 to"]).await;
    fails(with("lab --p99 fast"), 2, &["--p99"]).await;
    fails(with("lab --error-rate 0.1"), 2, &["such as 0.1%"]).await;
    fails(with("lab --memory much"), 2, &["24KiB"]).await;
    fails(with("lab --server http://127.0.0.1:1"), 2, &["--server"]).await;
    fails(
        with("--server http://127.0.0.1:1 --allow-kill"),
        2,
        &["--allow-kill", "--server"],
    )
    .await;
    assert!(!folder.path().join("report/report.json").exists());
}

#[tokio::test]
async fn a_topology_that_is_none_names_those_that_are() {
    let folder = tempfile::tempdir().unwrap();
    fails(certify("labb", folder.path()), 1, &["labb", "lab, education"]).await;
    fails(certify("./labb.toml", folder.path()), 1, &["labb.toml"]).await;
    assert!(!folder.path().join("report").exists());
}

#[tokio::test]
async fn a_cluster_that_does_not_start_says_why_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let lab =
        include_str!("../../../topologies/lab.toml").replace("store = \"sqlite\"", "store = \"postgres\"");
    let file = folder.path().join("kept.toml");
    std::fs::write(&file, lab).unwrap();
    let command = certify(&file.display().to_string(), folder.path());
    fails(
        command,
        1,
        &["did not start", "--data", "keeps state in PostgreSQL"],
    )
    .await;
    assert_eq!(files(folder.path()), ["kept.toml", "report"]);
}

#[tokio::test]
async fn a_cluster_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, "sesame\n").unwrap();
    let mut elsewhere = certify(
        "--server http://127.0.0.1:1 --names load{number}@localhost",
        folder.path(),
    );
    elsewhere.arg("--password-file").arg(&password);
    fails(elsewhere, 1, &["no router answers at 127.0.0.1:1", "--server"]).await;
    let mut nothing = certify("--names load{number}@localhost", folder.path());
    nothing.arg("--data").arg(folder.path());
    fails(nothing, 1, &["nothing runs on"]).await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_into_is_named_before_anything_begins() {
    let folder = tempfile::tempdir().unwrap();
    // A file where the folder should be: not even root can write into that.
    std::fs::write(folder.path().join("report"), "").unwrap();
    fails(
        certify("lab", folder.path()),
        1,
        &["cannot be written into", "--report"],
    )
    .await;
}
