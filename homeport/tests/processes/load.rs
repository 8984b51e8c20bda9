//! A router that dies while `homeport load` measures: users go on at the other one, and nothing is lost.

use super::run::{HOMEPORT, Run, folder};
use serde_json::Value;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// Said while messages are under way, now and then.
const UNDER_WAY: &str = "under way, second ";
/// Longer than it takes.
const PATIENCE: Duration = Duration::from_secs(150);

#[tokio::test]
async fn a_router_that_is_killed_under_load_costs_no_message() {
    let report = killed_under(&["messages"]).await;
    assert_eq!(report["sent"], 400, "{report}");
    let answered = ["acknowledged", "refused"].map(|name| report[name].as_u64().expect("it is a number"));
    assert_eq!(answered.iter().sum::<u64>(), 400, "{report}");
    // Whoever was at the other router noticed nothing, and the others went on.
    assert!(answered[0] >= 300, "{report}");
}

/// On an office day also what was kept for somebody must be heard before it ends, and all changes of presence.
#[tokio::test]
async fn a_router_that_is_killed_on_an_office_day_costs_nothing() {
    let report = killed_under(&["office", "--contacts", "3", "--churn", "1"]).await;
    assert!(report["log_ons"].as_u64() > Some(0), "{report}");
}

/// What a load finds while one of two routers is killed.
async fn killed_under(scenario: &[&str]) -> Value {
    let data = folder();
    let mut run = Run::start(data.path(), &["enterprise", "--processes", "--json"]);
    let (processes, _) = run.ready().await;
    let mut load = Command::new(HOMEPORT);
    load.arg("load")
        .args(scenario)
        .args(["--via", "attachment", "--make-accounts", "--users", "20"])
        .args(["--rate", "40", "--seconds", "10", "--json", "--data"])
        .arg(data.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut load = load.spawn().expect("it can be run");
    let mut said = BufReader::new(load.stderr.take().expect("it is piped")).lines();
    let measured = async {
        let (mut told, mut killed_when) = (Vec::new(), None);
        while let Some(line) = said.next_line().await.expect("it prints text") {
            let is_under_way = line.contains(UNDER_WAY) && !line.contains("second 0");
            if is_under_way && killed_when.is_none() {
                processes["router-2"].kill();
                killed_when = Some(line.clone());
            }
            told.push(line);
        }
        (
            load.wait_with_output().await.expect("it was started here"),
            told,
            killed_when,
        )
    };
    let (output, told, killed_when) = tokio::time::timeout(PATIENCE, measured).await.expect("it ends");
    assert!(
        killed_when.is_some() && !processes["router-2"].runs(),
        "{told:#?}"
    );
    assert_eq!(output.status.code(), Some(0), "{told:#?}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("it is an object");
    for name in [
        "lost",
        "doubled",
        "reordered",
        "strange",
        "unanswered",
        "users_gone",
    ] {
        assert_eq!(report[name], 0, "{name} in {report}");
    }
    let (status, said) = run.end("TERM").await;
    assert!(status.success(), "{status}: {said:#?}");
    report
}
