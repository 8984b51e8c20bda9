//! The network as a seam: production code binds and connects only through [`Network`], so that a simulation
//! can stand in for it.

use async_trait::async_trait;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// What a connection can do.
pub trait Io: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Io for T {}

/// A connection.
pub type Stream = Box<dyn Io>;

/// Makes connections and accepts them.
#[async_trait]
pub trait Network: Send + Sync + 'static {
    /// Listens on an address; port 0 lets the system choose one, see [`Listener::local_addr`].
    ///
    /// # Errors
    /// When the address is in use, not of this host, or not permitted.
    async fn bind(&self, address: SocketAddr) -> io::Result<Box<dyn Listener>>;

    /// Connects to a host given by name or by address.
    ///
    /// The caller bounds the wait; implementations may give up earlier.
    ///
    /// # Errors
    /// When the name does not resolve or nothing answers.
    async fn connect(&self, host: &str, port: u16) -> io::Result<Stream>;

    /// Connects to `host:port`, as members are addressed.
    ///
    /// # Errors
    /// As [`Network::connect`]; [`io::ErrorKind::InvalidInput`] when the text is not of that form.
    async fn connect_to(&self, address: &str) -> io::Result<Stream> {
        let bad = || io::Error::new(io::ErrorKind::InvalidInput, "address must be host:port");
        let (host, port) = address.rsplit_once(':').ok_or_else(bad)?;
        self.connect(host, port.parse().map_err(|_| bad())?).await
    }
}

/// Accepts connections on one address.
#[async_trait]
pub trait Listener: Send + 'static {
    /// The address it is bound to, with the port the system chose.
    ///
    /// # Errors
    /// When the system does not say.
    fn local_addr(&self) -> io::Result<SocketAddr>;

    /// The next connection and where it comes from. Dropping the future loses no connection.
    ///
    /// # Errors
    /// When the system cannot accept now, mostly for want of file descriptors. The listener stays usable.
    async fn accept(&mut self) -> io::Result<(Stream, SocketAddr)>;

    /// The next connection, however long it takes: a failure of one connection is passed over, and a failure
    /// of the system is logged, then tried again after a second.
    async fn accept_patiently(&mut self) -> (Stream, SocketAddr) {
        loop {
            match self.accept().await {
                Ok(accepted) => return accepted,
                Err(error) if is_about_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "cannot accept connections, trying again"
                    );
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// How long to leave a system alone that cannot accept; it is usually out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// The longest wait for a connection to be made, names included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections waiting to be accepted. A morning's log-on storm fills the usual 1,024 within one turn of the
/// event loop; what overflows waits a second for its next attempt.
const BACKLOG: u32 = 4096;

fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

/// Real TCP. Small frames are sent at once (`TCP_NODELAY`) in both directions.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioNetwork;

#[async_trait]
impl Network for TokioNetwork {
    async fn bind(&self, address: SocketAddr) -> io::Result<Box<dyn Listener>> {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        // A restart must not wait for the old process's connections to leave TIME_WAIT.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(Box::new(TokioListener(socket.listen(BACKLOG)?)))
    }

    async fn connect(&self, host: &str, port: u16) -> io::Result<Stream> {
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        let connecting = TcpStream::connect((host, port));
        let stream = tokio::time::timeout(CONNECT_TIMEOUT, connecting).await??;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }
}

struct TokioListener(TcpListener);

#[async_trait]
impl Listener for TokioListener {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    async fn accept(&mut self) -> io::Result<(Stream, SocketAddr)> {
        let (stream, from) = self.0.accept().await?;
        // Fails only on a connection that is already gone, which the first read will tell.
        let _ = stream.set_nodelay(true);
        Ok((Box::new(stream), from))
    }
}

#[cfg(test)]
#[path = "network_tests.rs"]
mod tests;
