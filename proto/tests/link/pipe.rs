//! Connections in memory, with a fate: they can be cut so that both ends see it, or so that neither does.

use async_trait::async_trait;
use proto::Connect;
use proto::links::Io;
use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::sync::{mpsc, watch};
use tonic::transport::server::Connected;

/// Octets that are under way at most, in each direction.
const PIPE_BYTES: usize = 64 * 1024;
/// Connections that may wait to be accepted.
const BACKLOG: usize = 64;

/// What has become of a pipe.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    /// It carries what is written.
    Whole,
    /// It swallows what is written, and neither end is told: a partition.
    Silent,
    /// Both ends see that it has ended: the process at one of them died.
    Dead,
}

/// The network: homes by address, and every pipe that was made.
pub(crate) struct Pipes {
    homes: Mutex<HashMap<String, mpsc::Sender<io::Result<Wire>>>>,
    fates: Mutex<Vec<watch::Sender<Fate>>>,
    tries: watch::Sender<usize>,
}

impl Pipes {
    pub(crate) fn new() -> Self {
        Self {
            homes: Mutex::default(),
            fates: Mutex::default(),
            tries: watch::Sender::new(0),
        }
    }

    /// Listens at an address.
    pub(crate) fn listen(&self, address: &str) -> mpsc::Receiver<io::Result<Wire>> {
        let (accept, accepted) = mpsc::channel(BACKLOG);
        lock(&self.homes).insert(address.to_owned(), accept);
        accepted
    }

    /// Decides over all pipes that were made so far.
    pub(crate) fn meet(&self, fate: Fate) {
        for pipe in lock(&self.fates).iter() {
            pipe.send_replace(fate);
        }
    }

    /// How often somebody tried to connect.
    pub(crate) fn tries(&self) -> &watch::Sender<usize> {
        &self.tries
    }

    /// Makes a pipe to the home that listens at an address.
    pub(crate) async fn wire(&self, address: &str) -> io::Result<Wire> {
        self.tries.send_modify(|tries| *tries += 1);
        let home = lock(&self.homes).get(address).cloned();
        let home = home.ok_or_else(|| io::Error::from(io::ErrorKind::ConnectionRefused))?;
        let (near, far) = tokio::io::duplex(PIPE_BYTES);
        let fate = watch::Sender::new(Fate::Whole);
        let (near, far) = (
            Wire::new(near, fate.subscribe()),
            Wire::new(far, fate.subscribe()),
        );
        lock(&self.fates).push(fate);
        home.send(Ok(far))
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::ConnectionRefused))?;
        Ok(near)
    }
}

#[async_trait]
impl Connect for Pipes {
    async fn connect(&self, address: &str) -> io::Result<Box<dyn Io>> {
        Ok(Box::new(self.wire(address).await?))
    }
}

/// One end of a pipe.
pub(crate) struct Wire {
    io: DuplexStream,
    fate: watch::Receiver<Fate>,
    /// Ready when the pipe dies; none once it has.
    death: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Wire {
    fn new(io: DuplexStream, fate: watch::Receiver<Fate>) -> Self {
        let mut watched = fate.clone();
        let death = async move {
            if watched.wait_for(|fate| *fate == Fate::Dead).await.is_err() {
                // Nobody can decide any more.
                std::future::pending::<()>().await;
            }
        };
        Self {
            io,
            fate,
            death: Some(Box::pin(death)),
        }
    }

    fn is_dead(&mut self, cx: &mut Context<'_>) -> bool {
        if self
            .death
            .as_mut()
            .is_some_and(|death| death.as_mut().poll(cx).is_ready())
        {
            self.death = None;
        }
        self.death.is_none()
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.is_dead(cx) {
            return Poll::Ready(Ok(()));
        }
        let fate = *this.fate.borrow();
        match fate {
            Fate::Silent => Poll::Pending,
            Fate::Whole | Fate::Dead => Pin::new(&mut this.io).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let fate = *this.fate.borrow();
        match fate {
            Fate::Whole => Pin::new(&mut this.io).poll_write(cx, buf),
            Fate::Silent => Poll::Ready(Ok(buf.len())),
            Fate::Dead => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}

impl Connected for Wire {
    type ConnectInfo = ();

    fn connect_info(&self) -> Self::ConnectInfo {}
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .expect("a test that panics under a lock has failed already")
}
