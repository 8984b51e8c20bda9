//! Where the cluster is: the routers that were named, and nothing else.

use crate::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_util::either::Either;

/// The ports of HTTP, without and with TLS.
const PORT: u16 = 80;
const TLS_PORT: u16 = 443;
/// How long a connection may take.
const CONNECT_WAIT: Duration = Duration::from_secs(10);

/// A connection to a router, encrypted or not.
pub(crate) type Line = Either<TcpStream, Box<TlsStream<TcpStream>>>;

/// A router.
#[derive(Clone, Debug)]
pub struct Router {
    name: String,
    address: SocketAddr,
    tls: Option<Tls>,
}

/// Whom a router has to prove to be, and by whose word.
#[derive(Clone)]
struct Tls {
    name: ServerName<'static>,
    trust: Arc<ClientConfig>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Router {
    /// The router of a `HOST` or `HOST:PORT`.
    ///
    /// # Errors
    /// [`Error::NoSuchHost`].
    pub async fn find(name: &str) -> Result<Self, Error> {
        let address = address(name, PORT).await?;
        Ok(Self {
            name: name.to_owned(),
            address,
            tls: None,
        })
    }

    /// The same, over TLS: the router must prove to be whom its name says.
    ///
    /// # Errors
    /// [`Error::NoSuchHost`].
    pub async fn find_over_tls(name: &str, trust: Arc<ClientConfig>) -> Result<Self, Error> {
        let address = address(name, TLS_PORT).await?;
        let host = if has_port(name) {
            name.rsplit_once(':').map_or(name, |(host, _)| host)
        } else {
            name
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let server = ServerName::try_from(host.to_owned());
        let server = server.map_err(|error| Error::NoSuchHost {
            router: name.to_owned(),
            source: std::io::Error::other(error),
        })?;
        Ok(Self {
            name: name.to_owned(),
            address,
            tls: Some(Tls { name: server, trust }),
        })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A connection to it.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::NoTls`].
    pub(crate) async fn connect(&self) -> Result<Line, Error> {
        let stream = self.dial().await?;
        let Some(tls) = &self.tls else {
            return Ok(Either::Left(stream));
        };
        let shaking = TlsConnector::from(Arc::clone(&tls.trust)).connect(tls.name.clone(), stream);
        let shaken = timeout(CONNECT_WAIT, Box::pin(shaking)).await;
        let shaken = shaken.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
        let stream = shaken.map_err(|source| Error::NoTls {
            router: self.name.clone(),
            source,
        })?;
        Ok(Either::Right(Box::new(stream)))
    }

    /// What it travels on.
    ///
    /// # Errors
    /// [`Error::Unreachable`].
    pub(crate) async fn dial(&self) -> Result<TcpStream, Error> {
        let connected = timeout(CONNECT_WAIT, TcpStream::connect(self.address)).await;
        let connected = connected.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
        let ready = connected.and_then(|stream| stream.set_nodelay(true).map(|()| stream));
        ready.map_err(|source| Error::Unreachable {
            router: self.name.clone(),
            source,
        })
    }
}

fn has_port(name: &str) -> bool {
    name.parse::<SocketAddr>().is_ok()
        || name
            .rsplit_once(':')
            .is_some_and(|(host, port)| !host.ends_with(':') && port.parse::<u16>().is_ok())
}

/// Where a `HOST` or `HOST:PORT` is.
async fn address(name: &str, port: u16) -> Result<SocketAddr, Error> {
    let place = if has_port(name) {
        name.to_owned()
    } else {
        format!("{name}:{port}")
    };
    let found = lookup_host(&place).await.and_then(|mut found| {
        found
            .next()
            .ok_or_else(|| std::io::Error::other("it has no address"))
    });
    found.map_err(|source| Error::NoSuchHost {
        router: name.to_owned(),
        source,
    })
}

impl fmt::Display for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_router_has_a_port_or_that_of_http() {
        for (name, address) in [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("127.0.0.1", "127.0.0.1:80"),
            ("[::1]", "[::1]:80"),
            ("[::1]:8080", "[::1]:8080"),
        ] {
            let router = Router::find(name).await.unwrap();
            assert_eq!(
                (router.address(), router.to_string()),
                (address.parse().unwrap(), name.to_owned())
            );
        }
        let nowhere = Router::find("nowhere.invalid:1").await.unwrap_err().to_string();
        assert!(nowhere.contains("nowhere.invalid:1"), "{nowhere}");
    }

    #[tokio::test]
    async fn where_nobody_listens_the_router_is_named() {
        let router = Router::find("127.0.0.1:1").await.unwrap();
        let said = router.connect().await.unwrap_err().to_string();
        assert!(
            said.contains("127.0.0.1:1") && said.contains("--server"),
            "{said}"
        );
    }
}
