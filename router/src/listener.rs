//! Accepts clients' connections and serves requests on them, HTTP/1.1 as the clients of the time speak it.

use crate::connection::Connection;
use crate::metrics::Metrics;
use axum::body::Body;
use daemon::{Group, Listener, Stream};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// How long a request's head may take, and how long a connection may be idle before it.
const HEAD_WAIT: Duration = Duration::from_secs(60);
/// Header lines of one request.
const HEADERS_MAX: usize = 64;
/// Octets of a request's head.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// What the accept loop needs.
pub(crate) struct Accept {
    pub(crate) service: axum::Router,
    pub(crate) connections_max: usize,
    pub(crate) metrics: Metrics,
    pub(crate) group: Group,
    pub(crate) stop: CancellationToken,
}

impl Accept {
    /// Accepts until told to stop; then open connections finish the request they are at.
    pub(crate) async fn run(self, mut listener: Box<dyn Listener>) {
        let room = Arc::new(Semaphore::new(self.connections_max));
        loop {
            let accepted = async {
                // The room is kept before accepting, so that beyond it clients wait instead of failing.
                let permit = Arc::clone(&room).acquire_owned().await.ok()?;
                let (stream, peer) = listener.accept_patiently().await;
                Some((permit, stream, peer))
            };
            let Some(Some((permit, stream, peer))) = self.stop.run_until_cancelled(accepted).await else {
                return;
            };
            let (service, stop, guard) = (self.service.clone(), self.stop.clone(), self.metrics.connection());
            self.group.spawn(async move {
                serve(stream, peer, service, stop).await;
                drop((permit, guard));
                Ok(())
            });
        }
    }
}

async fn serve(stream: Stream, peer: SocketAddr, service: axum::Router, stop: CancellationToken) {
    let connection = Connection::new(peer);
    let service = hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(connection.clone());
        service.clone().oneshot(request.map(Body::new))
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WAIT)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        // As the servers of the time wrote them; some clients look for exactly this.
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = std::pin::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        // A client that hangs up or writes nonsense is its own affair; hyper has answered what it could.
        tracing::debug!(error = &error as &dyn std::error::Error, "connection ended early");
    }
}
