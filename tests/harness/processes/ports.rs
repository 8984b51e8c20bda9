//! Addresses that stay a test's own while what listens there stops and starts.

use anyhow::Context;
use std::net::SocketAddr;
use tokio::net::TcpSocket;

/// An address on loopback, held by a socket that is bound and never listens: the system gives the port to nobody who
/// asks for any, and lets a process listen that asks for this one, since both may reuse it.
#[derive(Debug)]
pub struct Reserved {
    address: SocketAddr,
    _holder: TcpSocket,
}

impl Reserved {
    /// An address that is free.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn new() -> anyhow::Result<Self> {
        let holder = TcpSocket::new_v4()?;
        holder.set_reuseaddr(true)?;
        holder
            .bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .context("reserve an address")?;
        let address = holder.local_addr()?;
        Ok(Self {
            address,
            _holder: holder,
        })
    }

    /// The address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
