//! Routers that speak TLS.

use super::certificates;
use super::{HOMEPORT, PATIENCE, count, load, object, run, text};
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// `homeport up` with that certificate, and the port where clients connect.
async fn up(folder: &Path) -> (Child, String) {
    let mut up = Command::new(HOMEPORT);
    up.args(["up", "--listen", "127.0.0.1:0", "--log", "warn", "--data", "data"])
        .args(["--tls-certificate", "im.pem", "--tls-key", "im.key"])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut up = up.spawn().unwrap();
    let mut said = BufReader::new(up.stdout.take().unwrap()).lines();
    let ready = async {
        loop {
            let line = said.next_line().await.unwrap().unwrap();
            if let Some(place) = line.strip_prefix("ready https://127.0.0.1:") {
                return place.to_owned();
            }
        }
    };
    let port = timeout(PATIENCE, ready).await.unwrap();
    (up, port)
}

#[tokio::test]
async fn messages_go_over_tls_to_whom_is_trusted_and_to_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    certificates::certify(folder.path());
    let (_up, port) = up(folder.path()).await;
    let with = |arguments: &str| {
        let arguments = format!("messages --users 4 --rate 20 --seconds 1 --data data --json {arguments}");
        let mut command = load(&arguments);
        command.current_dir(folder.path());
        command
    };
    let here = format!("--make-accounts --tls-ca ca.pem --server https://localhost:{port}");
    for via in ["attachment", "both"] {
        let object = object(&run(with(&format!("{here} --via {via}"))).await);
        assert_eq!(
            (count(&object, "acknowledged"), count(&object, "lost")),
            (20, 0),
            "{via}"
        );
    }
    for (arguments, code, part) in [
        (format!("--server https://localhost:{port}"), 1, "--tls-ca"),
        (
            format!("--server https://127.0.0.1:{port} --tls-ca ca.pem"),
            1,
            "certificate for that name",
        ),
        (
            format!("--server https://localhost:{port} --tls-ca im.key"),
            1,
            "--tls-ca im.key",
        ),
        ("--tls-ca ca.pem".to_owned(), 2, "--server"),
    ] {
        let output = run(with(&arguments)).await;
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments}: {said}");
        assert!(said.contains(part), "{part:?} is missing in {said}");
    }
}
