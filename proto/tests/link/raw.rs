//! Ends that are not ours: they say what a test wants, and read when a test wants.

use crate::pipe::Pipes;
use crate::stage::{BOUND, spawn};
use hyper_util::rt::TokioIo;
use proto::v1;
use proto::v1::frame::Body;
use proto::v1::link_client::LinkClient;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::transport::{Endpoint, Server, Uri};
use tonic::{Request, Response, Status, Streaming};

/// Batches that may wait to be sent.
const BATCHES: usize = 64;
/// Octets that a home can send to an end that does not read: little, so that tests see what waits.
const WINDOW_BYTES: u32 = 64 * 1024;
/// As the product's bound of a batch.
const BATCH_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What an end sends and reads.
pub(crate) struct Raw {
    pub(crate) send: mpsc::Sender<v1::Batch>,
    pub(crate) read: Streaming<v1::Batch>,
}

impl Raw {
    /// Sends one frame.
    pub(crate) async fn say(&self, frame: v1::Frame) {
        self.send.send(batch(frame)).await.expect("somebody reads");
    }

    /// The frames of the next batch; none when the stream has ended.
    pub(crate) async fn hear(&mut self) -> Option<Vec<v1::Frame>> {
        let batch = tokio::time::timeout(BOUND, self.read.message())
            .await
            .expect("it says something in time");
        batch.ok().flatten().map(|batch| batch.frames)
    }
}

/// Opens a stream to a home with these first words.
pub(crate) async fn open(pipes: &Arc<Pipes>, address: &str, first: Option<v1::Frame>) -> Result<Raw, Status> {
    let (pipes, target) = (Arc::clone(pipes), address.to_owned());
    let connector = tower::service_fn(move |_: Uri| {
        let (pipes, target) = (Arc::clone(&pipes), target.clone());
        async move { Ok::<_, io::Error>(TokioIo::new(pipes.wire(&target).await?)) }
    });
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("it is an address");
    let endpoint = endpoint.initial_stream_window_size(WINDOW_BYTES);
    let channel = endpoint
        .connect_with_connector(connector)
        .await
        .expect("the home listens");
    let (send, batches) = mpsc::channel(BATCHES);
    if let Some(first) = first {
        send.send(batch(first)).await.expect("there is room");
    }
    let mut client = LinkClient::new(channel).max_decoding_message_size(BATCH_BYTES_MAX);
    let read = client.open(ReceiverStream::new(batches)).await?.into_inner();
    Ok(Raw { send, read })
}

/// A home that a test plays: every stream that is opened to it comes out of what is returned.
pub(crate) fn home(pipes: &Pipes, address: &str) -> mpsc::Receiver<Raw> {
    let (streams, opened) = mpsc::channel(BATCHES);
    serve(pipes, address, Home { streams: Ok(streams) });
    opened
}

/// A home that refuses every stream.
pub(crate) fn refusing_home(pipes: &Pipes, address: &str, status: Status) {
    serve(pipes, address, Home { streams: Err(status) });
}

fn serve(pipes: &Pipes, address: &str, home: Home) {
    let service = v1::link_server::LinkServer::new(home).max_decoding_message_size(BATCH_BYTES_MAX);
    let incoming = ReceiverStream::new(pipes.listen(address));
    drop(spawn(
        Server::builder()
            .add_service(service)
            .serve_with_incoming(incoming),
    ));
}

struct Home {
    streams: Result<mpsc::Sender<Raw>, Status>,
}

#[tonic::async_trait]
impl v1::link_server::Link for Home {
    type OpenStream = Pin<Box<dyn Stream<Item = Result<v1::Batch, Status>> + Send>>;

    async fn open(
        &self,
        request: Request<Streaming<v1::Batch>>,
    ) -> Result<Response<Self::OpenStream>, Status> {
        let streams = self.streams.clone()?;
        let (send, batches) = mpsc::channel(BATCHES);
        streams
            .send(Raw {
                send,
                read: request.into_inner(),
            })
            .await
            .expect("the test goes on");
        Ok(Response::new(Box::pin(ReceiverStream::new(batches).map(Ok))))
    }
}

/// The hello of an end that speaks this version.
pub(crate) fn hello(protocol: u32) -> v1::Frame {
    let hello = v1::Hello {
        name: "stranger".into(),
        role: v1::Role::Router.into(),
        protocol,
    };
    v1::Frame {
        id: 0,
        body: Some(Body::Hello(hello)),
    }
}

/// A frame that asks.
pub(crate) fn asking(id: u64, call: proto::Call) -> v1::Frame {
    v1::Frame {
        id,
        body: Some(Body::Call(proto::convert::call_to_wire(call))),
    }
}

/// A frame that answers.
pub(crate) fn answering(id: u64, answer: Result<proto::Answer, proto::Refusal>) -> v1::Frame {
    v1::Frame {
        id,
        body: Some(Body::Answer(proto::convert::answer_to_wire(answer))),
    }
}

/// What a frame answers, and to which call.
pub(crate) fn answer(frame: &v1::Frame) -> Option<(u64, Result<proto::Answer, proto::Refusal>)> {
    match &frame.body {
        Some(Body::Answer(answer)) => {
            let answer = proto::convert::answer_from_wire(answer.clone()).expect("it is in the contract");
            Some((frame.id, answer))
        }
        Some(Body::Call(_) | Body::Hello(_)) | None => None,
    }
}

/// The number of the call that a frame is.
pub(crate) fn number(frame: &v1::Frame) -> Option<u64> {
    match &frame.body {
        Some(Body::Call(call)) => Some(call.epoch),
        Some(Body::Answer(_) | Body::Hello(_)) | None => None,
    }
}

fn batch(frame: v1::Frame) -> v1::Batch {
    v1::Batch { frames: vec![frame] }
}
