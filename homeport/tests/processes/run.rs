//! A `homeport up` that is watched: what it prints, what it started, and whether that is still there.

use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

pub(crate) const HOMEPORT: &str = env!("CARGO_BIN_EXE_homeport");

/// Longer than anything takes here; only what is broken is waited for that long.
const PATIENCE: Duration = Duration::from_secs(60);
const TICK: Duration = Duration::from_millis(20);

/// A running `homeport up`; killed when dropped.
pub(crate) struct Run {
    child: Child,
    out: Lines<BufReader<ChildStdout>>,
    err: Lines<BufReader<ChildStderr>>,
}

/// A process as the line of JSON tells it.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) role: String,
    pub(crate) pid: u32,
    addresses: BTreeMap<String, SocketAddr>,
}

impl Process {
    pub(crate) fn of(shown: &Value) -> (String, Self) {
        let text = |key: &str| shown[key].as_str().expect("it is a text").to_owned();
        let addresses = shown["addresses"].as_object().expect("it is an object");
        let address = |value: &Value| value.as_str().expect("it is a text").parse();
        let process = Self {
            role: text("role"),
            pid: u32::try_from(shown["pid"].as_u64().expect("it is a number")).expect("it is a process id"),
            addresses: addresses
                .iter()
                .map(|(what, value)| (what.clone(), address(value).expect("it is an address")))
                .collect(),
        };
        (text("name"), process)
    }

    pub(crate) fn address(&self, what: &str) -> SocketAddr {
        self.addresses[what]
    }

    /// The program that it runs.
    pub(crate) fn program(&self) -> PathBuf {
        std::fs::read_link(format!("/proc/{}/exe", self.pid)).expect("it runs")
    }

    /// The process group that it is in, which is what a terminal's Ctrl-C goes to.
    pub(crate) fn group(&self) -> u32 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).expect("it runs");
        let after_name = stat.rsplit_once(") ").expect("its name is in parentheses").1;
        let group = after_name.split(' ').nth(2).expect("it has a group");
        group.parse().expect("it is a number")
    }

    /// Whether it runs; one that nobody waited for does not.
    pub(crate) fn runs(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        stat.rsplit_once(") ")
            .is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
    }

    pub(crate) fn kill(&self) {
        signal(self.pid, "KILL");
    }

    /// Waits until it has ended.
    pub(crate) async fn is_gone(&self) {
        until("a process is gone", async || !self.runs()).await;
    }

    /// Waits until its admin listener says that it is ready.
    pub(crate) async fn is_ready(&self) {
        let admin = self.address("admin");
        until("a process is ready", async || {
            status(admin, "GET", "/readyz").await == Some(200)
        })
        .await;
    }
}

impl Run {
    /// Starts one with these arguments on a data folder, for people of 127.0.0.1 on a free port.
    pub(crate) fn start(data: &Path, arguments: &[&str]) -> Self {
        for program in ["homeport-router", "homeport-homeserver"] {
            assert!(
                Path::new(HOMEPORT).with_file_name(program).exists(),
                "{program} is not built; run: cargo build -p router -p homeserver"
            );
        }
        let mut child = up(arguments)
            .args(["--domain", "127.0.0.1", "--listen", "127.0.0.1:0"])
            .args(["--log", "warn", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program that these tests are built with can be run");
        let out = child.stdout.take().expect("it is piped");
        let err = child.stderr.take().expect("it is piped");
        Self {
            child,
            out: BufReader::new(out).lines(),
            err: BufReader::new(err).lines(),
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("nobody has waited for it")
    }

    /// The next line of data, if it goes on.
    pub(crate) async fn line(&mut self) -> Option<String> {
        let line = tokio::time::timeout(PATIENCE, self.out.next_line()).await;
        line.expect("it says something or ends").expect("it prints text")
    }

    /// The next line of data, which is JSON.
    pub(crate) async fn json(&mut self) -> Value {
        let line = self.line().await.expect("it goes on");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    /// What was started, and where clients connect, once everything is ready.
    pub(crate) async fn ready(&mut self) -> (BTreeMap<String, Process>, SocketAddr) {
        let said = self.json().await;
        let processes = said["processes"].as_array().expect("it is a list");
        let processes = processes.iter().map(Process::of).collect();
        let ready = self.line().await.expect("it becomes ready");
        let address = ready.strip_prefix("ready http://").expect("that is all it says");
        (processes, address.parse().expect("it is an address"))
    }

    /// The next line to standard error that has this in it.
    pub(crate) async fn says(&mut self, part: &str) -> String {
        let said = tokio::time::timeout(PATIENCE, async {
            while let Some(line) = self.err.next_line().await.expect("it prints text") {
                if line.contains(part) {
                    return line;
                }
            }
            panic!("it has ended without saying {part:?}")
        });
        said.await.unwrap_or_else(|_| panic!("it does not say {part:?}"))
    }

    /// Sends it a signal and waits for its end. Returns how it ended and what it still said on standard error.
    pub(crate) async fn end(mut self, name: &str) -> (ExitStatus, Vec<String>) {
        signal(self.pid(), name);
        self.ended().await
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> (ExitStatus, Vec<String>) {
        let ended = tokio::time::timeout(PATIENCE, async {
            let mut said = Vec::new();
            while let Some(line) = self.err.next_line().await.expect("it prints text") {
                said.push(line);
            }
            (self.child.wait().await.expect("it was started here"), said)
        });
        ended.await.expect("it ends")
    }
}

/// The command with arguments, and with nothing to read.
pub(crate) fn up(arguments: &[&str]) -> Command {
    let mut command = Command::new(HOMEPORT);
    command
        .arg("up")
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Runs a command that ends by itself, and returns its exit code and what it said on standard error.
pub(crate) async fn fails(mut command: Command) -> (Option<i32>, String) {
    let output = tokio::time::timeout(PATIENCE, command.output()).await;
    let output = output
        .expect("it ends")
        .expect("the program that these tests are built with can be run");
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("there is room for a folder")
}

pub(crate) fn signal(pid: u32, name: &str) {
    let sent = std::process::Command::new("kill")
        .args([format!("-{name}"), pid.to_string()])
        .status();
    assert!(
        sent.expect("there is a program kill").success(),
        "process {pid} is there"
    );
}

/// Waits for a level.
pub(crate) async fn until(what: &str, is: impl AsyncFn() -> bool) {
    let mut tick = tokio::time::interval(TICK);
    let waited = tokio::time::timeout(PATIENCE, async {
        while !is().await {
            tick.tick().await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("{what}: not in time"));
}

/// The status of the answer to a request without credentials, if there is one.
pub(crate) async fn status(server: SocketAddr, method: &str, path: &str) -> Option<u16> {
    let answered = tokio::time::timeout(PATIENCE, async {
        let mut stream = TcpStream::connect(server).await.ok()?;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\
             Notification-Type: pragma/notify\r\nCall-Back: http://127.0.0.1:9/\r\n\
             Subscription-Lifetime: 3600\r\nContent-Length: 0\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok()?;
        let answer = String::from_utf8_lossy(&answer);
        answer.split(' ').nth(1)?.parse().ok()
    });
    answered.await.expect("who listens answers")
}

/// What a client is told that has not said yet who it is.
pub(crate) async fn log_on(server: SocketAddr) -> Option<u16> {
    status(server, "SUBSCRIBE", "/instmsg/aliases/alice").await
}
