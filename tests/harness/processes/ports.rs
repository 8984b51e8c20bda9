//! Addresses that stay a test's own while what listens there stops and starts. Also included by others who start processes
//! that must be told where to listen.

use std::io;
use std::net::SocketAddr;
use tokio::net::TcpSocket;

/// An address on loopback, held by a socket that is bound and never listens: the system gives the port to nobody who
/// asks for any, and lets a process listen that asks for this one, since both may reuse it.
#[derive(Debug)]
pub(crate) struct Reserved {
    address: SocketAddr,
    _holder: TcpSocket,
}

impl Reserved {
    /// An address that is free.
    ///
    /// # Errors
    /// When the system gives none.
    pub(crate) fn new() -> io::Result<Self> {
        let holder = TcpSocket::new_v4()?;
        holder.set_reuseaddr(true)?;
        holder.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let address = holder.local_addr()?;
        Ok(Self {
            address,
            _holder: holder,
        })
    }

    /// The address.
    #[must_use]
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

#[cfg(test)]
mod tests {
    use super::Reserved;
    use tokio::net::TcpSocket;

    #[tokio::test]
    async fn an_address_is_for_whoever_asks_for_it_and_for_nobody_else() {
        let reserved = Reserved::new().unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        let taken = socket.bind(reserved.address());
        assert_eq!(taken.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
        for _ in 0..2 {
            let server = TcpSocket::new_v4().unwrap();
            server.set_reuseaddr(true).unwrap();
            server.bind(reserved.address()).unwrap();
            drop(server.listen(1).unwrap());
        }
    }
}
