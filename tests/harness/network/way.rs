//! The network as one process has it: what certain others say to it can be held back, as on a way that is slow.

use super::{StageNetwork, lock};
use async_trait::async_trait;
use daemon::{Listener, Network, Stream};
use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A process's way to the others.
#[derive(Debug)]
pub struct Way {
    network: Arc<StageNetwork>,
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    /// What comes from there.
    ports: BTreeSet<u16>,
    /// Who waits for it.
    waiting: Vec<Waker>,
}

impl Way {
    /// One on which nothing is held back.
    #[must_use]
    pub fn new(network: Arc<StageNetwork>) -> Self {
        Self {
            network,
            held: Arc::default(),
        }
    }

    /// Whether what comes from a port to which the process has connected is held back from now on. What the process
    /// says arrives there.
    pub fn hold_back(&self, port: u16, hold: bool) {
        let mut held = lock(&self.held);
        if hold {
            held.ports.insert(port)
        } else {
            held.ports.remove(&port)
        };
        held.waiting.drain(..).for_each(Waker::wake);
    }
}

#[async_trait]
impl Network for Way {
    async fn bind(&self, address: SocketAddr) -> io::Result<Box<dyn Listener>> {
        self.network.bind(address).await
    }

    async fn connect(&self, host: &str, port: u16) -> io::Result<Stream> {
        let (inner, held) = (self.network.connect(host, port).await?, Arc::clone(&self.held));
        Ok(Box::new(Connection { inner, port, held }))
    }
}

struct Connection {
    inner: Stream,
    port: u16,
    held: Arc<Mutex<Held>>,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        {
            let mut held = lock(&self.held);
            if held.ports.contains(&self.port) {
                held.waiting.push(context.waker().clone());
                return Poll::Pending;
            }
        }
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
