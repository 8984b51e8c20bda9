//! State in a PostgreSQL database, as operators meet it: a real server and the real commands.
#![expect(clippy::unwrap_used, reason = "in a test it is an assertion")]

#[path = "../../store/tests/postgres/server.rs"]
#[expect(dead_code, reason = "the tests of the store need more of it")]
mod server;

use server::{PASSWORD, Server};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};

const HOMEPORT: &str = env!("CARGO_BIN_EXE_homeport");
/// Longer than anything takes here.
const PATIENCE: Duration = Duration::from_secs(60);

/// A data folder beside a file with the database's password.
struct Place {
    folder: TempDir,
    url: String,
}

impl Place {
    fn new(server: &Server) -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
            url: server.tcp_url(),
        };
        place.set_password(PASSWORD);
        place
    }

    fn password_file(&self) -> PathBuf {
        self.folder.path().join("db.password")
    }

    fn set_password(&self, password: &str) {
        std::fs::write(self.password_file(), format!("{password}\n")).unwrap();
        let only_ours = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(self.password_file(), only_ours).unwrap();
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// `homeport WORDS --data DATA`.
    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(HOMEPORT);
        command
            .args(words.split_whitespace())
            .arg("--data")
            .arg(self.data());
        command.stdin(Stdio::null()).env_remove("PGPASSWORD");
        command
    }

    fn run(&self, words: &str) -> Output {
        self.command(words).output().unwrap()
    }

    /// `homeport up`, with more arguments, that ends by itself with an error.
    fn refused(&self, more: &[&str]) -> String {
        let output = self
            .command("up --listen 127.0.0.1:0")
            .args(more)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!said.contains("wr0ng") && !said.contains(PASSWORD), "{said}");
        said
    }

    /// `homeport up`, with more arguments, until it is ready; then it is ended in order.
    async fn up(&self, more: &[&str]) {
        let mut command = tokio::process::Command::from(self.command("up --listen 127.0.0.1:0"));
        command.args(more).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if line.starts_with("ready ") {
                    return true;
                }
            }
            false
        };
        assert!(
            tokio::time::timeout(PATIENCE, ready).await.unwrap(),
            "it has ended"
        );
        let pid = rustix::process::Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let ended = tokio::time::timeout(PATIENCE, child.wait()).await.unwrap();
        assert!(ended.unwrap().success());
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_cluster_keeps_its_state_in_a_database_and_knows_it_next_time() {
    let server = Server::start().await;
    let place = Place::new(&server);
    let file = place.password_file();
    let arguments = [
        "--store",
        &place.url,
        "--store-password-file",
        text(&file),
        "--demo",
    ];
    place.up(&arguments).await;
    assert!(!place.data().join("homeport.db").exists());
    let record = std::fs::read_to_string(place.data().join("store.toml")).unwrap();
    assert!(
        record.contains(&place.url) && !record.contains(PASSWORD),
        "{record}"
    );

    // Nobody says again where it is.
    let list = String::from_utf8(place.run("user list").stdout).unwrap();
    assert!(list.contains("alice@localhost"), "{list}");
    assert!(place.run("user disable bob@localhost").status.success());
    place.up(&[]).await;
    let list = String::from_utf8(place.run("user list --json").stdout).unwrap();
    assert!(list.contains("\"state\": \"disabled\""), "{list}");
}

#[tokio::test]
async fn what_is_wrong_with_a_database_is_said_at_the_start() {
    let mut server = Server::start().await;
    let place = Place::new(&server);
    let file = place.password_file();
    let arguments = ["--store", &place.url, "--store-password-file", text(&file)];
    place.set_password("wr0ng");
    let said = place.refused(&arguments);
    assert!(
        said.contains("does not let this user in") && said.contains(&place.url),
        "{said}"
    );
    assert!(!place.data().join("store.toml").exists(), "it was not used");

    place.set_password(PASSWORD);
    let missing = place.url.replace("/postgres", "/nothing");
    let said = place.refused(&["--store", &missing, "--store-password-file", text(&file)]);
    assert!(said.contains("does not exist: create the database"), "{said}");

    server.kill();
    let said = place.refused(&arguments);
    assert!(said.contains("cannot be reached"), "{said}");

    let with_password = place.url.replace('@', ":wr0ng@");
    let output = place
        .command("up")
        .args(["--store", &with_password])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("leave the password out"), "{said}");
}

