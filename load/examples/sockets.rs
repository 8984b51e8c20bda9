//! What sockets alone cost: a relay that passes frames of 64 octets on between 900 connections, without HTTP, TLS, JSON or
//! XML, without a second process behind it, and without remembering anything. No server of attachments on this system can
//! take less, unless it does without a socket for each client.
//!
//!     cargo run --release -p load --example sockets
//!
//! A message is as many frames as one between attached clients: to the relay, to its recipient, the acknowledgement, and the
//! answer. One by a call-back is handed over on a connection of its own, as clients of RVP want it: the relay connects, writes
//! the frame, reads one, closes, and answers the sender. A change is one frame to each of a hundred. Processor time is that of the relay, a process of its own with one
//! thread; the floor is measured in the same run. Everything runs on loopback and stops by itself.
#![allow(clippy::print_stdout, reason = "what it measured is its output")]
#![allow(
    clippy::disallowed_methods,
    reason = "a measuring program joins what it starts"
)]
#![expect(clippy::unwrap_used, reason = "what cannot be measured is not measured")]

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until};

const FRAME_BYTES: usize = 64;
const CONNECTIONS: u16 = 900;
const WATCHERS: u16 = 100;
const UNDER_WAY: usize = 256;
const CALLED_BACK: usize = 64;
const MEASURED: Duration = Duration::from_secs(5);

const MESSAGE: u8 = b'm';
const ACKNOWLEDGEMENT: u8 = b'a';
const ANSWER: u8 = b'd';
const CHANGE: u8 = b'c';
const CALL_BACK: u8 = b'b';

/// What it is, and whom it is for on its way to the relay, or from on its way back.
fn frame(kind: u8, other: u16) -> [u8; FRAME_BYTES] {
    let mut frame = [b'x'; FRAME_BYTES];
    frame[0] = kind;
    frame[1..3].copy_from_slice(&other.to_be_bytes());
    frame
}

fn read(frame: &[u8]) -> (u8, u16) {
    (frame[0], u16::from_be_bytes([frame[1], frame[2]]))
}

/// Small enough that a socket with room for nothing else takes it.
fn write(stream: &OwnedWriteHalf, kind: u8, other: u16) {
    assert_eq!(stream.try_write(&frame(kind, other)).unwrap(), FRAME_BYTES);
}

/// Hands each frame that comes to `take`, until the connection ends.
async fn each_frame(mut stream: OwnedReadHalf, mut take: impl FnMut(u8, u16)) {
    let (mut buffer, mut length) = ([0; 16 * FRAME_BYTES], 0);
    while let Ok(read_now @ 1..) = stream.read(&mut buffer[length..]).await {
        length += read_now;
        let whole = length - length % FRAME_BYTES;
        for frame in buffer[..whole].chunks(FRAME_BYTES) {
            let (kind, other) = read(frame);
            take(kind, other);
        }
        buffer.copy_within(whole..length, 0);
        length -= whole;
    }
}

/// Hands a frame over where a client listens.
async fn call_back(port: u16, me: u16) {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    stream.write_all(&frame(MESSAGE, me)).await.unwrap();
    stream.read_exact(&mut [0; FRAME_BYTES]).await.unwrap();
}

/// Where clients are called back: one frame is read and answered on each connection.
async fn listen(listener: TcpListener) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::spawn(async move {
            stream.read_exact(&mut [0; FRAME_BYTES]).await.unwrap();
            stream.write_all(&frame(ACKNOWLEDGEMENT, 0)).await.unwrap();
            // The relay closes first.
            let _ = stream.read(&mut [0]).await;
        });
    }
}

/// The relay, until it is ended. Call-backs go to this port.
async fn relay(called_back: u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    let clients: Arc<Mutex<Vec<Arc<OwnedWriteHalf>>>> = Arc::default();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (reading, stream) = stream.into_split();
        let stream = Arc::new(stream);
        let me = {
            let mut all = clients.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(stream);
            u16::try_from(all.len() - 1).unwrap()
        };
        let clients = Arc::clone(&clients);
        tokio::spawn(async move {
            let to = |other: u16| {
                let all = clients.lock().unwrap_or_else(PoisonError::into_inner);
                Arc::clone(&all[usize::from(other % CONNECTIONS)])
            };
            each_frame(reading, |kind, other| match kind {
                MESSAGE => write(&to(other), MESSAGE, me),
                CALL_BACK => {
                    let sender = to(me);
                    tokio::spawn(async move {
                        call_back(called_back, me).await;
                        write(&sender, ANSWER, other);
                    });
                }
                ACKNOWLEDGEMENT => write(&to(other), ANSWER, me),
                _ => (1..=WATCHERS).for_each(|next| write(&to(me + next), CHANGE, me)),
            })
            .await;
        });
    }
}

