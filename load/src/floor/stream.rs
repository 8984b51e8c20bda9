//! A bare stream of gRPC: whatever comes is sent back as it came. It is what links between processes are made of, without
//! anything that they do.

use bytes::Bytes;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{NamedService, StreamingService};
use tonic::transport::{Endpoint, Server};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

/// Messages on the stream that have not come back yet: as many as are under way on a busy link.
const UNDER_WAY: usize = 256;
const PATH: &str = "/floor.Floor/Echo";

/// The server, until `ended`.
pub(super) async fn serve(
    listener: TcpListener,
    ended: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error> {
    let incoming = TcpListenerStream::new(listener);
    let server = Server::builder().add_service(Echo);
    server.serve_with_incoming_shutdown(incoming, ended).await
}

/// Sends a message again as soon as it has come back, until the stream ends. `came_back` counts.
pub(super) async fn keep_sending(port: u16, body: Bytes, came_back: &AtomicU64) {
    // What cannot be done is seen by what is counted.
    let Ok(mut messages) = open(port, &body).await else {
        return;
    };
    while let Ok(Some(message)) = messages.back.message().await {
        came_back.fetch_add(1, Ordering::Relaxed);
        if messages.out.send(message).await.is_err() {
            return;
        }
    }
}

/// Both directions of a stream.
struct Messages {
    out: mpsc::Sender<Bytes>,
    back: Streaming<Bytes>,
}

async fn open(port: u16, body: &Bytes) -> Result<Messages, tonic::codegen::StdError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let channel = Endpoint::from_shared(format!("http://{address}"))?
        .connect()
        .await?;
    let (out, sent) = mpsc::channel(UNDER_WAY);
    for _ in 0..UNDER_WAY {
        out.try_send(body.clone())?;
    }
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await?;
    let path = http::uri::PathAndQuery::from_static(PATH);
    let codec = ProstCodec::<Bytes, Bytes>::default();
    let request = Request::new(ReceiverStream::new(sent));
    let back = client.streaming(request, path, codec).await?.into_inner();
    Ok(Messages { out, back })
}

/// What would be made from a contract of one stream, if it were worth one.
#[derive(Clone)]
struct Echo;

impl NamedService for Echo {
    const NAME: &'static str = "floor.Floor";
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let codec = ProstCodec::<Bytes, Bytes>::default();
        let mut server = tonic::server::Grpc::new(codec);
        Box::pin(async move { Ok(server.streaming(Back, request).await) })
    }
}

struct Back;

impl StreamingService<Bytes> for Back {
    type Response = Bytes;
    type ResponseStream = Streaming<Bytes>;
    type Future = Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Streaming<Bytes>>) -> Self::Future {
        ready(Ok(Response::new(request.into_inner())))
    }
}
