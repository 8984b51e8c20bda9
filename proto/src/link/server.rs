//! The end of a link that listens: a home server's.

use super::{Link, Peer, Serve, hello, read_hello, stream};
use crate::v1;
use crate::v1::link_server::Link as LinkService;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

/// How long a new stream may take to say who it is.
const HELLO_WAIT: Duration = Duration::from_secs(5);

/// Octets of one batch that are read at most: a full batch of full bodies would be refused, but the writer
/// sends what is waiting, and bodies are a kilobyte.
const BATCH_BYTES_MAX: usize = 64 * 1024 * 1024;

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
        v1::link_server::LinkServer::new(self).max_decoding_message_size(BATCH_BYTES_MAX)
    }
}

#[tonic::async_trait]
impl LinkService for LinkServer {
    type OpenStream = Pin<Box<dyn Stream<Item = Result<v1::Batch, Status>> + Send>>;

    async fn open(
        &self,
        request: Request<Streaming<v1::Batch>>,
    ) -> Result<Response<Self::OpenStream>, Status> {
        let mut inbound = request.into_inner();
        let first = tokio::time::timeout(HELLO_WAIT, inbound.message())
            .await
            .map_err(|_| Status::deadline_exceeded("no hello"))??;
        let first = first.and_then(|batch| batch.frames.into_iter().next());
        let peer = read_hello(first).map_err(|error| Status::failed_precondition(error.to_string()))?;
        let (link, lanes) = Link::new(peer);
        let (outbound, batches) = mpsc::channel(stream::BATCHES_MAX);
        // The first batch fits: the channel is new.
        let _ = outbound.try_send(v1::Batch { frames: vec![hello(&self.me)] });
        (self.spawn)(Box::pin(stream::run(link, lanes, inbound, outbound, Arc::clone(&self.serve))));
        Ok(Response::new(Box::pin(ReceiverStream::new(batches).map(Ok))))
    }
}