fn backup_of(place: &Place, name: &str) -> serde_json::Value {
    let file = place.folder.path().join(name);
    let output = place.run(&format!("backup {} --json", text(&file)));
    assert!(output.status.success(), "{output:?}");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "it holds secrets");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn a_cluster_moves_to_a_database_with_one_command() {
    let server = Server::start().await;
    let place = Place::new(&server);
    place.up(&["--demo"]).await;
    let before = backup_of(&place, "before.backup");
    let file = place.password_file();
    let to = format!(
        "store move --json --to {} --password-file {}",
        place.url,
        text(&file)
    );

    place.set_password("wr0ng");
    let refused = String::from_utf8(place.run(&to).stderr).unwrap();
    assert!(refused.contains("does not let this user in"), "{refused}");
    assert!(!place.data().join("store.toml").exists());
    assert!(!place.data().join("moved-1.backup").exists());

    place.set_password(PASSWORD);
    let moved = place.run(&to);
    assert!(moved.status.success(), "{moved:?}");
    let moved: serde_json::Value = serde_json::from_slice(&moved.stdout).unwrap();
    assert_eq!(
        (&moved["rows"], &moved["sha256"]),
        (&before["rows"], &before["sha256"])
    );
    assert!(place.data().join("moved-1.backup").exists());
    let again = String::from_utf8(place.run(&to).stderr).unwrap();
    assert!(again.contains("already"), "{again}");

    // Everybody is there, and what ran on the file runs on the database.
    assert_eq!(backup_of(&place, "after.backup")["sha256"], before["sha256"]);
    std::fs::remove_file(place.data().join("homeport.db")).unwrap();
    let list = String::from_utf8(place.run("user list").stdout).unwrap();
    assert!(list.contains("alice@localhost"), "{list}");
    place.up(&[]).await;
}

#[tokio::test]
async fn a_backup_is_restored_into_a_new_folder_and_into_nothing_else() {
    let server = Server::start().await;
    let place = Place::new(&server);
    let file = place.password_file();
    place
        .up(&[
            "--store",
            &place.url,
            "--store-password-file",
            text(&file),
            "--demo",
        ])
        .await;
    let made = backup_of(&place, "monday.backup");
    let backup = place.folder.path().join("monday.backup");
    let again = String::from_utf8(place.run(&format!("backup {}", text(&backup))).stderr).unwrap();
    assert!(again.contains("is there already"), "{again}");

    let elsewhere = Place::new(&server);
    let restored = elsewhere.run(&format!("restore {} --json", text(&backup)));
    assert!(restored.status.success(), "{restored:?}");
    let restored: serde_json::Value = serde_json::from_slice(&restored.stdout).unwrap();
    assert_eq!(restored["sha256"], made["sha256"]);
    elsewhere.up(&[]).await;
    let list = String::from_utf8(elsewhere.run("user list").stdout).unwrap();
    assert!(list.contains("alice@localhost"), "{list}");

    let refused = elsewhere.run(&format!("restore {}", text(&backup)));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        refused.status.code() == Some(1) && said.contains("is not empty"),
        "{said}"
    );
    let octets = std::fs::read(&backup).unwrap();
    std::fs::write(&backup, &octets[..octets.len() / 2]).unwrap();
    let third = Place::new(&server);
    let refused = third.run(&format!("restore {}", text(&backup)));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        refused.status.code() == Some(1) && said.contains("nothing was restored"),
        "{said}"
    );
}

#[test]
fn a_topology_that_wants_a_database_asks_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let lab = include_str!("../../topologies/lab.toml").replace("store = \"sqlite\"", "store = \"postgres\"");
    let topology = folder.path().join("mine.toml");
    std::fs::write(&topology, lab).unwrap();
    let output = Command::new(HOMEPORT)
        .args(["up", text(&topology), "--data"])
        .arg(folder.path().join("data"))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("say where with --store postgres://"), "{said}");
}
