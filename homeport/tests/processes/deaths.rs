//! Processes that die, and what stays.

use super::run::{Process, Run, folder, log_on, signal};

#[tokio::test]
async fn a_home_server_that_is_killed_is_reported_and_all_others_stay() {
    let data = folder();
    let mut run = Run::start(data.path(), &["--processes", "--json"]);
    let (processes, address) = run.ready().await;
    let killed = &processes["home-2"];
    killed.kill();
    let said = run.json().await;
    let log = data.path().join("log/home-2.log").display().to_string();
    let died = serde_json::json!({ "died": {
        "name": "home-2", "role": "home server", "pid": killed.pid,
        "exit_code": null, "signal": 9, "log": log,
    }});
    assert_eq!(said, died);
    let said = run.says("home-2").await;
    for part in [&killed.pid.to_string(), "SIGKILL", &log, "--restart"] {
        assert!(said.contains(part), "{part} is missing: {said}");
    }
    for name in ["etcd", "router-1", "home-1"] {
        assert!(processes[name].runs(), "{name} stays");
    }
    assert_eq!(log_on(address).await, Some(401));
    let (status, said) = run.end("TERM").await;
    assert!(status.success(), "{status}: {said:#?}");
    assert!(processes.values().all(|process| !process.runs()));
}

#[tokio::test]
async fn what_dies_is_started_again_if_that_is_wanted() {
    let data = folder();
    let mut run = Run::start(data.path(), &["--processes", "--json", "--restart"]);
    let (mut processes, _) = run.ready().await;
    for name in ["home-1", "etcd", "router-1"] {
        let killed = processes[name].clone();
        killed.kill();
        let died = run.json().await;
        assert_eq!(died["died"]["name"], name);
        let said = run.json().await;
        let (again, process) = Process::of(&said["restarted"]);
        assert_eq!((again.as_str(), &process.role), (name, &killed.role));
        assert_ne!(process.pid, killed.pid);
        processes.insert(again, process);
    }
    for name in ["home-1", "home-2", "router-1"] {
        processes[name].is_ready().await;
    }
    assert_eq!(log_on(processes["router-1"].address("rvp")).await, Some(401));
    let (status, said) = run.end("TERM").await;
    assert!(status.success(), "{status}: {said:#?}");
    assert!(processes.values().all(|process| !process.runs()));
}

#[tokio::test]
async fn who_is_asked_to_end_is_not_started_again() {
    let data = folder();
    let mut run = Run::start(data.path(), &["--processes", "--json", "--restart"]);
    let (processes, _) = run.ready().await;
    signal(processes["home-2"].pid, "TERM");
    let ended = run.json().await;
    let ended = &ended["died"];
    assert_eq!(
        (&ended["name"], &ended["exit_code"]),
        (&"home-2".into(), &0.into())
    );
    run.says("ended as if it was asked to").await;
    // What dies later would be started again later.
    processes["router-1"].kill();
    assert_eq!(run.json().await["died"]["name"], "router-1");
    assert_eq!(run.json().await["restarted"]["name"], "router-1");
    let (status, said) = run.end("TERM").await;
    assert!(status.success(), "{status}: {said:#?}");
}

#[tokio::test]
async fn with_nothing_left_it_ends_and_says_so() {
    let data = folder();
    let mut run = Run::start(data.path(), &["--processes", "--json"]);
    let (processes, _) = run.ready().await;
    processes.values().for_each(Process::kill);
    let (status, said) = run.ended().await;
    assert_eq!(status.code(), Some(1), "{said:#?}");
    assert!(
        said.iter().any(|line| line.contains("no process is left")),
        "{said:#?}"
    );
}

#[tokio::test]
async fn nothing_is_left_when_the_one_that_started_it_is_killed() {
    let data = folder();
    let mut run = Run::start(data.path(), &["--processes", "--json"]);
    let (processes, _) = run.ready().await;
    // A process that is held does not end by itself.
    signal(processes["home-1"].pid, "STOP");
    signal(run.pid(), "KILL");
    run.ended().await;
    for process in processes.values() {
        process.is_gone().await;
    }
    // And it can be started again on what is left.
    let mut run = Run::start(data.path(), &["--processes", "--json"]);
    run.says("did not end in order").await;
    let (_, address) = run.ready().await;
    assert_eq!(log_on(address).await, Some(401));
}

#[tokio::test]
async fn a_second_signal_ends_all_at_once() {
    let data = folder();
    let mut run = Run::start(data.path(), &["enterprise", "--processes", "--json"]);
    let (processes, _) = run.ready().await;
    // One that is held does not let the drain come to an end.
    signal(processes["router-1"].pid, "STOP");
    signal(run.pid(), "TERM");
    processes["router-2"].is_gone().await;
    assert!(processes["home-1"].runs(), "routers go first, all of them");
    signal(run.pid(), "INT");
    let (status, said) = run.ended().await;
    assert_eq!(status.code(), Some(130), "{said:#?}");
    for process in processes.values() {
        process.is_gone().await;
    }
}