/// The clients, and the relay between them.
struct Stage {
    relay: Child,
    clients: Vec<Arc<OwnedWriteHalf>>,
    done: Arc<AtomicU64>,
    room: Arc<Semaphore>,
}

impl Stage {
    async fn begin() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        tokio::spawn(listen(listener));
        let mut relay = Command::new(std::env::current_exe().unwrap());
        let relay = relay.args(["relay", &port]).stdout(Stdio::piped());
        let mut relay = relay.spawn().unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(relay.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, line.trim().parse().unwrap()));
        let (done, room) = (Arc::new(AtomicU64::new(0)), Arc::new(Semaphore::new(0)));
        let mut clients = Vec::new();
        for _ in 0..CONNECTIONS {
            let stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (reading, stream) = stream.into_split();
            let stream = Arc::new(stream);
            clients.push(Arc::clone(&stream));
            let (done, room) = (Arc::clone(&done), Arc::clone(&room));
            tokio::spawn(async move {
                each_frame(reading, |kind, other| match kind {
                    MESSAGE => write(&stream, ACKNOWLEDGEMENT, other),
                    _ => {
                        done.fetch_add(1, Ordering::Relaxed);
                        room.add_permits(usize::from(kind == ANSWER));
                    }
                })
                .await;
            });
        }
        Self {
            relay,
            clients,
            done,
            room,
        }
    }

    /// Nanoseconds of processor time that the relay has used. It has one thread.
    fn used(&self) -> u64 {
        let used = std::fs::read_to_string(format!("/proc/{}/schedstat", self.relay.id())).unwrap();
        used.split(' ').next().unwrap().parse().unwrap()
    }

    /// Says a frame from each in turn, so many a second or whenever one is answered, and what the relay takes for what comes
    /// of it.
    async fn measure(&self, kind: u8, rate: Option<u32>) -> (f64, f64) {
        // What came at a rate has given back what it had not taken.
        self.room.forget_permits(Semaphore::MAX_PERMITS);
        self.room.add_permits(match kind {
            CALL_BACK => CALLED_BACK,
            _ => UNDER_WAY,
        });
        let (start, used, done) = (Instant::now(), self.used(), self.done.load(Ordering::Relaxed));
        let mut said = 0;
        while start.elapsed() < MEASURED {
            match rate {
                Some(rate) => sleep_until(start + Duration::from_secs(1) * said / rate).await,
                None => self.room.acquire().await.unwrap().forget(),
            }
            let me = u16::try_from(said % u32::from(CONNECTIONS)).unwrap();
            let other = (me + CONNECTIONS / 2) % CONNECTIONS;
            write(&self.clients[usize::from(me)], kind, other);
            said += 1;
        }
        let took = start.elapsed().as_secs_f64();
        sleep(Duration::from_millis(200)).await;
        let done = (self.done.load(Ordering::Relaxed) - done) as f64;
        ((self.used() - used) as f64 / 1e3 / done, done / took)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.relay.kill();
        let _ = self.relay.wait();
    }
}

async fn measure() {
    let tasks = daemon::Tasks::new();
    let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
    command.arg("floor");
    let load::floor::Floor { post, stream } = load::floor::measure(command, &tasks).await.unwrap();
    println!("a bare POST: {post:.1} us; a message on a bare stream of gRPC: {stream:.2} us");
    let stage = Stage::begin().await;
    let all = [
        ("a message, as fast as it goes", MESSAGE, None),
        ("a message, 1,000 a second", MESSAGE, Some(1_000)),
        ("a message by a call-back, as fast as it goes", CALL_BACK, None),
        ("a change for each of 100, 20 a second", CHANGE, Some(20)),
        ("a change for each of 100, 150 a second", CHANGE, Some(150)),
    ];
    for (what, kind, rate) in all {
        let (used, per_second) = stage.measure(kind, rate).await;
        println!(
            "{what}: {used:.1} us, {:.2} floors, {per_second:.0}/s",
            used / post
        );
    }
}

fn main() {
    // One thread, as the floor has.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    match std::env::args().nth(1).as_deref() {
        Some("relay") => {
            let port = std::env::args().nth(2).unwrap().parse().unwrap();
            runtime.block_on(relay(port));
        }
        Some("floor") => runtime
            .block_on(load::floor::serve(|ports| println!("{ports}")))
            .unwrap(),
        _ => runtime.block_on(measure()),
    }
}
