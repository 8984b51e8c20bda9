//! The floor: what a bare handler of POST and a bare stream of gRPC cost on this machine, in this run. Beside them every
//! figure is a ratio that another machine has as well.
//!
//! Both are served by a process of its own, so that what their clients cost is not counted. It has one thread, and one of
//! them after the other is kept busy.

mod post;
mod stream;

use crate::Error;
use crate::processes::Process;
use bytes::Bytes;
use daemon::{OnError, Tasks};
use serde::Serialize;
use std::io;
use std::net::Ipv4Addr;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Connections that ask as fast as they are answered.
const CONNECTIONS: usize = 32;
/// Before it is measured.
const WARM_UP: Duration = Duration::from_millis(300);
/// While it is measured. A stream carries many times what a handler answers.
const POSTS_MEASURED: Duration = Duration::from_millis(1_500);
const STREAM_MEASURED: Duration = Duration::from_millis(700);
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);
/// As long as a message's frame.
const BODY: &[u8] = &[b'x'; 128];

/// Microseconds of processor time.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Floor {
    /// Of a bare handler of POST, in the same run.
    #[serde(rename = "floor_cpu_us")]
    pub post: f64,
    /// Of a message that comes on a bare stream of gRPC and goes back, in the same run.
    #[serde(rename = "floor_stream_cpu_us")]
    pub stream: f64,
}

impl Floor {
    /// As people read it.
    pub(crate) fn row(&self) -> (String, String) {
        let Self { post, stream } = self;
        let shown =
            format!("{post:.2} µs of CPU for a bare POST, {stream:.2} for a message on a bare stream");
        ("floor".to_owned(), shown)
    }
}

/// Serves what is measured, until standard input ends. `tell` is told where, in a line for [`measure`].
///
/// # Errors
/// When it cannot listen.
pub async fn serve(tell: impl FnOnce(&str)) -> Result<(), Error> {
    let failed = |source| Error::System {
        what: "serve the floor",
        source,
    };
    let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let (posts, streams) = (listen().await.map_err(failed)?, listen().await.map_err(failed)?);
    let port = |listener: &TcpListener| listener.local_addr().map(|address| address.port());
    let ports = (port(&posts).map_err(failed)?, port(&streams).map_err(failed)?);
    tell(&format!("{} {}", ports.0, ports.1));
    let ended = CancellationToken::new();
    let ending = async {
        // Whoever started it is gone, or has enough.
        let mut input = tokio::io::stdin();
        while !matches!(input.read(&mut [0; 64]).await, Ok(0) | Err(_)) {}
        ended.cancel();
        Ok(())
    };
    let streaming = async {
        let served = stream::serve(streams, ended.cancelled()).await;
        served.map_err(io::Error::other)
    };
    let posting = post::serve(posts, ended.clone().cancelled_owned());
    let served = futures_util::future::try_join3(ending, posting, streaming).await;
    served.map(|_| ()).map_err(failed)
}

/// What both cost, measured at the process that the command starts: one that calls [`serve`] and prints what it is told.
///
/// # Errors
/// [`Error::Floor`].
pub async fn measure(mut command: Command, tasks: &Tasks) -> Result<Floor, Error> {
    let started = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let mut child = started.map_err(|error| Error::Floor(format!("it cannot be started: {error}")))?;
    let measured = Box::pin(measured(&mut child, tasks)).await;
    drop(child.stdin.take());
    let _ = child.start_kill();
    let _ = timeout(PATIENCE, child.wait()).await;
    measured
}

async fn measured(child: &mut Child, tasks: &Tasks) -> Result<Floor, Error> {
    let wrong = |what: &str| Error::Floor(what.to_owned());
    let pid = child.id().ok_or_else(|| wrong("it ended at once"))?;
    let output = child.stdout.take().ok_or_else(|| wrong("it says nothing"))?;
    let mut line = String::new();
    let mut output = BufReader::new(output);
    // A line that does not come is one that says nothing.
    let _ = timeout(PATIENCE, output.read_line(&mut line)).await;
    let ports = line.trim().split_once(' ');
    let ports = ports.and_then(|(posts, streams)| Some((posts.parse().ok()?, streams.parse().ok()?)));
    let (posts, streams) = ports.ok_or_else(|| wrong("it does not say where it listens"))?;
    let process = Process::of(pid).map_err(|error| Error::Floor(error.to_string()))?;
    let busy = Busy {
        process: &process,
        tasks,
        done: Arc::default(),
    };
    let body = Bytes::from_static(BODY);
    let clients = (0..CONNECTIONS).map(|_| {
        let (body, answered) = (body.clone(), Arc::clone(&busy.done));
        async move { post::keep_asking(posts, body, &answered).await }
    });
    let post = busy.cost(clients, POSTS_MEASURED).await?;
    let came_back = Arc::clone(&busy.done);
    let client = async move { stream::keep_sending(streams, body, &came_back).await };
    let stream = busy.cost([client], STREAM_MEASURED).await?;
    Ok(Floor { post, stream })
}

/// A process that is kept busy.
struct Busy<'a> {
    process: &'a Process,
    tasks: &'a Tasks,
    /// What it has done.
    done: Arc<AtomicU64>,
}

impl Busy<'_> {
    /// Microseconds of each thing that is done for these clients, who count them and end afterwards.
    async fn cost<C>(&self, clients: impl IntoIterator<Item = C>, time: Duration) -> Result<f64, Error>
    where
        C: Future<Output = ()> + Send + 'static,
    {
        let stop = self.tasks.cancelled().child_token();
        let _stops = stop.clone().drop_guard();
        for client in clients {
            let stop = stop.clone();
            self.tasks.spawn("floor", OnError::Log, async move {
                stop.run_until_cancelled(client).await;
                Ok(())
            });
        }
        sleep(WARM_UP).await;
        let (cpu, count) = self.now()?;
        sleep(time).await;
        let (used, counted) = self.now()?;
        match counted - count {
            0 => Err(Error::Floor("it answers nothing".to_owned())),
            counted => Ok((used - cpu) * 1e6 / counted as f64),
        }
    }

    fn now(&self) -> Result<(f64, u64), Error> {
        let used = self.process.used();
        let used = used.map_err(|error| Error::Floor(error.to_string()))?;
        Ok((used.cpu, self.done.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_does_not_say_where_it_listens_is_no_floor() {
        let tasks = Tasks::new();
        for says in ["no ports", "80"] {
            let mut command = Command::new("echo");
            command.arg(says);
            let said = measure(command, &tasks).await.unwrap_err().to_string();
            assert!(said.contains("where it listens"), "{said}");
        }
        let missing = measure(Command::new("/no/such/program"), &tasks).await;
        assert!(missing.unwrap_err().to_string().contains("cannot be started"));
    }

    #[tokio::test]
    async fn what_is_sent_on_the_stream_comes_back_as_often_as_it_is_sent() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (ended, came_back) = (CancellationToken::new(), AtomicU64::new(0));
        let client = async {
            let body = Bytes::from_static(BODY);
            let sending = stream::keep_sending(port, body, &came_back);
            let enough = async {
                while came_back.load(Ordering::Relaxed) < 10_000 {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                () = sending => panic!("the stream ended"),
                () = enough => ended.cancel(),
            }
        };
        let served = async { stream::serve(listener, ended.cancelled()).await.unwrap() };
        let both = futures_util::future::join(served, client);
        timeout(PATIENCE, both).await.unwrap();
    }
}
