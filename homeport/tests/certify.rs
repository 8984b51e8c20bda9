//! `homeport certify` as its users meet it: on a cluster that it starts, on one that runs, and with what cannot work.
#![expect(clippy::unwrap_used, reason = "in a test it is an assertion")]

#[path = "certify/mistakes.rs"]
mod mistakes;
#[path = "load/said.rs"]
mod said;
#[path = "../examples/office/server.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod server;

use said::text;
use serde_json::Value;
use server::Server;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

const HOMEPORT: &str = env!("CARGO_BIN_EXE_homeport");
/// Longer than anything takes here.
const PATIENCE: Duration = Duration::from_secs(110);
/// So little that a debug build on a busy machine holds it.
const GENTLE: &str = "--max-users 20 --max-rate 60 --step-seconds 1 --contacts 3 --p99 2s --error-rate 5% \
                      --memory 100MiB --recovery 60s --budget 5m --json";

fn certify(arguments: &str, folder: &Path) -> Command {
    let mut command = Command::new(HOMEPORT);
    command.arg("certify").args(arguments.split_whitespace());
    command.arg("--report").arg(folder.join("report"));
    // Whatever it makes for a cluster of its own is made, and must be removed, here.
    command.env("TMPDIR", folder);
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn run(mut command: Command) -> Output {
    timeout(PATIENCE, command.output()).await.unwrap().unwrap()
}

fn object(folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("report/report.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Processes whose command line names the folder.
fn processes_of(folder: &Path) -> Vec<String> {
    let folder = folder.display().to_string();
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = all.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    let lines = lines.map(|line| text(&line).replace('\0', " "));
    lines.filter(|line| line.contains(&folder)).collect()
}

#[tokio::test]
async fn a_cluster_of_its_own_is_certified_with_a_drain_and_a_kill_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(certify(
        &format!("lab {GENTLE} --allow-drain --allow-kill"),
        folder.path(),
    ))
    .await;
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}{}", text(&output.stdout));
    assert!(said.contains("this takes at most 5 min"), "{said}");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found, object(folder.path()));
    assert_eq!(found["verdict"]["safe"], true);
    assert_eq!(
        (&found["verdict"]["users"], &found["users_safe"]),
        (&20.into(), &20.into())
    );
    let rate = found["verdict"]["messages_per_second"].as_u64().unwrap();
    assert!((1..=60).contains(&rate), "{found}");
    assert_eq!(found["left_out"], serde_json::json!([]), "{found}");
    for part in ["storm", "drain", "kill"] {
        let part = &found[part];
        assert_eq!(
            (&part["failed"], &part["lost"], &part["kept"]),
            (&Value::Null, &0.into(), &0.into())
        );
        assert!(part["acknowledged"].as_u64().unwrap() > 0, "{part}");
    }
    assert!(found["kill"]["recovery_seconds"].as_f64().is_some(), "{found}");
    assert!(found["users"][7]["bytes_per_user"].as_f64().is_some(), "{found}");
    assert_eq!(found["cluster"]["home_servers"], 2);
    let report = std::fs::read_to_string(folder.path().join("report/report.md")).unwrap();
    assert!(
        report.contains(&format!(
            "**Safe for 20 users and {rate} messages/s on this machine."
        )),
        "{report}"
    );
    let expected = [
        "drain.svg",
        "kill.svg",
        "latency.svg",
        "memory.svg",
        "report.json",
        "report.md",
        "storm.svg",
    ];
    assert_eq!(files(&folder.path().join("report")), expected);
    assert_eq!(
        files(folder.path()),
        ["report"],
        "its cluster's folder is removed"
    );
    assert_eq!(processes_of(folder.path()), [""; 0], "nothing is left running");
}

#[tokio::test]
async fn a_cluster_that_runs_is_certified_and_what_is_no_process_of_its_own_is_not_killed() {
    let folder = tempfile::tempdir().unwrap();
    let data = tempfile::tempdir().unwrap();
    let _server = Server::start(Path::new(HOMEPORT), data.path()).await.unwrap();
    let mut command = certify(
        &GENTLE.replace("--json", "--make-accounts --allow-kill"),
        folder.path(),
    );
    command.arg("--data").arg(data.path());
    let output = run(command).await;
    let (said, table) = (text(&output.stderr), text(&output.stdout));
    assert_eq!(output.status.code(), Some(0), "{said}{table}");
    assert!(
        table.contains("Safe for 20 users") && table.contains("PROMISED"),
        "{table}"
    );
    let found = object(folder.path());
    for (part, expected) in [
        ("drain", Value::Null),
        ("kill", Value::Null),
        ("ended_early", Value::Null),
    ] {
        assert_eq!(found[part], expected, "{part}");
    }
    let left_out = found["left_out"].to_string();
    assert!(
        left_out.contains("the kill:") && left_out.contains("--processes"),
        "{left_out}"
    );
    assert_eq!(found["cluster"]["started"], false);
    let unmeasured = found["verdict"]["promises"].as_array().unwrap();
    let unmeasured = unmeasured.iter().filter(|promise| promise["held"].is_null());
    assert_eq!(
        unmeasured.count(),
        3,
        "memory of few users, drain and kill: {found}"
    );
}

#[tokio::test]
async fn one_that_is_interrupted_writes_what_it_has_and_stops_what_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = certify("lab --max-users 8 --step-seconds 60 --budget 20m", folder.path());
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let under_way = async { while !said.next_line().await.unwrap().unwrap().contains("messages/s") {} };
    timeout(PATIENCE, under_way).await.unwrap();
    let pid = child.id().unwrap().to_string();
    let sent = std::process::Command::new("kill").args(["-INT", &pid]).status();
    assert!(sent.unwrap().success());
    let output = timeout(PATIENCE, child.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    let found = object(folder.path());
    assert_eq!(found["ended_early"], "interrupted");
    assert_eq!(found["users"].as_array().unwrap().last().unwrap()["users"], 8);
    assert_eq!(found["verdict"]["safe"], false);
    let report = std::fs::read_to_string(folder.path().join("report/report.md")).unwrap();
    assert!(report.contains("It ended early (interrupted)"), "{report}");
    assert_eq!(
        files(folder.path()),
        ["report"],
        "its cluster's folder is removed"
    );
    assert_eq!(processes_of(folder.path()), [""; 0], "nothing is left running");
}
