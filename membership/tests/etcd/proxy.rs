//! A way to etcd that can be cut or fall silent, as a network can.

use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Hands connections on to an etcd until it is cut.
pub(crate) struct Proxy {
    address: SocketAddr,
    to: SocketAddr,
    tasks: JoinSet<()>,
    /// Changes when what is open falls silent.
    hushed: watch::Sender<()>,
}

impl Proxy {
    /// A way to the etcd at an endpoint.
    pub(crate) async fn to(endpoint: &str) -> Self {
        let to = endpoint.trim_start_matches("http://").parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (mut tasks, hushed) = (JoinSet::new(), watch::Sender::new(()));
        tasks.spawn(serve(listener, to, hushed.clone()));
        Self {
            address,
            to,
            tasks,
            hushed,
        }
    }

    /// Where it begins.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends all connections and takes no new ones.
    pub(crate) async fn cut(&mut self) {
        self.tasks.shutdown().await;
    }

    /// Takes connections again.
    pub(crate) async fn mend(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.tasks.spawn(serve(listener, self.to, self.hushed.clone()));
    }

    /// From now on the connections that are open carry nothing and do not end, as when a firewall has forgotten
    /// them. New ones are as good as ever.
    pub(crate) fn hush(&self) {
        self.hushed.send_replace(());
    }
}

async fn serve(listener: TcpListener, to: SocketAddr, hushed: watch::Sender<()>) {
    let mut connections = JoinSet::new();
    while let Ok((mut from, _)) = listener.accept().await {
        let mut hushed = hushed.subscribe();
        connections.spawn(async move {
            if let Ok(mut etcd) = TcpStream::connect(to).await {
                tokio::select! {
                    _ended = tokio::io::copy_bidirectional(&mut from, &mut etcd) => {}
                    // Keeps both ends open.
                    _changed = hushed.changed() => std::future::pending().await,
                }
            }
        });
    }
}
