//! `homeport load` as its users meet it: on a real cluster, and with what cannot work.
#![expect(clippy::unwrap_used, reason = "in a test it is an assertion")]

#[path = "tls/certificates.rs"]
mod certificates;
#[path = "load/churn.rs"]
mod churn;
#[path = "load/company.rs"]
mod company;
#[path = "load/mistakes.rs"]
mod mistakes;
#[path = "load/said.rs"]
mod said;
#[path = "../examples/office/server.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod server;
#[path = "load/tls.rs"]
mod tls;

use said::text;
use serde_json::Value;
use server::Server;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

const HOMEPORT: &str = env!("CARGO_BIN_EXE_homeport");
/// Longer than anything takes here.
const PATIENCE: Duration = Duration::from_secs(100);

/// A cluster that runs on a folder of its own.
struct Cluster {
    data: tempfile::TempDir,
    _server: Server,
}

impl Cluster {
    async fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let server = Server::start(Path::new(HOMEPORT), data.path()).await.unwrap();
        Self {
            data,
            _server: server,
        }
    }

    /// `homeport load` on it, with what the test says.
    fn load(&self, arguments: &str) -> Command {
        let mut command = load(arguments);
        command.arg("--data").arg(self.data.path());
        command
    }
}

fn load(arguments: &str) -> Command {
    let mut command = Command::new(HOMEPORT);
    command.arg("load").args(arguments.split_whitespace());
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Runs it to its end.
async fn run(mut command: Command) -> Output {
    timeout(PATIENCE, command.output()).await.unwrap().unwrap()
}

/// The object that it printed, when it was content.
fn object(output: &Output) -> Value {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    read(output)
}

/// The object that is printed, in which nothing is named twice.
fn read(output: &Output) -> Value {
    let printed = text(&output.stdout);
    let of_the_object = |line: &&str| line.starts_with("  \"");
    let names = printed.lines().filter(of_the_object);
    let mut seen = BTreeSet::new();
    for name in names.filter_map(|line| line.split('"').nth(1)) {
        assert!(seen.insert(name), "{name} twice in {printed}");
    }
    serde_json::from_str(&printed).unwrap()
}

fn count(object: &Value, name: &str) -> u64 {
    object[name]
        .as_u64()
        .unwrap_or_else(|| panic!("{name} in {object}"))
}

fn figure(object: &Value, name: &str) -> f64 {
    object[name]
        .as_f64()
        .unwrap_or_else(|| panic!("{name} in {object}"))
}

/// Nothing was lost, and everything has a cost.
fn is_sound(object: &Value, per: &str) {
    for name in ["lost", "doubled", "reordered", "refused", "unanswered", "strange"] {
        assert_eq!(count(object, name), 0, "{name} in {object}");
    }
    let costs = [per, "floor_cpu_us", "floor_stream_cpu_us", "ratio_to_floor"];
    for name in costs.into_iter().chain(["server_rss_mb", "p50_ms"]) {
        assert!(figure(object, name) > 0.0, "{name} in {object}");
    }
    let spread = ["p50_ms", "p95_ms", "p99_ms", "max_ms"].map(|name| figure(object, name));
    assert!(spread.is_sorted(), "{spread:?}");
    assert!(!object["series"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn messages_by_attachment_are_checked_and_measured() {
    let cluster = Cluster::start().await;
    let arguments = "messages --make-accounts --users 20 --rate 50 --seconds 3 --via attachment --json";
    let object = object(&run(cluster.load(arguments)).await);
    is_sound(&object, "server_cpu_us_per_message");
    for name in ["sent", "acknowledged", "delivered"] {
        assert_eq!(count(&object, name), 150, "{name} in {object}");
    }
    // The accounts and their password are there now.
    let again = run(cluster.load("messages --users 5 --concurrency 4 --seconds 1")).await;
    let table = text(&again.stdout);
    assert_eq!(again.status.code(), Some(0), "{table}{}", text(&again.stderr));
    assert!(
        table.contains("4 under way") && table.contains("floors"),
        "{table}"
    );
}

#[tokio::test]
async fn messages_by_rvp_and_by_both_are_checked_and_measured() {
    let cluster = Cluster::start().await;
    for via in ["rvp", "both"] {
        let arguments =
            format!("messages --make-accounts --users 20 --rate 50 --seconds 3 --via {via} --json");
        let object = object(&run(cluster.load(&arguments)).await);
        is_sound(&object, "server_cpu_us_per_message");
        for name in ["sent", "acknowledged", "delivered"] {
            assert_eq!(count(&object, name), 150, "{name} in {object}");
        }
    }
}

#[tokio::test]
async fn presence_and_log_ons_go_by_rvp_and_by_both() {
    let cluster = Cluster::start().await;
    let arguments =
        "presence --make-accounts --users 10 --contacts 3 --rate 10 --seconds 2 --json --via both";
    let told = object(&run(cluster.load(arguments)).await);
    is_sound(&told, "server_cpu_us_per_change_delivered");
    assert_eq!((count(&told, "sent"), count(&told, "delivered")), (20, 60));
    let came = object(&run(cluster.load("logon --users 10 --contacts 3 --json --via rvp")).await);
    is_sound(&came, "server_cpu_us_per_log_on");
    assert_eq!(count(&came, "acknowledged"), 10);
}

#[tokio::test]
async fn a_server_elsewhere_tells_what_it_uses_and_the_run_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let (picture, report) = (folder.path().join("run.svg"), folder.path().join("run.json"));
    let mut up = Command::new(HOMEPORT);
    up.args(["up", "--listen", "127.0.0.1:0", "--log", "warn", "--data"])
        .arg(folder.path());
    let mut up = up.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut said = BufReader::new(up.stdout.take().unwrap()).lines();
    let mut admin = String::new();
    let ready = async {
        while let Some(line) = said.next_line().await.unwrap() {
            if let Some(url) = line.strip_prefix("admin") {
                admin = url.trim().trim_start_matches("http://").to_owned();
            }
            if line.starts_with("ready ") {
                break;
            }
        }
    };
    timeout(PATIENCE, ready).await.unwrap();
    let mut command = load("messages --make-accounts --users 5 --rate 20 --seconds 2 --json --metrics");
    command.arg(&admin).arg("--data").arg(folder.path());
    command
        .arg("--picture")
        .arg(&picture)
        .arg("--report")
        .arg(&report);
    let printed = object(&run(command).await);
    is_sound(&printed, "server_cpu_us_per_message");
    assert_eq!(printed["processes"][0]["name"], admin);
    assert_eq!(printed["processes"][0].get("pid"), None);
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap();
    assert_eq!(kept, printed);
    let drawn = std::fs::read_to_string(picture).unwrap();
    assert!(
        drawn.starts_with("<svg ") && drawn.ends_with("</svg>\n"),
        "{drawn}"
    );
    assert!(
        drawn.contains("server memory, MB") && drawn.contains("lost 0"),
        "{drawn}"
    );
}

#[tokio::test]
async fn presence_is_told_to_all_who_watch() {
    let cluster = Cluster::start().await;
    let arguments = "presence --make-accounts --users 12 --contacts 5 --rate 20 --seconds 2 --json";
    let object = object(&run(cluster.load(arguments)).await);
    is_sound(&object, "server_cpu_us_per_change_delivered");
    assert_eq!((count(&object, "sent"), count(&object, "acknowledged")), (40, 40));
    assert_eq!(count(&object, "delivered"), 200, "{object}");
}

#[tokio::test]
async fn everybody_logs_on_at_once_at_a_rate_and_some_at_a_time() {
    let cluster = Cluster::start().await;
    for pace in ["--make-accounts", "--rate 30", "--concurrency 3"] {
        let arguments = format!("logon --users 15 --contacts 4 --json {pace}");
        let object = object(&run(cluster.load(&arguments)).await);
        is_sound(&object, "server_cpu_us_per_log_on");
        assert_eq!((count(&object, "sent"), count(&object, "acknowledged")), (15, 15));
    }
}

#[tokio::test]
async fn an_office_day_has_both() {
    let cluster = Cluster::start().await;
    let arguments = "office --make-accounts --users 10 --contacts 3 --rate 20 --seconds 2 --json";
    let object = object(&run(cluster.load(arguments)).await);
    is_sound(&object, "server_cpu_us_per_event");
    // 40 messages, and 4 changes that 3 are told each.
    assert_eq!((count(&object, "sent"), count(&object, "changes")), (44, 4));
    assert_eq!(count(&object, "delivered"), 52, "{object}");
    assert!(figure(&object, "told_p99_ms") > 0.0);
}

#[tokio::test]
async fn one_that_is_interrupted_prints_what_it_has() {
    let cluster = Cluster::start().await;
    let command = cluster.load("messages --make-accounts --users 4 --rate 20 --seconds 600 --json");
    let (object, last) = interrupted(command, "under way", Duration::ZERO).await;
    assert!(last.contains("interrupted after"), "{last}");
    assert_eq!((count(&object, "lost"), count(&object, "unanswered")), (0, 0));
}

/// What one prints that is interrupted some time after it has said something, and its last line of errors.
async fn interrupted(mut command: Command, said_before: &str, after: Duration) -> (Value, String) {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let begun = async { while !said.next_line().await.unwrap().unwrap().contains(said_before) {} };
    timeout(PATIENCE, begun).await.unwrap();
    tokio::time::sleep(after).await;
    let pid = child.id().unwrap().to_string();
    let sent = std::process::Command::new("kill").args(["-INT", &pid]).status();
    assert!(sent.unwrap().success());
    let (output, last) = timeout(PATIENCE, async {
        let output = child.wait_with_output().await.unwrap();
        let mut last = String::new();
        while let Some(line) = said.next_line().await.unwrap() {
            last = line;
        }
        (output, last)
    })
    .await
    .unwrap();
    assert_eq!(output.status.code(), Some(1), "{last}");
    let object = read(&output);
    assert_eq!(object["interrupted"], true);
    (object, last)
}
