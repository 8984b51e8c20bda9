//! A real terminal: tmux, with a server of the test's own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tokio::time::Instant;

const WAIT: Duration = Duration::from_secs(20);

/// A terminal in which a program runs; ended when dropped.
pub(crate) struct Tmux {
    socket: PathBuf,
}

impl Tmux {
    /// Runs a line of shell in a terminal of 80 columns and 24 rows.
    pub(crate) fn start(folder: &Path, line: &str) -> Self {
        let tmux = Self {
            socket: folder.join("tmux"),
        };
        let folder = folder.to_str().unwrap();
        tmux.run(&["new-session", "-d", "-x", "80", "-y", "24", "-c", folder, line]);
        tmux
    }

    fn run(&self, arguments: &[&str]) -> String {
        let done = Command::new("tmux")
            .arg("-S")
            .arg(&self.socket)
            .args(["-u", "-f", "/dev/null"])
            .args(arguments)
            .env("LC_ALL", "C.UTF-8")
            .env_remove("TMUX")
            .output()
            .expect("tmux is installed: ./test does that");
        assert!(
            done.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8(done.stdout).unwrap()
    }

    /// Presses keys, by tmux's names.
    pub(crate) fn keys(&self, keys: &[&str]) {
        self.run(&[&["send-keys"], keys].concat());
    }

    pub(crate) fn write(&self, text: &str) {
        self.run(&["send-keys", "-l", text]);
    }

    /// Pastes, marked as such, as terminals do.
    pub(crate) fn paste(&self, text: &str) {
        self.run(&["set-buffer", text]);
        self.run(&["paste-buffer", "-p", "-r"]);
    }

    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        self.run(&["resize-window", "-x", &columns, "-y", &rows]);
    }

    /// Asks the program that its shell runs to end, as SIGTERM does.
    pub(crate) fn end_program(&self) {
        let shell = self.run(&["display-message", "-p", "#{pane_pid}"]);
        let shell = shell.trim();
        let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap();
        let program = children.split_whitespace().next().expect("the shell runs it");
        let ended = Command::new("kill").args(["-TERM", program]).status().unwrap();
        assert!(ended.success());
    }

    /// What it shows.
    pub(crate) fn text(&self) -> String {
        self.run(&["capture-pane", "-p"])
    }

    /// The same with colours.
    pub(crate) fn painted(&self) -> String {
        self.run(&["capture-pane", "-p", "-e"])
    }

    /// Waits until it shows what is wanted, and returns that.
    pub(crate) async fn until(&self, what: &str, shown: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + WAIT;
        loop {
            let text = self.text();
            if shown(&text) {
                return text;
            }
            assert!(Instant::now() < end, "{what} is not shown:\n{text}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn until_text(&self, wanted: &str) -> String {
        self.until(wanted, |text| text.contains(wanted)).await
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let server = ["-S", self.socket.to_str().unwrap(), "kill-server"];
        // It has ended when its program has.
        let _ = Command::new("tmux").args(server).output();
    }
}
