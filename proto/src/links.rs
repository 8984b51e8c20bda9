//! Links to homes: one to each address, opened when first needed or ahead of need, and opened again when lost.

use crate::link::stream::{self, Inbound};
use crate::link::{BATCH_OCTETS_MAX, Batches, Beside, Error, Lanes, Link, Peer, Serve, Spawn, read_hello};
use crate::v1::link_client::LinkClient;
use async_trait::async_trait;
use hyper_util::rt::TokioIo;
use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_stream::StreamExt;
use tonic::Status;
use tonic::transport::{Channel, Endpoint, Uri};

/// How long opening a link may take, connection and hello together.
const OPEN_WAIT: Duration = Duration::from_secs(2);
/// HTTP/2 keepalive, also while idle: without it a channel stays dead after a partition.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(1);
/// How long a keepalive may stay unanswered.
const KEEPALIVE_WAIT: Duration = Duration::from_secs(2);
/// Flow-control window of a link's only stream.
const WINDOW_BYTES: u32 = 4 * 1024 * 1024;

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
    beside: Beside,
    serve: Arc<dyn Serve>,
    spawn: Spawn,
    places: Mutex<foldhash::HashMap<String, Arc<Place>>>,
}

/// Where the link to one address is kept.
#[derive(Default)]
struct Place {
    state: Mutex<State>,
    /// Held by the one caller who opens.
    opening: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    link: Option<Link>,
    /// The address is no longer wanted; nothing is kept here any more.
    retired: bool,
    /// Attempts that have failed, and how the last one did.
    failures: u64,
    failure: Option<Error>,
}

impl Links {
    /// No links yet. Calls that come in on them are answered by `serve`.
    pub fn new(me: Peer, connect: Arc<dyn Connect>, serve: Arc<dyn Serve>, spawn: Spawn) -> Self {
        Self::within(Beside::default(), me, connect, serve, spawn)
    }

    /// The same, in a process with these homes: to them no connection is made.
    pub fn within(
        beside: Beside,
        me: Peer,
        connect: Arc<dyn Connect>,
        serve: Arc<dyn Serve>,
        spawn: Spawn,
    ) -> Self {
        let places = Mutex::default();
        let inner = Inner {
            me,
            connect,
            beside,
            serve,
            spawn,
            places,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The open link to an address, opened now if there is none. Callers who wait for the same attempt share
    /// what comes of it.
    ///
    /// # Errors
    /// [`Error::Lost`] when it cannot be opened in time, [`Error::Contract`] when the peer is of another version.
    pub async fn to(&self, address: &str) -> Result<Link, Error> {
        let place = self.place(address);
        let seen = match place.link() {
            Ok(link) => return Ok(link),
            Err(failures) => failures,
        };
        let _opening = place.opening.lock().await;
        match place.link() {
            Ok(link) => return Ok(link),
            Err(failures) if failures == seen => {}
            Err(_) => return Err(place.failure(address)),
        }
        let opened = tokio::time::timeout(OPEN_WAIT, self.open(address)).await;
        place.keep(
            opened.unwrap_or_else(|_| Err(Error::Lost(address.to_owned()))),
            address,
        )
    }

    /// Hangs up every link whose address is not among these, also those that are being opened.
    pub async fn keep_only(&self, addresses: &HashSet<String>) {
        let mut gone: Vec<(String, Arc<Place>)> = {
            let mut places = lock(&self.inner.places);
            places
                .extract_if(|address, _| !addresses.contains(address))
                .collect()
        };
        gone.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (_, place) in &gone {
            place.retire();
        }
        for (_, place) in gone {
            // Whoever opens has hung up when this is free.
            drop(place.opening.lock().await);
        }
    }

    fn place(&self, address: &str) -> Arc<Place> {
        let mut places = lock(&self.inner.places);
        match places.get(address) {
            Some(place) => Arc::clone(place),
            None => Arc::clone(places.entry(address.to_owned()).or_default()),
        }
    }

    async fn open(&self, address: &str) -> Result<Link, Error> {
        if let Some(home) = self.inner.beside.at(address) {
            return Ok(home.join(&self.inner.me, &self.inner.serve, &self.inner.spawn));
        }
        let lanes = Arc::new(Lanes::new());
        let batches = Batches::new(&self.inner.me, Arc::clone(&lanes));
        let lost = |_| Error::Lost(address.to_owned());
        let mut inbound = match accepted(self.channel(address).await?, batches).await {
            Ok(inbound) => inbound,
            Err(status) if status.code() == tonic::Code::FailedPrecondition => {
                return Err(Error::Contract(status.message().to_owned()));
            }
            Err(status) => return Err(lost(status)),
        };
        let first = inbound.try_next().await.map_err(lost)?;
        let peer = read_hello(first.and_then(|batch| batch.frames.into_iter().next()))?;
        let link = Link::new(peer, Arc::clone(&lanes));
        let serve = Arc::clone(&self.inner.serve);
        let run = stream::run((link.clone(), lanes), inbound, serve);
        (self.inner.spawn)(Box::pin(run));
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
}

/// Offers our batches over a connection; what comes back are those of the other end.
async fn accepted(channel: Channel, batches: Batches) -> Result<Inbound, Status> {
    let mut client = LinkClient::new(channel).max_decoding_message_size(BATCH_OCTETS_MAX);
    Ok(client.open(batches).await?.into_inner())
}

impl Place {
    /// The link if it is open, otherwise how many attempts have failed.
    fn link(&self) -> Result<Link, u64> {
        let state = lock(&self.state);
        let open = state.link.as_ref().filter(|link| !link.is_closed());
        open.cloned().ok_or(state.failures)
    }

    /// How the last attempt failed.
    fn failure(&self, address: &str) -> Error {
        let failure = lock(&self.state).failure.clone();
        failure.unwrap_or_else(|| Error::Lost(address.to_owned()))
    }

    /// Keeps what an attempt came to.
    fn keep(&self, opened: Result<Link, Error>, address: &str) -> Result<Link, Error> {
        let mut state = lock(&self.state);
        let opened = match opened {
            Ok(link) if state.retired => {
                link.hang_up();
                Err(Error::Lost(address.to_owned()))
            }
            opened @ (Ok(_) | Err(_)) => opened,
        };
        match &opened {
            Ok(link) => state.link = Some(link.clone()),
            Err(error) => {
                state.failures += 1;
                state.failure = Some(error.clone());
            }
        }
        opened
    }

    /// Hangs up, now and for good.
    fn retire(&self) {
        let mut state = lock(&self.state);
        state.retired = true;
        // Callers who wait for an attempt are not to make another.
        state.failures += 1;
        state.failure = None;
        if let Some(link) = state.link.take() {
            link.hang_up();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
