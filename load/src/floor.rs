//! The floor: what a bare handler of POST costs on this machine, in this run. Beside it every figure is a ratio that
//! another machine has as well.
//!
//! The handler is a process of its own, so that what its clients cost is not counted. It has one thread and is kept
//! busy by connections that stay open.

use crate::Error;
use crate::processes::Process;
use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::time::{sleep, timeout};

/// Connections that ask as fast as they are answered.
const CONNECTIONS: usize = 32;
/// Before it is measured, and while.
const WARM_UP: Duration = Duration::from_millis(300);
const MEASURED: Duration = Duration::from_millis(1_500);
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);
/// As long as a message's frame.
const BODY_BYTES: usize = 128;
const ANSWER: &str = "ok";

/// The handler, until its standard input ends. `tell` is told the port.
///
/// # Errors
/// When it cannot listen.
pub async fn serve(tell: impl FnOnce(u16)) -> Result<(), Error> {
    let failed = |source| Error::System {
        what: "serve the floor",
        source,
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .map_err(failed)?;
    tell(listener.local_addr().map_err(failed)?.port());
    let router = Router::new().route("/", post(async |_body: Bytes| ANSWER));
    let ended = async {
        // Whoever started it is gone, or has enough.
        let mut input = tokio::io::stdin();
        while !matches!(input.read(&mut [0; 64]).await, Ok(0) | Err(_)) {}
    };
    axum::serve(listener, router)
        .with_graceful_shutdown(ended)
        .await
        .map_err(failed)
}

/// Microseconds of processor time of a request, measured at the process that the command starts: one that calls
/// [`serve`] and prints the port.
///
/// # Errors
/// [`Error::Floor`].
pub async fn measure(mut command: Command, tasks: &daemon::Tasks) -> Result<f64, Error> {
    let wrong = |what: &str| Error::Floor(what.to_owned());
    let started = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let mut child = started.map_err(|error| Error::Floor(format!("it cannot be started: {error}")))?;
    let pid = child.id().ok_or_else(|| wrong("it ended at once"))?;
    let output = child.stdout.take().ok_or_else(|| wrong("it says nothing"))?;
    let mut line = String::new();
    let mut output = BufReader::new(output);
    let said = timeout(PATIENCE, output.read_line(&mut line)).await;
    let port: Option<u16> = said
        .ok()
        .and_then(Result::ok)
        .and_then(|_| line.trim().parse().ok());
    let port = port.ok_or_else(|| wrong("it does not say where it listens"))?;
    let answered = Arc::new(AtomicU64::new(0));
    for _ in 0..CONNECTIONS {
        let (answered, cancelled) = (Arc::clone(&answered), tasks.cancelled());
        tasks.spawn("floor", daemon::OnError::Log, async move {
            cancelled.run_until_cancelled(keep_asking(port, &answered)).await;
            Ok(())
        });
    }
    let process = Process::of(pid).map_err(|error| Error::Floor(error.to_string()))?;
    let now = || {
        let used = process.used().map_err(|error| Error::Floor(error.to_string()))?;
        Ok::<_, Error>((used.cpu, answered.load(Ordering::Relaxed)))
    };
    sleep(WARM_UP).await;
    let (cpu, count) = now()?;
    sleep(MEASURED).await;
    let (used, counted) = now()?;
    drop(child.stdin.take());
    let _ = child.start_kill();
    let _ = timeout(PATIENCE, child.wait()).await;
    match counted - count {
        0 => Err(wrong("it answers nothing")),
        counted => Ok((used - cpu) * 1e6 / counted as f64),
    }
}

/// Asks again as soon as it is answered, until the connection ends.
async fn keep_asking(port: u16, answered: &AtomicU64) {
    let Ok(mut stream) = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await else {
        return;
    };
    let _ = stream.set_nodelay(true);
    let request = request();
    let mut buffer = [0; 1_024];
    loop {
        if stream.write_all(&request).await.is_err() {
            return;
        }
        let mut length = 0;
        while !is_answer(&buffer[..length]) {
            match stream.read(&mut buffer[length..]).await {
                Ok(0) | Err(_) => return,
                Ok(read) => length += read,
            }
        }
        answered.fetch_add(1, Ordering::Relaxed);
    }
}

fn request() -> Vec<u8> {
    let head = format!(
        "POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: text/plain\r\ncontent-length: {BODY_BYTES}\r\n\r\n"
    );
    [head.into_bytes(), vec![b'x'; BODY_BYTES]].concat()
}

/// Whether that is the whole answer.
fn is_answer(octets: &[u8]) -> bool {
    octets.ends_with(ANSWER.as_bytes()) && octets.windows(4).any(|four| four == b"\r\n\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_to_its_end() {
        let whole = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        assert!(is_answer(whole));
        assert!((0..whole.len()).all(|length| !is_answer(&whole[..length])));
    }

    #[tokio::test]
    async fn whoever_does_not_say_where_it_listens_is_no_floor() {
        let tasks = daemon::Tasks::new();
        let mut command = Command::new("echo");
        command.arg("no port");
        let said = measure(command, &tasks).await.unwrap_err().to_string();
        assert!(said.contains("where it listens"), "{said}");
        let missing = measure(Command::new("/no/such/program"), &tasks).await;
        assert!(missing.unwrap_err().to_string().contains("cannot be started"));
    }
}
