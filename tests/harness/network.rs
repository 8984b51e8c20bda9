//! The network of a stage: real TCP on loopback, with doors that stay open while what is behind them restarts,
//! and hosts that do not answer.

mod way;

pub use way::Way;

use async_trait::async_trait;
use daemon::{Listener, Network, Stream, TokioNetwork};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;

/// Loopback TCP that a test can meddle with.
#[derive(Debug, Default)]
pub struct StageNetwork {
    /// Listeners kept by the stage: a restarted router gets the same one, so that no other process can take
    /// its port in between. Connections made meanwhile wait in the backlog.
    doors: Mutex<BTreeMap<SocketAddr, Arc<TcpListener>>>,
    /// Ports to which connecting times out, as to a host behind a firewall.
    unreachable: Mutex<BTreeSet<u16>>,
}

impl StageNetwork {
    /// An address that stays this stage's own.
    ///
    /// # Errors
    /// When the system gives none.
    pub async fn reserve(&self) -> io::Result<SocketAddr> {
        let door = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = door.local_addr()?;
        lock(&self.doors).insert(address, Arc::new(door));
        Ok(address)
    }

    /// Whether connecting to a port times out from now on.
    pub fn set_unreachable(&self, port: u16, unreachable: bool) {
        let mut ports = lock(&self.unreachable);
        if unreachable {
            ports.insert(port)
        } else {
            ports.remove(&port)
        };
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Network for StageNetwork {
    async fn bind(&self, address: SocketAddr) -> io::Result<Box<dyn Listener>> {
        let door = lock(&self.doors).get(&address).cloned();
        match door {
            Some(door) => Ok(Box::new(Door(door))),
            None => TokioNetwork.bind(address).await,
        }
    }

    async fn connect(&self, host: &str, port: u16) -> io::Result<Stream> {
        if lock(&self.unreachable).contains(&port) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        TokioNetwork.connect(host, port).await
    }
}

struct Door(Arc<TcpListener>);

#[async_trait]
impl Listener for Door {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    async fn accept(&mut self) -> io::Result<(Stream, SocketAddr)> {
        let (stream, from) = self.0.accept().await?;
        stream.set_nodelay(true)?;
        Ok((Box::new(stream), from))
    }
}
