//! A real etcd on loopback, of one member or of several, with folders and ports of its own.

use super::ports::Reserved;
use crate::wait::until;
use crate::wire::Connection;
use anyhow::{Context, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// What the keys of members begin with.
const MEMBERS: &str = "/homeport/v1/members/";
/// How long one question may take.
const ANSWER_WAIT: Duration = Duration::from_secs(1);

/// The members of an etcd cluster, running or not.
pub struct Etcd {
    members: Vec<Member>,
    folder: TempDir,
}

struct Member {
    client: Reserved,
    peer: Reserved,
    child: Option<Child>,
}

impl Etcd {
    /// A cluster of so many members, none of which runs.
    ///
    /// # Errors
    /// When there are no ports or no folder.
    pub fn new(count: usize) -> anyhow::Result<Self> {
        let member = |_| {
            anyhow::Ok(Member {
                client: Reserved::new()?,
                peer: Reserved::new()?,
                child: None,
            })
        };
        Ok(Self {
            members: (0..count).map(member).collect::<Result<_, _>>()?,
            folder: folder().context("make a folder for etcd")?,
        })
    }

    /// Where clients find it.
    #[must_use]
    pub fn endpoints(&self) -> Vec<String> {
        let url = |member: &Member| format!("http://{}", member.client.address());
        self.members.iter().map(url).collect()
    }

    /// Where the first member is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.members[0].client.address()
    }

    /// Starts the members that do not run, with the data they had, and waits until all of them answer.
    ///
    /// # Errors
    /// When one does not.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        for index in 0..self.members.len() {
            if self.members[index].child.is_none() {
                self.members[index].child = Some(self.run(index)?);
            }
        }
        for index in 0..self.members.len() {
            let address = self.members[index].client.address();
            until(format!("etcd-{index} to answer"), async || {
                let child = &mut self.members[index].child;
                if let Some(status) = child.as_mut().and_then(|child| child.try_wait().transpose()) {
                    let log = std::fs::read_to_string(self.folder.path().join(format!("{index}.log")));
                    bail!("etcd has ended with {}:\n{}", status?, log.unwrap_or_default());
                }
                Ok(range(address).await.ok().map(drop))
            })
            .await?;
        }
        Ok(())
    }

    /// Ends a member at once, as a power cut would.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn kill(&mut self, index: usize) -> anyhow::Result<()> {
        let child = self.members.get_mut(index).and_then(|member| member.child.take());
        let mut child = child.with_context(|| format!("etcd-{index} does not run"))?;
        Ok(child.kill().await?)
    }

    /// The home servers that are members, as etcd has them.
    ///
    /// # Errors
    /// When no member of etcd answers.
    pub async fn homes(&self) -> anyhow::Result<BTreeSet<String>> {
        let mut error = None;
        for member in self.members.iter().filter(|member| member.child.is_some()) {
            match range(member.client.address()).await {
                Ok(homes) => return Ok(homes),
                Err(failed) => error = Some(failed),
            }
        }
        Err(error.context("no etcd runs")?)
    }

    fn run(&self, index: usize) -> anyhow::Result<Child> {
        let url = |reserved: &Reserved| format!("http://{}", reserved.address());
        let member = &self.members[index];
        let all = self.members.iter().enumerate();
        let all: Vec<String> = all
            .map(|(index, member)| format!("etcd-{index}={}", url(&member.peer)))
            .collect();
        let data = self.folder.path().join(format!("{index}"));
        let arguments = [
            ("name", format!("etcd-{index}")),
            ("data-dir", data.to_string_lossy().into_owned()),
            ("listen-client-urls", url(&member.client)),
            ("advertise-client-urls", url(&member.client)),
            ("listen-peer-urls", url(&member.peer)),
            ("initial-advertise-peer-urls", url(&member.peer)),
            ("initial-cluster", all.join(",")),
            ("heartbeat-interval", "50".into()),
            ("election-timeout", "500".into()),
        ];
        let arguments = arguments.map(|(name, value)| format!("--{name}={value}"));
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join(format!("{index}.log")))?;
        let mut command = Command::new(program()?);
        command
            .args(arguments)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        if cfg!(target_arch = "aarch64") {
            command.env("ETCD_UNSUPPORTED_ARCH", "arm64");
        }
        command.spawn().context("run etcd")
    }
}

/// The names of all members, asked as its JSON gateway is.
async fn range(at: SocketAddr) -> anyhow::Result<BTreeSet<String>> {
    // Everything that begins with it: up to the key with the next letter at its end.
    let end = format!("{}0", MEMBERS.trim_end_matches('/'));
    let question = json!({
        "key": STANDARD.encode(MEMBERS),
        "range_end": STANDARD.encode(end),
        "keys_only": true,
    })
    .to_string();
    let asking = async {
        let mut connection = Connection::open(at).await?;
        let head = format!("POST /v3/kv/range HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n");
        let request = format!("{head}Content-Length: {}\r\n\r\n{question}", question.len());
        connection.send(request.as_bytes()).await?;
        connection.read_answer().await
    };
    let answer = tokio::time::timeout(ANSWER_WAIT, asking)
        .await
        .context("etcd does not answer")??;
    ensure!(answer.status == 200, "etcd answers {}", answer.status);
    let answer: Value = serde_json::from_slice(&answer.body)?;
    let found = answer.get("kvs").and_then(Value::as_array).into_iter().flatten();
    found
        .map(|found| {
            let key = found.get("key").and_then(Value::as_str).unwrap_or_default();
            let key = String::from_utf8(STANDARD.decode(key)?)?;
            Ok(key.trim_start_matches(MEMBERS).to_owned())
        })
        .collect()
}

/// In memory where possible: a busy disk makes etcd elect anew.
fn folder() -> std::io::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir()
        && let Ok(folder) = TempDir::new_in(memory)
    {
        return Ok(folder);
    }
    TempDir::new()
}

fn program() -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/bin".into(), "/usr/sbin".into(), "/usr/local/bin".into()]);
    let found = folders
        .into_iter()
        .map(|folder| folder.join("etcd"))
        .find(|file| file.is_file());
    found.context("there is no etcd to test with: install the Debian package etcd-server")
}
