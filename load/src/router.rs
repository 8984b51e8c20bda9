//! Where the cluster is: the routers that were named, and nothing else.

use crate::Error;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

/// The port of HTTP.
const PORT: u16 = 80;
/// How long a connection may take.
const CONNECT_WAIT: Duration = Duration::from_secs(10);

/// A router.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Router {
    name: String,
    address: SocketAddr,
}

impl Router {
    /// The router of a `HOST` or `HOST:PORT`.
    ///
    /// # Errors
    /// [`Error::NoSuchHost`].
    pub async fn find(name: &str) -> Result<Self, Error> {
        let has_port = name.parse::<SocketAddr>().is_ok()
            || name
                .rsplit_once(':')
                .is_some_and(|(host, port)| !host.ends_with(':') && port.parse::<u16>().is_ok());
        let place = if has_port {
            name.to_owned()
        } else {
            format!("{name}:{PORT}")
        };
        let found = lookup_host(&place).await.and_then(|mut found| {
            found
                .next()
                .ok_or_else(|| std::io::Error::other("it has no address"))
        });
        match found {
            Ok(address) => Ok(Self {
                name: name.to_owned(),
                address,
            }),
            Err(source) => Err(Error::NoSuchHost {
                router: name.to_owned(),
                source,
            }),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A connection to it.
    ///
    /// # Errors
    /// [`Error::Unreachable`].
    pub(crate) async fn connect(&self) -> Result<TcpStream, Error> {
        let connected = timeout(CONNECT_WAIT, TcpStream::connect(self.address)).await;
        let connected = connected.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
        let ready = connected.and_then(|stream| stream.set_nodelay(true).map(|()| stream));
        ready.map_err(|source| Error::Unreachable {
            router: self.name.clone(),
            source,
        })
    }
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
