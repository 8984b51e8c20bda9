//! TLS on the side of the clients: what they say to a port of this machine is carried to a router.

use crate::authority::Authority;
use daemon::{OnError, Tasks};
use std::net::SocketAddr;
use tests::wait::within;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;

/// A connection to a router.
pub(crate) async fn connect(
    client: &TlsConnector,
    router: SocketAddr,
) -> anyhow::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(router).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from("localhost")?;
    Ok(within("TLS", client.connect(name, stream)).await??)
}

/// The certificate that a connection was made with.
pub(crate) fn certificate(stream: &TlsStream<TcpStream>) -> Vec<u8> {
    let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
    shown.first().map(|first| first.to_vec()).unwrap_or_default()
}

pub(crate) struct Carrier {
    pub(crate) address: SocketAddr,
    tasks: Tasks,
}

impl Carrier {
    pub(crate) async fn to(router: SocketAddr, authority: &Authority) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, tasks) = (listener.local_addr()?, Tasks::new());
        let client = authority.client(&["http/1.1"])?;
        let group = tasks.group("carried connection", OnError::Log);
        tasks.spawn("carrier", OnError::Log, async move {
            loop {
                let (mut from, _) = listener.accept().await?;
                from.set_nodelay(true)?;
                let client = client.clone();
                group.spawn(async move {
                    let mut to = connect(&client, router).await?;
                    // How it ends is the ends' affair.
                    let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
                    Ok(())
                });
            }
        });
        Ok(Self { address, tasks })
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        self.tasks.abort();
    }
}
