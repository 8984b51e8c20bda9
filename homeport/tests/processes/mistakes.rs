//! What cannot be run says why, and what to do.

use super::run::{HOMEPORT, Run, fails, folder, up};
use std::net::TcpListener;
use std::path::Path;
use tokio::process::Command;

#[tokio::test]
async fn options_that_do_not_go_together_are_refused() {
    let data = folder();
    let data = data.path().to_str().unwrap();
    for (arguments, part) in [
        (vec!["--restart"], "--processes"),
        (vec!["--json"], "--processes"),
        (vec!["--etcd", "http://127.0.0.1:2379"], "--processes"),
        (vec!["--processes", "--prefix", "/mine"], "--etcd"),
        (vec!["--processes", "--admin", "127.0.0.1:0"], "--admin"),
        (
            vec!["--processes", "--etcd", "127.0.0.1:2379"],
            "http://HOST:PORT",
        ),
        (
            vec!["--processes", "--etcd", "https://127.0.0.1:2379"],
            "homeport-router",
        ),
    ] {
        let (code, said) = fails(up(&[&arguments[..], &["--data", data]].concat())).await;
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert!(said.contains(part), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_before_anything_is_started() {
    let data = folder();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    let mut command = up(&["--processes", "--listen", &taken, "--data"]);
    command.arg(data.path());
    let (code, said) = fails(command).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&taken) && said.contains("--listen"), "{said}");
    assert!(!data.path().join("log").exists(), "nothing was started");
}

#[tokio::test]
async fn programs_that_are_missing_are_named_with_what_builds_them() {
    let data = folder();
    // A folder on the same disk, with nothing but the one program in it.
    let alone = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let homeport = alone.path().join("homeport");
    std::fs::hard_link(HOMEPORT, &homeport).unwrap();
    let mut command = Command::new(&homeport);
    command
        .args(["up", "--processes", "--data"])
        .arg(data.path())
        .env("PATH", alone.path());
    let (code, said) = fails(command).await;
    assert_eq!(code, Some(1), "{said}");
    for part in ["homeport-router", "cargo build", "-p router -p homeserver"] {
        assert!(said.contains(part), "{said}");
    }
}

#[tokio::test]
async fn a_program_that_ends_at_once_is_shown_with_what_it_said() {
    let data = folder();
    let beside = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    std::fs::hard_link(HOMEPORT, beside.path().join("homeport")).unwrap();
    let built = Path::new(HOMEPORT);
    let router = built.with_file_name("homeport-router");
    std::fs::hard_link(router, beside.path().join("homeport-router")).unwrap();
    // It knows nothing of settings.
    std::os::unix::fs::symlink("/bin/false", beside.path().join("homeport-homeserver")).unwrap();
    let mut command = Command::new(beside.path().join("homeport"));
    command
        .args(["up", "--processes", "--listen", "127.0.0.1:0", "--data"])
        .arg(data.path());
    let (code, said) = fails(command).await;
    assert_eq!(code, Some(1), "{said}");
    for part in [
        "home-",
        "exit status: 1",
        "before everything was ready",
        "/log/home-",
    ] {
        assert!(said.contains(part), "{said}");
    }
}

#[tokio::test]
async fn a_prefix_that_is_none_is_refused_like_any_setting() {
    let data = folder();
    let arguments = [
        "--processes",
        "--listen",
        "127.0.0.1:0",
        "--etcd",
        "http://127.0.0.1:9",
    ];
    let mut command = up(&[&arguments[..], &["--prefix", "mine"]].concat());
    command.arg("--data").arg(data.path());
    let (code, said) = fails(command).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("membership.etcd.prefix") && said.contains("\"mine\""),
        "{said}"
    );
}

#[tokio::test]
async fn while_it_waits_for_an_etcd_that_is_not_there_it_can_be_asked_to_end() {
    let data = folder();
    // Nothing listens on the port of `discard`.
    let arguments = ["--processes", "--json", "--etcd", "http://127.0.0.1:9"];
    let mut run = Run::start(data.path(), &arguments);
    let said = run.json().await;
    assert_eq!(said["processes"].as_array().unwrap().len(), 3, "{said}");
    let (status, said) = run.end("TERM").await;
    assert!(status.success(), "{status}: {said:#?}");
    assert!(
        !data.path().join("cluster.toml").exists(),
        "nothing runs any more"
    );
}
