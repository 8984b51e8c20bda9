//! How many small frames one link carries: both ends in this process, over loopback TCP.
//!
//! `cargo run --release -p proto --example frames [callers] [seconds] [served]`, where `served` is `at-once`
//! (the default) or `elsewhere`: by another task, as a home server's shards do. A call is two frames.
#![allow(clippy::print_stdout, reason = "its figures are what it is for")]

use async_trait::async_trait;
use proto::links::Io;
use proto::{Answer, Asker, Call, Connect, Link, LinkServer, Links, Op, Peer, Refusal, Role, Serve, Spawn};
use rvp::{Principal, SubscriptionId};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tonic::transport::Server;

/// As a home server's link listener has it.
const WINDOW_BYTES: u32 = 4 * 1024 * 1024;
/// Calls that may wait for the task that answers them.
const MAILBOX_MAX: usize = 8_192;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let callers: usize = arguments.next().map_or(Ok(256), |text| text.parse())?;
    let seconds: u64 = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let serve: Arc<dyn Serve> = match arguments.next().as_deref() {
        None | Some("at-once") => Arc::new(AtOnce),
        Some("elsewhere") => Arc::new(Elsewhere::start()),
        Some(other) => return Err(format!("{other}: say `at-once` or `elsewhere`").into()),
    };
    let link = link(serve).await?;
    measure(&link, callers, Duration::from_secs(1)).await?;
    let (began, cpu) = (Instant::now(), cpu_seconds()?);
    let calls = measure(&link, callers, Duration::from_secs(seconds)).await?;
    let (elapsed, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
    let count = f64::from(u32::try_from(calls)?);
    println!("callers        {callers:>12}");
    println!("calls/s        {:>12.0}", count / elapsed);
    println!("frames/s       {:>12.0}", 2.0 * count / elapsed);
    println!("CPU seconds    {cpu:>12.2}  ({:.2} cores)", cpu / elapsed);
    println!("CPU µs/call    {:>12.2}", cpu * 1e6 / count);
    Ok(())
}

/// Has `callers` call one after another for some time; returns how many calls were answered.
async fn measure(link: &Link, callers: usize, time: Duration) -> Result<u64, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let principal = Principal::from_address("maxb@im.example.com")?;
    let call = Call {
        deadline: Duration::from_secs(10),
        epoch: 1,
        trace: None,
        op: Op::CallBackLost {
            principal,
            login: SubscriptionId::new(7).ok_or("7 is an id")?,
        },
    };
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (link, call) = (link.clone(), call.clone());
            let stop = Arc::clone(&stop);
            spawn(async move {
                let mut count = 0_u64;
                while !stop.load(Ordering::Relaxed) {
                    match link.call(call.clone()).await {
                        Ok(Ok(Answer::Done)) => count += 1,
                        other => return Err(format!("{other:?}")),
                    }
                }
                Ok(count)
            })
        })
        .collect();
    tokio::time::sleep(time).await;
    stop.store(true, Ordering::Relaxed);
    let mut answered = 0;
    for task in tasks {
        answered += task.await??;
    }
    Ok(answered)
}

/// A link over loopback TCP to a home that answers with `serve`.
async fn link(serve: Arc<dyn Serve>) -> Result<Link, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let start: Spawn = Arc::new(|link| drop(spawn(link)));
    let home = LinkServer::new(
        Peer {
            name: "home".into(),
            role: Role::Home,
        },
        serve,
        Arc::clone(&start),
    );
    drop(spawn(async move {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Server::builder()
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES)
            .add_service(home.into_service())
            .serve_with_incoming(tokio_stream::once(Ok::<_, io::Error>(stream)))
            .await?;
        Ok::<_, Failure>(())
    }));
    let me = Peer {
        name: "router".into(),
        role: Role::Router,
    };
    Ok(Links::new(me, Arc::new(Loopback), Arc::new(AtOnce), start)
        .to(&address)
        .await?)
}

#[allow(clippy::disallowed_methods, reason = "these tasks end with the process")]
fn spawn<F>(task: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    tokio::spawn(task)
}

struct Loopback;

#[async_trait]
impl Connect for Loopback {
    async fn connect(&self, address: &str) -> io::Result<Box<dyn Io>> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }
}

struct AtOnce;

#[async_trait]
impl Serve for AtOnce {
    async fn serve(&self, _: Asker, _: Call) -> Result<Answer, Refusal> {
        Ok(Answer::Done)
    }
}

/// Hands every call to one other task and waits for its answer.
struct Elsewhere {
    mailbox: mpsc::Sender<(Call, oneshot::Sender<Answer>)>,
}

impl Elsewhere {
    fn start() -> Self {
        let (mailbox, mut asked) = mpsc::channel::<(Call, oneshot::Sender<Answer>)>(MAILBOX_MAX);
        drop(spawn(async move {
            while let Some((_, reply)) = asked.recv().await {
                // The caller may have given up.
                let _ = reply.send(Answer::Done);
            }
        }));
        Self { mailbox }
    }
}

#[async_trait]
impl Serve for Elsewhere {
    async fn serve(&self, _: Asker, call: Call) -> Result<Answer, Refusal> {
        let (reply, answered) = oneshot::channel();
        self.mailbox
            .try_send((call, reply))
            .map_err(|_| Refusal::Fault(rvp::Fault::Busy))?;
        answered
            .await
            .map_err(|_| Refusal::Fault(rvp::Fault::Unavailable))
    }
}

/// CPU time of this process, user and system, in all its threads.
fn cpu_seconds() -> Result<f64, Failure> {
    // In units of a hundredth of a second on every Linux.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The second field is the program's name in parentheses and may hold anything.
    let (_, fields) = stat.rsplit_once(')').ok_or("no program name in stat")?;
    // `fields` begins with the third: user time is the 14th, system time the 15th.
    let mut times = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    let user = times.next().ok_or("no user time in stat")??;
    let system = times.next().ok_or("no system time in stat")??;
    Ok((user + system) / TICKS_PER_SECOND)
}
