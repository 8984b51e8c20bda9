//! HTTP/2, for who negotiates it: many requests at once on one connection, bounded.

use super::{HEAD_BYTES_MAX, HEAD_WAIT, ended};
use crate::connection::Connection;
use axum::body::Body;
use bytes::Bytes;
use daemon::{Group, Stream};
use http::HeaderValue;
use http::header::HOST;
use http::uri::{PathAndQuery, Uri};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http2;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Requests at once on one connection, event streams among them.
const STREAMS_MAX: u32 = 16;
/// Octets of an answer that a client has not read yet.
const UNREAD_MAX: usize = 64 * 1024;
/// How often a client shows that it is there, and how long that may take.
const PING: Duration = Duration::from_secs(20);

/// The requests of a connection: how many there were, and, as its holders, how many there are.
type Requests = Arc<AtomicU64>;

/// The body of an answer, which is a request under way until it is sent.
struct Answering {
    body: Body,
    _request: Requests,
}

impl hyper::body::Body for Answering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Runs what a connection has to do besides.
#[derive(Clone)]
pub(super) struct Spawn(pub(super) Group);

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Spawn {
    fn execute(&self, task: F) {
        self.0.spawn(async move {
            task.await;
            Ok(())
        });
    }
}

/// Serves a connection until it ends, has been idle for a while, or is told to stop: then it finishes what it is at.
pub(super) async fn serve(
    stream: Stream,
    (connection, service): (Connection, axum::Router),
    (group, stop): (Group, CancellationToken),
) {
    let requests = Requests::default();
    let counted = Arc::clone(&requests);
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        counted.fetch_add(1, Ordering::Relaxed);
        let under_way = Arc::clone(&counted);
        name_host(&mut request);
        request.extensions_mut().insert(connection.clone());
        let answer = service.clone().oneshot(request.map(Body::new));
        async move {
            let answer = answer.await?;
            Ok::<_, Infallible>(answer.map(|body| Answering {
                body,
                _request: under_way,
            }))
        }
    });
    let serving = http2::Builder::new(Spawn(group))
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_BYTES_MAX.into())
        .max_send_buf_size(UNREAD_MAX)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        how = serving.as_mut() => return ended(how),
        () = stop.cancelled() => {}
        () = idle(&requests) => {}
    }
    serving.as_mut().graceful_shutdown();
    ended(serving.await);
}

/// Returns when there was no request for a while, at most twice as long.
async fn idle(requests: &Requests) {
    // Of the service and of who waits here.
    const AT_REST: usize = 2;
    let mut before = None;
    loop {
        let now = requests.load(Ordering::Relaxed);
        if Arc::strong_count(requests) > AT_REST {
            before = None;
        } else if before.replace(now) == Some(now) {
            return;
        }
        tokio::time::sleep(HEAD_WAIT).await;
    }
}

/// Makes the target what HTTP/1.1 has: a path, and a host beside it.
fn name_host(request: &mut hyper::Request<Incoming>) {
    let mut parts = request.uri().clone().into_parts();
    let Some(authority) = parts.authority.take() else {
        return;
    };
    let Ok(host) = HeaderValue::from_str(authority.as_str()) else {
        return;
    };
    parts.scheme = None;
    parts
        .path_and_query
        .get_or_insert_with(|| PathAndQuery::from_static("/"));
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
        request.headers_mut().insert(HOST, host);
    }
}
