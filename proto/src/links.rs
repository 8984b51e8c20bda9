//! Links to homes: one to each address, opened when first needed or ahead of need, and opened again when lost.

use crate::link::{Error, Link, Peer, Serve, Spawn, hello, read_hello, stream};
use crate::v1;
use crate::v1::link_client::LinkClient;
use async_trait::async_trait;
use hyper_util::rt::TokioIo;
use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Channel, Endpoint, Uri};

/// How long opening a link may take, connection and hello together.
const OPEN_WAIT: Duration = Duration::from_secs(2);
/// HTTP/2 keepalive, also while idle: without it a channel stays dead after a partition.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(1);
/// How long a keepalive may stay unanswered.
const KEEPALIVE_WAIT: Duration = Duration::from_secs(2);
/// Flow-control window of a link's only stream.
const WINDOW_BYTES: u32 = 4 * 1024 * 1024;
/// Octets of one batch that are read at most.
const BATCH_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A connection to a home's link listener.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// How connections are made: the network is given, never reached for.
#[async_trait]
pub trait Connect: Send + Sync + 'static {
    /// Connects to `host:port`.
    async fn connect(&self, address: &str) -> io::Result<Box<dyn Io>>;
}

/// The links of one process. Cloning copies a pointer.
#[derive(Clone)]
pub struct Links {
    inner: Arc<Inner>,
}

struct Inner {
    me: Peer,
    connect: Arc<dyn Connect>,
    serve: Arc<dyn Serve>,
    spawn: Spawn,
    /// One place for each address; its lock makes sure that only one caller opens.
    places: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Option<Link>>>>>,
}

impl Links {
    /// No links yet. Calls that come in on them are answered by `serve`.
    pub fn new(me: Peer, connect: Arc<dyn Connect>, serve: Arc<dyn Serve>, spawn: Spawn) -> Self {
        let inner = Inner { me, connect, serve, spawn, places: Mutex::new(HashMap::new()) };
        Self { inner: Arc::new(inner) }
    }

    /// The open link to an address, opened now if there is none.
    ///
    /// # Errors
    /// [`Error::Lost`] when it cannot be opened in time, [`Error::Contract`] when the peer is of another version.
    pub async fn to(&self, address: &str) -> Result<Link, Error> {
        let place = Arc::clone(self.places().entry(address.to_owned()).or_default());
        let mut open = place.lock().await;
        match open.as_ref() {
            Some(link) if !link.is_closed() => Ok(link.clone()),
            Some(_) | None => {
                let link = tokio::time::timeout(OPEN_WAIT, self.open(address))
                    .await
                    .map_err(|_| Error::Lost(address.to_owned()))??;
                *open = Some(link.clone());
                Ok(link)
            }
        }
    }

    /// Hangs up every link whose address is not among these.
    pub async fn keep_only(&self, addresses: &HashSet<String>) {
        let gone: Vec<_> = {
            let mut places = self.places();
            let gone: Vec<String> = places.keys().filter(|a| !addresses.contains(*a)).cloned().collect();
            gone.iter().filter_map(|address| places.remove(address)).collect()
        };
        for place in gone {
            if let Some(link) = place.lock().await.take() {
                link.hang_up();
            }
        }
    }

    async fn open(&self, address: &str) -> Result<Link, Error> {
        let channel = self.channel(address).await?;
        let lost = |_| Error::Lost(address.to_owned());
        let (outbound, batches) = mpsc::channel(stream::BATCHES_MAX);
        outbound.send(v1::Batch { frames: vec![hello(&self.inner.me)] }).await.map_err(|_| {
            // Cannot happen: its receiver is on this stack.
            Error::Lost(address.to_owned())
        })?;
        let mut client = LinkClient::new(channel).max_decoding_message_size(BATCH_BYTES_MAX);
        let answer = client.open(ReceiverStream::new(batches)).await;
        let mut inbound = match answer {
            Ok(answer) => answer.into_inner(),
            Err(status) if status.code() == tonic::Code::FailedPrecondition => {
                return Err(Error::Contract(status.message().to_owned()));
            }
            Err(status) => return Err(lost(status)),
        };
        let first = inbound.message().await.map_err(lost)?;
        let peer = read_hello(first.and_then(|batch| batch.frames.into_iter().next()))?;
        let (link, lanes) = Link::new(peer);
        let serve = Arc::clone(&self.inner.serve);
        (self.inner.spawn)(Box::pin(stream::run(link.clone(), lanes, inbound, outbound, serve)));
        Ok(link)
    }

    async fn channel(&self, address: &str) -> Result<Channel, Error> {
        let connect = Arc::clone(&self.inner.connect);
        let target = address.to_owned();
        let connector = tower::service_fn(move |_: Uri| {
            let (connect, target) = (Arc::clone(&connect), target.clone());
            async move { Ok::<_, io::Error>(TokioIo::new(connect.connect(&target).await?)) }
        });
        Endpoint::from_shared(format!("http://{address}"))
            .map_err(|_| Error::Contract(format!("{address} is not an address")))?
            .http2_keep_alive_interval(KEEPALIVE_EVERY)
            .keep_alive_timeout(KEEPALIVE_WAIT)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES)
            .connect_timeout(OPEN_WAIT)
            .connect_with_connector(connector)
            .await
            .map_err(|_| Error::Lost(address.to_owned()))
    }

    fn places(
        &self,
    ) -> std::sync::MutexGuard<'_, HashMap<String, Arc<tokio::sync::Mutex<Option<Link>>>>> {
        self.inner.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
