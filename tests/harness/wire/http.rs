//! HTTP/1.1 as the clients of the time read it: by hand, so that nothing is forgiven that they would not.

use ::http::{HeaderMap, HeaderName, HeaderValue, Response};
use anyhow::{Context, anyhow, ensure};
use bytes::Bytes;
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// Octets of the head of a message at most.
const HEAD_MAX: usize = 64 * 1024;

/// The answer to a request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The number of the status line.
    pub status: u16,
    /// Status line and header lines as they came.
    pub head: String,
    /// The same, read.
    pub parts: ::http::response::Parts,
    /// The body.
    pub body: Bytes,
}

/// The other end has closed before it said anything.
#[derive(Debug)]
struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection was closed without an answer")
    }
}

impl std::error::Error for Closed {}

/// Whether an error is that the other end closed the connection before it said anything.
#[must_use]
pub fn is_closed(error: &anyhow::Error) -> bool {
    let is_reset = |error: &std::io::Error| {
        matches!(
            error.kind(),
            std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe
        )
    };
    error.is::<Closed>() || error.downcast_ref::<std::io::Error>().is_some_and(is_reset)
}

/// A connection with what was read of it and not used yet. The stream may be one of a simulated network.
#[derive(Debug)]
pub struct Connection<S = TcpStream> {
    stream: S,
    read: Vec<u8>,
    closing: bool,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn open(to: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(to).await.context("connect to the router")?;
        stream.set_nodelay(true)?;
        Ok(Self::of(stream))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// A connection that is there already.
    #[must_use]
    pub fn of(stream: S) -> Self {
        Self {
            stream,
            read: Vec::new(),
            closing: false,
        }
    }

    /// Whether the other end said that it will close.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.closing
    }

    /// Writes octets as they are.
    ///
    /// # Errors
    /// When the other end is gone.
    pub async fn send(&mut self, octets: &[u8]) -> anyhow::Result<()> {
        Ok(self.stream.write_all(octets).await?)
    }

    /// Says that nothing more comes.
    ///
    /// # Errors
    /// When the other end is gone.
    pub async fn finish(&mut self) -> anyhow::Result<()> {
        Ok(self.stream.shutdown().await?)
    }

    /// Reads an answer with its body, as long as its length says. One without a length is read to the end of
    /// the connection; whether that is a mistake is for the rules to say.
    ///
    /// # Errors
    /// When the connection ends before, or it is no HTTP.
    pub async fn read_answer(&mut self) -> anyhow::Result<Answer> {
        let (head, mut headers) = self.read_head().await?;
        let mut first = head.lines().next().unwrap_or_default().split(' ');
        ensure!(first.next() == Some("HTTP/1.1"), "not an answer: {head}");
        let status: u16 = first
            .next()
            .and_then(|number| number.parse().ok())
            .context("no status")?;
        let body = match length(&headers)? {
            Some(length) => self.read_exactly(length).await?,
            None => self.read_to_end().await?,
        };
        self.closing |= headers.get("connection").is_some_and(|value| value == "close");
        let mut response = Response::new(());
        *response.status_mut() = ::http::StatusCode::from_u16(status)?;
        std::mem::swap(response.headers_mut(), &mut headers);
        Ok(Answer {
            status,
            head,
            parts: response.into_parts().0,
            body,
        })
    }

    /// Reads a request with its body: its head as text, its headers, its body.
    ///
    /// # Errors
    /// When the connection ends before, or the head is no HTTP.
    pub async fn read_request(&mut self) -> anyhow::Result<(String, HeaderMap, Bytes)> {
        let (head, headers) = self.read_head().await?;
        let body = self.read_exactly(length(&headers)?.unwrap_or_default()).await?;
        Ok((head, headers, body))
    }

    /// Reads everything up to the end of the connection: the head, and what is behind it.
    ///
    /// # Errors
    /// When there is no head.
    pub async fn read_rest(&mut self) -> anyhow::Result<(String, Bytes)> {
        let (head, _) = self.read_head().await?;
        Ok((head, self.read_to_end().await?))
    }

    /// Waits until the other end closes, reading over whatever comes.
    pub async fn closed(&mut self) {
        let mut octets = [0; 1024];
        while matches!(self.stream.read(&mut octets).await, Ok(1..)) {}
    }

    async fn read_head(&mut self) -> anyhow::Result<(String, HeaderMap)> {
        let end = loop {
            if let Some(at) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            ensure!(self.read.len() < HEAD_MAX, "a head without an end");
            if !self.read_more().await? {
                let begun = !self.read.is_empty();
                return Err(if begun {
                    anyhow!("the connection ended within a head")
                } else {
                    Closed.into()
                });
            }
        };
        let head = String::from_utf8(self.read.drain(..end).collect()).context("a head that is not UTF-8")?;
        let mut headers = HeaderMap::new();
        for line in head.lines().skip(1).filter(|line| !line.is_empty()) {
            let (name, value) = line
                .split_once(':')
                .with_context(|| format!("not a header line: {line}"))?;
            let value = HeaderValue::from_str(value.trim())?;
            headers.append(HeaderName::from_bytes(name.as_bytes())?, value);
        }
        Ok((head, headers))
    }

    async fn read_exactly(&mut self, length: usize) -> anyhow::Result<Bytes> {
        while self.read.len() < length {
            ensure!(self.read_more().await?, "the connection ended within a body");
        }
        Ok(self.read.drain(..length).collect::<Vec<_>>().into())
    }

    async fn read_to_end(&mut self) -> anyhow::Result<Bytes> {
        while self.read_more().await? {}
        self.closing = true;
        Ok(std::mem::take(&mut self.read).into())
    }

    /// Reads what is there. False when the other end has closed.
    async fn read_more(&mut self) -> anyhow::Result<bool> {
        Ok(self.stream.read_buf(&mut self.read).await? > 0)
    }
}

fn length(headers: &HeaderMap) -> anyhow::Result<Option<usize>> {
    let Some(value) = headers.get("content-length") else {
        return Ok(None);
    };
    Ok(Some(
        value
            .to_str()?
            .parse()
            .context("a Content-Length that is no number")?,
    ))
}
