//! `homeport chat --plain` as a script runs it.
#![allow(clippy::unwrap_used, reason = "in a test it is an assertion")]

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

const WAIT: Duration = Duration::from_secs(20);

/// A client that runs; ended when dropped.
pub(crate) struct Script {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

/// How it ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    /// What it had not been read of before.
    pub(crate) lines: Vec<String>,
    pub(crate) errors: String,
}

impl Script {
    /// Runs `homeport chat WHO --plain` with more arguments, in a folder of its own.
    pub(crate) fn start(who: &str, folder: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_homeport"))
            .args(["chat", who, "--plain"])
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, input, output }
    }

    pub(crate) async fn write(&mut self, line: &str) {
        let input = self.input.as_mut().expect("it is not ended");
        input.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    pub(crate) async fn line(&mut self) -> String {
        let line = tokio::time::timeout(WAIT, self.output.next_line()).await;
        if let Some(line) = line.expect("a line in time").unwrap() {
            return line;
        }
        let mut errors = String::new();
        let stderr = self.child.stderr.as_mut().unwrap();
        stderr.read_to_string(&mut errors).await.unwrap();
        panic!("it has ended: {errors}");
    }

    /// Ends its input and waits for it.
    pub(crate) async fn end(mut self) -> Ended {
        self.input = None;
        self.wait().await
    }

    pub(crate) async fn wait(mut self) -> Ended {
        let ending = async {
            let mut lines = Vec::new();
            while let Some(line) = self.output.next_line().await.unwrap() {
                lines.push(line);
            }
            let mut errors = String::new();
            let mut stderr = self.child.stderr.take().unwrap();
            stderr.read_to_string(&mut errors).await.unwrap();
            let code = self.child.wait().await.unwrap().code();
            Ended { code, lines, errors }
        };
        tokio::time::timeout(2 * WAIT, ending).await.expect("it ends")
    }
}
