//! The end of a link that listens: a home server's.

use super::stream::{self, Inbound};
use super::within::{keep, pair};
use super::{BATCH_OCTETS_MAX, Batches, Error, Lanes, Link, Peer, Serve, read_hello};
use crate::v1;
use crate::v1::link_server::Link as LinkService;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status};

/// How long a new stream may take to say who it is.
const HELLO_WAIT: Duration = Duration::from_secs(5);

/// How tasks are started; given by the process, which names and joins them.
pub type Spawn = Arc<dyn Fn(Pin<Box<dyn Future<Output = ()> + Send>>) + Send + Sync>;

/// The gRPC service that accepts links.
#[derive(Clone)]
pub struct LinkServer {
    me: Peer,
    serve: Arc<dyn Serve>,
    spawn: Spawn,
}

impl LinkServer {
    /// A service that introduces itself as `me` and has calls answered by `serve`.
    pub fn new(me: Peer, serve: Arc<dyn Serve>, spawn: Spawn) -> Self {
        Self { me, serve, spawn }
    }

    /// The tonic service.
    pub fn into_service(self) -> v1::link_server::LinkServer<Self> {
        v1::link_server::LinkServer::new(self).max_decoding_message_size(BATCH_OCTETS_MAX)
    }

    /// Begins a link with somebody in this process, whose tasks are started by `spawn`. Returns their end of it.
    pub(crate) fn join(&self, me: &Peer, serve: &Arc<dyn Serve>, spawn: &Spawn) -> Link {
        let (theirs, ours) = pair((me, serve), (&self.me, &self.serve));
        // They first: whoever is told of a link may call on it at once.
        spawn(Box::pin(keep(theirs.clone(), Arc::clone(serve))));
        (self.spawn)(Box::pin(keep(ours, Arc::clone(&self.serve))));
        theirs
    }
}

#[tonic::async_trait]
impl LinkService for LinkServer {
    type OpenStream = Pin<Box<dyn Stream<Item = Result<v1::Batch, Status>> + Send>>;

    /// Begins a link with whoever sends these batches, and says which ones go the other way.
    async fn open(&self, request: Request<Inbound>) -> Result<Response<Self::OpenStream>, Status> {
        let mut inbound = request.into_inner();
        let first = tokio::time::timeout(HELLO_WAIT, inbound.try_next())
            .await
            .map_err(|_| Status::deadline_exceeded("no hello"))??;
        let peer = read_hello(first.and_then(|batch| batch.frames.into_iter().next())).map_err(refusal)?;
        let lanes = Arc::new(Lanes::new());
        let batches = Batches::new(&self.me, Arc::clone(&lanes));
        let link = Link::new(peer, Arc::clone(&lanes));
        let run = stream::run((link, lanes), inbound, Arc::clone(&self.serve));
        (self.spawn)(Box::pin(run));
        Ok(Response::new(Box::pin(batches.map(Ok))))
    }
}

/// Tells a caller, and whoever reads our log, why it is refused.
fn refusal(error: Error) -> Status {
    tracing::warn!(error = &error as &dyn std::error::Error, "link refused");
    match error {
        Error::Contract(reason) => Status::failed_precondition(reason),
        Error::Lost(_) | Error::Deadline | Error::Full => Status::unavailable("no link"),
    }
}
