//! A real PostgreSQL on loopback, with a folder and a port of its own, ended with the test.

use rustix::process::{Pid, Signal, kill_process};
use std::fs::{File, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use store::PostgresConfig;
use tempfile::TempDir;
use tokio::net::TcpSocket;

/// Longer than anything takes here; only what is broken is waited for that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The user of the tests, who may do everything.
const USER: &str = "homeport";
/// The database that is there from the beginning.
const DATABASE: &str = "postgres";
/// What the log says each time it takes connections.
const READY: &str = "ready to accept connections";
/// The password over TCP; the socket asks for none.
pub(crate) const PASSWORD: &str = "n0t a secret";

/// Where a server keeps what, if not all in a folder of its own.
#[derive(Default)]
pub(crate) struct Apart<'a> {
    /// Its data, a folder that is not there yet.
    pub(crate) data: Option<&'a Path>,
    /// Its log of writes, such a folder too, in segments as small as there are.
    pub(crate) wal: Option<&'a Path>,
}

/// A server, running or not. Its data and address stay.
pub(crate) struct Server {
    folder: TempDir,
    data: PathBuf,
    address: SocketAddr,
    /// Bound and never listening, so that the system gives the port to nobody who asks for any, also while the server
    /// is down.
    _holder: TcpSocket,
    /// Settings besides those of every server, in force from the next start.
    pub(crate) further: Vec<String>,
    child: Option<Child>,
}

impl Server {
    /// A server that answers, with an empty database.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with further settings, `NAME=VALUE`. Unless they say otherwise it does not wait for its disk.
    pub(crate) async fn start_with(further: &[&str]) -> Self {
        Self::start_in(&memory(), further).await
    }

    /// The same with its data on the disk of this folder.
    pub(crate) async fn start_in(folder: &Path, further: &[&str]) -> Self {
        Self::start_apart(folder, &Apart::default(), further).await
    }

    /// The same with a part of it elsewhere.
    pub(crate) async fn start_apart(folder: &Path, apart: &Apart<'_>, further: &[&str]) -> Self {
        let folder = folder_in(folder);
        let holder = TcpSocket::new_v4().unwrap();
        holder.set_reuseaddr(true).unwrap();
        holder.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = holder.local_addr().unwrap();
        let data = apart
            .data
            .map_or_else(|| folder.path().join("data"), Path::to_owned);
        let password = folder.path().join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        let mut initdb = command("initdb");
        initdb.arg("-D").arg(&data).arg("--pwfile").arg(&password);
        initdb.args([
            "-U",
            USER,
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ]);
        initdb.args(["--auth-local=trust", "--auth-host=scram-sha-256"]);
        if let Some(wal) = apart.wal {
            initdb.arg("--wal-segsize=1").arg("--waldir").arg(wal);
        }
        let made = initdb.output().expect("initdb can be run");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut server = Self {
            folder,
            data,
            address,
            _holder: holder,
            further: further.iter().map(|&setting| setting.to_owned()).collect(),
            child: None,
        };
        server.run().await;
        server
    }

    /// Starts it, also again with the data it had, and waits until it answers.
    pub(crate) async fn run(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .unwrap();
        let mut postgres = command("postgres");
        postgres.arg("-D").arg(&self.data);
        postgres.arg("-k").arg(self.folder.path());
        postgres.args(["-h", "127.0.0.1", "-p", &self.address.port().to_string()]);
        postgres.args(["-c", "fsync=off", "-c", "shared_buffers=32MB"]);
        for setting in &self.further {
            postgres.args(["-c", setting]);
        }
        postgres.stdout(log.try_clone().unwrap()).stderr(log);
        let before = self.log().matches(READY).count();
        self.child = Some(postgres.spawn().expect("postgres can be run"));
        let ready = tokio::time::timeout(PATIENCE, self.ready(before)).await;
        ready.expect("a PostgreSQL that runs becomes ready");
    }

    async fn ready(&mut self, before: usize) {
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        loop {
            tick.tick().await;
            let log = self.log();
            if log.matches(READY).count() > before {
                return;
            }
            if let Some(status) = self.child.as_mut().unwrap().try_wait().unwrap() {
                panic!("PostgreSQL has ended with {status}:\n{log}");
            }
        }
    }

    /// What it has said since its first start.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// From its next start it offers TLS, with this certificate and the key of it.
    pub(crate) fn offer_tls(&mut self, certificate: &Path, key: &Path) {
        let own = |file: &Path, name: &str| {
            let copy = self.folder.path().join(name);
            std::fs::copy(file, &copy).unwrap();
            std::fs::set_permissions(&copy, Permissions::from_mode(0o600)).unwrap();
            if let Some((user, group)) = unprivileged() {
                chown(&copy, Some(user), Some(group)).unwrap();
            }
            copy.display().to_string()
        };
        let (certificate, key) = (own(certificate, "tls.pem"), own(key, "tls.key"));
        self.further.extend([
            "ssl=on".to_owned(),
            format!("ssl_cert_file={certificate}"),
            format!("ssl_key_file={key}"),
        ]);
    }

    /// Ends it at once, as a power cut would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Not SIGKILL: what it shares with its children would stay.
            let pid = Pid::from_child(&child);
            kill_process(pid, Signal::QUIT).unwrap();
            child.wait().unwrap();
        }
    }

    /// Its first process, of which the others are children.
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Where it is: by its socket, without a password.
    pub(crate) fn config(&self) -> PostgresConfig {
        PostgresConfig {
            url: self.socket_url(DATABASE),
            password: None,
        }
    }

    /// Where a database is, by its socket.
    pub(crate) fn socket_url(&self, database: &str) -> String {
        let folder = self.folder.path().display();
        format!(
            "postgres://{USER}@localhost:{}/{database}?host={folder}",
            self.address.port()
        )
    }

    /// Where it is, over TCP, with a password needed.
    pub(crate) fn tcp_url(&self) -> String {
        format!("postgres://{USER}@{}/{DATABASE}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// In memory where possible.
fn memory() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    }
}

/// A folder that the user may use who runs the server.
fn folder_in(folder: &Path) -> TempDir {
    let folder = TempDir::new_in(folder).unwrap();
    if let Some((user, group)) = unprivileged() {
        chown(folder.path(), Some(user), Some(group)).unwrap();
    }
    folder
}

/// A program of PostgreSQL, with nothing of our environment. It refuses to run as root.
fn command(program: &str) -> Command {
    let mut command = Command::new(find(program));
    command.env_clear().stdin(Stdio::null()).current_dir("/");
    if let Some((user, group)) = unprivileged() {
        command.uid(user).gid(group);
    }
    command
}

/// The user and group to run as, if we are root: those that the package made, or nobody.
fn unprivileged() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let postgres = users.lines().find_map(|line| line.strip_prefix("postgres:"));
    let ids = postgres.and_then(|line| {
        let mut fields = line.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    Some(ids.unwrap_or((65_534, 65_534)))
}

/// Debian keeps the server's programs out of the path, in a folder for each version.
fn find(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    let found = folders
        .into_iter()
        .map(|folder| folder.join(program))
        .find(|file| file.is_file());
    found.expect("there is no PostgreSQL to test with: install the Debian package postgresql")
}
