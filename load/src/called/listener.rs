//! Everybody's call-back listener: one port, where the path says whose client is meant.

use crate::world::World;
use crate::{Error, Router};
use bytes::Bytes;
use daemon::{OnError, Tasks};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rvp::method::Notify;
use rvp::notification::Content;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::timeout;

/// How long one call may take.
const WAIT: Duration = Duration::from_secs(20);
/// Octets of a notification.
const BODY_BYTES_MAX: usize = 256 * 1_024;

/// The listener before anybody logs on.
pub(crate) struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Listens where this machine is seen by the routers: they call nobody else back.
    ///
    /// # Errors
    /// When it cannot listen there.
    pub(crate) async fn bind(router: &Router) -> Result<Self, Error> {
        let failed = |source| Error::System {
            what: "listen for call-backs",
            source,
        };
        let seen = router.dial().await?.local_addr().map_err(failed)?;
        let listener = TcpListener::bind((seen.ip(), 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes calls until the tasks are drained.
    pub(crate) fn serve(self, world: Arc<World>, tasks: &Tasks) {
        let (each, cancelled) = (tasks.group("call-back", OnError::Log), tasks.cancelled());
        tasks.spawn("call-backs", OnError::Log, async move {
            loop {
                let accepted = cancelled.run_until_cancelled(self.listener.accept()).await;
                let Some(accepted) = accepted else {
                    return Ok(());
                };
                // A connection that is lost before it is taken is its caller's affair.
                let Ok((stream, _)) = accepted else {
                    continue;
                };
                let world = Arc::clone(&world);
                let service = service_fn(move |request| take(Arc::clone(&world), request));
                let serving = http1::Builder::new()
                    .keep_alive(false)
                    .serve_connection(TokioIo::new(stream), service);
                each.spawn(async move {
                    // The router finds out by itself that it was not answered.
                    let _ = timeout(WAIT, serving).await;
                    Ok(())
                });
            }
        });
    }
}

async fn take(world: Arc<World>, request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let by = parts.uri.path().trim_matches('/').parse().ok();
    let body = Limited::new(body, BODY_BYTES_MAX).collect().await;
    let taken = match (by, body) {
        (Some(by), Ok(body)) => heard(&world, by, &parts.headers, body.to_bytes()),
        (_, _) => None,
    };
    let mut answer = Response::new(Empty::new());
    if taken.is_none() {
        *answer.status_mut() = StatusCode::BAD_REQUEST;
    }
    Ok(answer)
}

/// Writes down what somebody is told; none when it cannot be read.
fn heard(world: &World, by: u32, headers: &http::HeaderMap, body: Bytes) -> Option<()> {
    let notification = Notify::parse(headers, body).ok()?.notification;
    match &notification.content {
        Content::Message(message) => {
            let from = message.from.person()?.address();
            let text = notification.mime().ok()?.text;
            world.heard(by, &from, &text);
        }
        Content::PropertyChange(change) => {
            if let Some(state) = super::state(&change.properties) {
                world.told(by, &change.from.address(), state);
            }
        }
    }
    Some(())
}
