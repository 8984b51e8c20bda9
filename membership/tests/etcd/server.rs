//! Real etcds on loopback, each with a folder and ports of its own, ended with the test.

#[path = "../../../tests/harness/processes/ports.rs"]
mod ports;

use etcd_client::Client;
use membership::{EtcdConfig, EtcdMembership, Membership, Spawn};
use ports::Reserved;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinSet;

/// Longer than anything takes here; only what is broken is waited for that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// One member of an etcd.
pub(crate) struct Server {
    arguments: Vec<String>,
    endpoint: String,
    folder: TempDir,
    child: Option<Child>,
    /// Its ports, also while it does not run.
    _ports: [Reserved; 2],
}

impl Server {
    /// An etcd of one member that answers.
    pub(crate) async fn start() -> Self {
        Self::cluster(1).await.remove(0)
    }

    /// An etcd of some members that answers.
    pub(crate) async fn cluster(count: usize) -> Vec<Self> {
        Self::cluster_with(count, &[]).await
    }

    /// The same with further arguments.
    pub(crate) async fn cluster_with(count: usize, further: &[String]) -> Vec<Self> {
        let mut servers = servers(count, further);
        servers.iter_mut().for_each(Self::run);
        if further.is_empty() {
            let answered = tokio::time::timeout(PATIENCE, servers[0].answered());
            answered.await.expect("an etcd that runs answers");
        }
        servers
    }

    /// Starts it, also again: with the data it had.
    pub(crate) fn run(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .unwrap();
        let mut command = Command::new(binary());
        command
            .args(&self.arguments)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        if cfg!(target_arch = "aarch64") {
            command.env("ETCD_UNSUPPORTED_ARCH", "arm64");
        }
        self.child = Some(command.spawn().expect("etcd can be run"));
    }

    /// Ends it at once, as a power cut would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Loses all that it kept, as a new disk would.
    pub(crate) fn wipe(&self) {
        std::fs::remove_dir_all(self.folder.path().join("data")).unwrap();
    }

    /// Holds it in the middle of whatever it does; its connections stay.
    pub(crate) fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub(crate) fn go_on(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.as_ref().expect("it runs").id();
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{signal} {pid}")])
            .status();
        assert!(sent.unwrap().success());
    }

    /// Where clients find it.
    pub(crate) fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    /// A client for what the tests do behind a membership's back.
    pub(crate) async fn client(&self) -> Client {
        Client::connect([self.endpoint()], None).await.unwrap()
    }

    /// Waits until it answers.
    async fn answered(&mut self) {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        loop {
            tick.tick().await;
            if let Some(child) = &mut self.child
                && let Some(status) = child.try_wait().unwrap()
            {
                let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
                panic!("etcd has ended with {status}:\n{log}");
            }
            let mut client = self.client().await;
            let read = tokio::time::timeout(Duration::from_secs(1), client.get("any", None));
            if matches!(read.await, Ok(Ok(_))) {
                return;
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn servers(count: usize, further: &[String]) -> Vec<Server> {
    let scheme = if further.is_empty() { "http" } else { "https" };
    let reserved = || Reserved::new().expect("there are ports");
    let ports: Vec<_> = (0..count).map(|_| [reserved(), reserved()]).collect();
    let peer_url = |peer: &Reserved| format!("http://{}", peer.address());
    let peers: Vec<_> = (0..)
        .zip(&ports)
        .map(|(n, [_, peer])| format!("etcd-{n}={}", peer_url(peer)))
        .collect();
    let server = |(n, ports): (usize, [Reserved; 2])| {
        let folder = folder();
        let [client, peer] = &ports;
        let (client, peer) = (format!("{scheme}://{}", client.address()), peer_url(peer));
        let data = folder.path().join("data").to_string_lossy().into_owned();
        let arguments = [
            ("name", format!("etcd-{n}")),
            ("data-dir", data),
            ("listen-client-urls", client.clone()),
            ("advertise-client-urls", client.clone()),
            ("listen-peer-urls", peer.clone()),
            ("initial-advertise-peer-urls", peer),
            ("initial-cluster", peers.join(",")),
            ("heartbeat-interval", "50".into()),
            ("election-timeout", "500".into()),
        ];
        let arguments = arguments.iter().map(|(name, value)| format!("--{name}={value}"));
        Server {
            arguments: arguments.chain(further.iter().cloned()).collect(),
            endpoint: client,
            folder,
            child: None,
            _ports: ports,
        }
    };
    ports.into_iter().enumerate().map(server).collect()
}

/// In memory where possible: a busy disk makes etcd elect anew.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir()
        && let Ok(folder) = TempDir::new_in(memory)
    {
        return folder;
    }
    TempDir::new().unwrap()
}

fn binary() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/bin".into(), "/usr/sbin".into(), "/usr/local/bin".into()]);
    let found = folders
        .into_iter()
        .map(|folder| folder.join("etcd"))
        .find(|file| file.is_file());
    found.expect("there is no etcd to test with: install the Debian package etcd-server")
}

/// A process of ours: what it runs in the background ends when this is dropped, as if it had been killed.
pub(crate) struct Process {
    pub(crate) membership: Arc<EtcdMembership>,
    _tasks: Arc<Mutex<JoinSet<()>>>,
}

impl Process {
    /// A process that may not have reached etcd yet.
    pub(crate) fn start(config: EtcdConfig) -> Self {
        let tasks: Arc<Mutex<JoinSet<()>>> = Arc::default();
        let weak = Arc::downgrade(&tasks);
        let spawn: Spawn = Arc::new(move |task| {
            if let Some(tasks) = weak.upgrade() {
                tasks.lock().unwrap().spawn(task);
            }
        });
        let membership = EtcdMembership::start(config, spawn, 7).unwrap();
        Self {
            membership,
            _tasks: tasks,
        }
    }

    /// A process that has reached etcd.
    pub(crate) async fn connected(config: EtcdConfig) -> Self {
        let process = Self::start(config);
        process.becomes_connected(true).await;
        process
    }

    /// Waits until changes arrive, or do not.
    pub(crate) async fn becomes_connected(&self, wanted: bool) {
        let mut connected = self.membership.connected();
        let changed = tokio::time::timeout(PATIENCE, connected.wait_for(|connected| *connected == wanted));
        changed.await.expect("etcd is reached or lost").unwrap();
    }
}
