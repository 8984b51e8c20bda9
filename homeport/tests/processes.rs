//! `homeport up --processes` as its users meet it: real processes and a real etcd, killed at will.

#[path = "processes/chats.rs"]
mod chats;
#[path = "processes/deaths.rs"]
mod deaths;
#[path = "processes/load.rs"]
mod load;
#[path = "processes/mistakes.rs"]
mod mistakes;
#[path = "processes/run.rs"]
mod run;
#[path = "chat/script.rs"]
mod script;

use run::{Process, Run, folder, log_on};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn mode(path: &Path) -> u32 {
    let metadata = std::fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    metadata.permissions().mode() & 0o777
}

/// `cluster.toml` says where everything is.
fn finds_its_parts(data: &Path, processes: &BTreeMap<String, Process>) {
    let cluster =
        std::fs::read_to_string(data.join("cluster.toml")).expect("it is there while the cluster runs");
    let etcd = processes["etcd"].address("client");
    assert!(
        cluster.contains(&format!("etcd = [\"http://{etcd}\"]\nprefix = \"/homeport\"\n")),
        "{cluster}"
    );
    let routers = ["router-1", "router-2"].map(|name| format!("\"{}\"", processes[name].address("rvp")));
    assert!(
        cluster.contains(&format!("routers = [{}]\n", routers.join(", "))),
        "{cluster}"
    );
}

#[tokio::test]
async fn every_role_is_a_process_until_the_cluster_is_asked_to_end() {
    let data = folder();
    let arguments = ["enterprise", "--processes", "--json", "--demo"];
    let mut run = Run::start(data.path(), &arguments);
    let (processes, address) = run.ready().await;
    let mut roles: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for process in processes.values() {
        assert_eq!(
            process.group(),
            process.pid,
            "Ctrl-C must not reach it before its turn"
        );
        let program = process.program().file_name().unwrap_or_default().to_owned();
        let program = program.to_string_lossy().into_owned();
        roles.entry(process.role.as_str()).or_default().push(program);
    }
    let programs = |name: &str, count| vec![name.to_owned(); count];
    let expected = [
        ("etcd", programs("etcd", 1)),
        ("home server", programs("homeport-homeserver", 3)),
        ("router", programs("homeport-router", 2)),
    ];
    assert_eq!(roles, BTreeMap::from(expected));
    assert_eq!(processes["router-1"].address("rvp"), address);
    for router in ["router-1", "router-2"] {
        assert_eq!(log_on(processes[router].address("rvp")).await, Some(401));
    }
    for name in [
        "cluster.toml",
        "router.key",
        "settings/router-1.toml",
        "settings/home-3.toml",
    ] {
        assert_eq!(mode(&data.path().join(name)), 0o600, "{name}");
    }
    finds_its_parts(data.path(), &processes);
    let (status, said) = run.end("TERM").await;
    assert!(status.success(), "{status}: {said:#?}");
    assert!(
        !said
            .iter()
            .any(|line| line.contains("WARN") || line.contains("warning")),
        "{said:#?}"
    );
    for (name, process) in &processes {
        assert!(!process.runs(), "{name} is left");
        assert!(
            data.path().join("log").join(format!("{name}.log")).exists(),
            "{name} has a log"
        );
    }
    assert!(
        !data.path().join("cluster.toml").exists(),
        "nothing runs any more"
    );
}

#[tokio::test]
async fn a_table_tells_people_what_runs_where() {
    let data = folder();
    let mut run = Run::start(data.path(), &["--processes", "--demo"]);
    let mut said = Vec::new();
    while let Some(line) = run.line().await {
        said.push(line);
        if said.last().is_some_and(|line| line.starts_with("ready ")) {
            break;
        }
    }
    let row = |name: &str| {
        let row = said.iter().find(|line| line.starts_with(name));
        let row = row.unwrap_or_else(|| panic!("{name} is missing in {said:#?}"));
        row.split("  ")
            .map(str::trim)
            .filter(|cell| !cell.is_empty())
            .collect::<Vec<_>>()
    };
    assert_eq!(row("NAME"), ["NAME", "ROLE", "PID", "ADDRESSES"]);
    assert_eq!((row("etcd")[1], row("router-1")[1]), ("etcd", "router"));
    let home = row("home-2");
    assert_eq!(home[1], "home server");
    assert!(home[2].parse::<u32>().is_ok(), "{home:?}");
    assert!(
        home[3].starts_with("link 127.0.0.1:") && home[4].starts_with("admin 127.0.0.1:"),
        "{home:?}"
    );
    assert_eq!(
        row("alice@127.0.0.1").len(),
        2,
        "a demo account has its password beside it"
    );
    let address = row("router-1")[3].trim_start_matches("rvp ").to_owned();
    assert_eq!(said.last(), Some(&format!("ready http://{address}")));
    run.says("/log/NAME.log").await;
    let (status, _) = run.end("INT").await;
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn two_clusters_in_one_etcd_have_keys_of_their_own() {
    let (data, other) = (folder(), folder());
    let mut run = Run::start(data.path(), &["--processes", "--json"]);
    let (processes, _) = run.ready().await;
    let etcd = format!("http://{}", processes["etcd"].address("client"));
    let mut second = Run::start(other.path(), &["--processes", "--json", "--etcd", &etcd]);
    let (guests, address) = second.ready().await;
    let names: Vec<&str> = guests.keys().map(String::as_str).collect();
    // With the other's home servers among its members it would have refused namesakes.
    assert_eq!(names, ["home-1", "home-2", "router-1"]);
    assert_eq!(log_on(address).await, Some(401));
    let cluster = std::fs::read_to_string(other.path().join("cluster.toml")).unwrap();
    assert!(
        cluster.contains(&etcd) && cluster.contains("prefix = \"/homeport/lab-"),
        "{cluster}"
    );
    for run in [second, run] {
        let (status, said) = run.end("TERM").await;
        assert!(status.success(), "{status}: {said:#?}");
    }
}

#[tokio::test]
async fn a_topology_for_processes_runs_in_one_process_too() {
    let data = folder();
    let mut run = Run::start(data.path(), &["isp"]);
    run.says("it speaks plain HTTP").await;
    run.says("--processes runs it as it is meant").await;
    loop {
        let line = run.line().await.expect("it becomes ready");
        if let Some(address) = line.strip_prefix("ready http://") {
            assert_eq!(log_on(address.parse().unwrap()).await, Some(401));
            break;
        }
    }
    let cluster = std::fs::read_to_string(data.path().join("cluster.toml")).unwrap();
    let addresses = |key: &str| {
        let line = cluster.lines().find_map(|line| line.strip_prefix(key));
        line.map_or(0, |line| line.matches("127.0.0.1:").count())
    };
    assert_eq!(
        (addresses("homes = ["), addresses("routers = [")),
        (3, 3),
        "{cluster}"
    );
    let (status, _) = run.end("TERM").await;
    assert!(status.success(), "{status}");
    assert!(
        !data.path().join("cluster.toml").exists(),
        "nothing runs any more"
    );
}
