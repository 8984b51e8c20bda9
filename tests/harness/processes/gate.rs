//! A way to etcd that a test can close: behind it a home server hears nothing from etcd, while everybody else does.

use super::ports::Reserved;
use anyhow::{Context, ensure};
use daemon::{OnError, Tasks};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;

/// Hands connections on while it is open. When it is closed nothing gets through, and nobody is told.
pub struct Gate {
    place: Reserved,
    open: watch::Sender<bool>,
    tasks: Tasks,
}

impl Gate {
    /// An open one.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn to(etcd: SocketAddr) -> anyhow::Result<Self> {
        let (place, tasks, open) = (Reserved::new()?, Tasks::new(), watch::Sender::new(true));
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(place.address()).context("bind a way to etcd")?;
        let listener = socket.listen(64)?;
        let (connections, opened) = (tasks.group("way to etcd", OnError::Stop), open.subscribe());
        tasks.spawn("ways to etcd", OnError::Stop, async move {
            loop {
                let (stream, _) = listener.accept().await?;
                let opened = opened.clone();
                connections.spawn(async move {
                    // Each end closes as it likes.
                    let _ = hand_on(stream, etcd, opened).await;
                    Ok(())
                });
            }
        });
        Ok(Self { place, open, tasks })
    }

    /// Where it begins.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.place.address()
    }

    /// Opens or closes it. What was on its way when it was closed gets through when it is open again.
    pub fn set_open(&self, open: bool) {
        self.open.send_replace(open);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.tasks.abort();
    }
}

async fn hand_on(mut from: TcpStream, etcd: SocketAddr, open: watch::Receiver<bool>) -> anyhow::Result<()> {
    let mut to = TcpStream::connect(etcd).await?;
    let ((there, back), (reads, writes)) = (from.split(), to.split());
    tokio::try_join!(copy(there, writes, open.clone()), copy(reads, back, open))?;
    Ok(())
}

/// One direction, until either end closes.
async fn copy(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut open: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let mut octets = vec![0; 4096];
    loop {
        let count = from.read(&mut octets).await?;
        open.wait_for(|open| *open).await?;
        ensure!(count > 0, "closed");
        to.write_all(&octets[..count]).await?;
    }
}
