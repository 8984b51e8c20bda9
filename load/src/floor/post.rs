//! A bare handler of POST.

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const ANSWER: &str = "ok";

/// The handler, until `ended`.
pub(super) async fn serve(
    listener: TcpListener,
    ended: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = Router::new().route("/", post(async |_body: Bytes| ANSWER));
    axum::serve(listener, router).with_graceful_shutdown(ended).await
}

/// Asks again as soon as it is answered, until the connection ends. `answered` counts.
pub(super) async fn keep_asking(port: u16, body: Bytes, answered: &AtomicU64) {
    let Ok(mut stream) = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await else {
        return;
    };
    let _ = stream.set_nodelay(true);
    let request = request(&body);
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

fn request(body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
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
}
