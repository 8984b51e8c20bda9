//! The network of a simulated host.

use crate::faults::Faults;
use async_trait::async_trait;
use daemon::{Listener, Network, Stream};
use std::io;
use std::net::{IpAddr, SocketAddr};
use turmoil::net::{TcpListener, TcpStream};

/// Turmoil's TCP, as one host sees it.
pub(crate) struct SimNetwork {
    pub(crate) me: String,
    pub(crate) faults: Faults,
}

impl SimNetwork {
    /// Connects. Turmoil says at once that nobody listens where a partition swallows what is sent; a real network
    /// says nothing, and so it is here.
    pub(crate) async fn open(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let peer = match host.parse::<IpAddr>() {
            Ok(address) => turmoil::reverse_lookup(address).unwrap_or_default(),
            Err(_) => host.to_owned(),
        };
        if self.faults.is_cut(&self.me, &peer) {
            return std::future::pending().await;
        }
        match TcpStream::connect((host, port)).await {
            Err(_) if self.faults.is_cut(&self.me, &peer) => std::future::pending().await,
            connected => connected,
        }
    }
}

#[async_trait]
impl Network for SimNetwork {
    async fn bind(&self, address: SocketAddr) -> io::Result<Box<dyn Listener>> {
        Ok(Box::new(SimListener(TcpListener::bind(address).await?)))
    }

    async fn connect(&self, host: &str, port: u16) -> io::Result<Stream> {
        Ok(Box::new(self.open(host, port).await?))
    }
}

struct SimListener(TcpListener);

#[async_trait]
impl Listener for SimListener {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    async fn accept(&mut self) -> io::Result<(Stream, SocketAddr)> {
        let (stream, from) = self.0.accept().await?;
        Ok((Box::new(stream), from))
    }
}
