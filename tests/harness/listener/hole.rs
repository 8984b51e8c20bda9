//! A port on which nobody answers: to whoever connects it looks like a host that is not there.

use anyhow::bail;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// Connections that a listener may hold before it is full: one with an empty backlog, by all that is known.
const FULL_AT_MOST: usize = 8;
/// A connection on loopback is there much sooner, or never.
const NEVER: Duration = Duration::from_millis(300);

/// A listener that accepts nothing and whose backlog is full: the system then drops what comes, as a firewall does.
pub(super) struct Hole {
    _listener: TcpListener,
    _filling: Vec<TcpStream>,
}

impl Hole {
    /// Digs it.
    ///
    /// # Errors
    /// When the port cannot be listened on, or takes one connection after the other.
    pub(super) async fn at(address: SocketAddr) -> anyhow::Result<Self> {
        let listener = super::socket(address)?.listen(0)?;
        let mut filling = Vec::new();
        while filling.len() < FULL_AT_MOST {
            match tokio::time::timeout(NEVER, TcpStream::connect(address)).await {
                Ok(connected) => filling.push(connected?),
                Err(_elapsed) => {
                    return Ok(Self {
                        _listener: listener,
                        _filling: filling,
                    });
                }
            }
        }
        bail!("{address} takes any number of connections")
    }
}
