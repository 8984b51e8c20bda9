//! Accepts clients' connections and serves requests on them: HTTP/1.1 as the clients of the time speak it, and
//! HTTP/2 to who negotiates it over TLS.
//!
//! A connection is a session here, and their number is capped: one too many is told so and when to come back,
//! and whoever is in stays in.

mod door;
mod http2;
mod proxies;

pub use proxies::Proxies;

use crate::connection::{Connection, Place};
use crate::front;
use crate::metrics::Metrics;
use crate::strangers::Strangers;
use crate::tls::{self, Offer, Tls};
use axum::body::Body;
use daemon::{Group, Listener, Stream};
use door::Door;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use proxies::Gate;
use rvp::Fault;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// How long a client may take to shake hands.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(10);
/// How long a request's head may take, and how long a connection may be idle before it.
const HEAD_WAIT: Duration = Duration::from_secs(60);
/// The same for one that is turned away.
const TURNED_AWAY_WAIT: Duration = Duration::from_secs(5);
/// Connections that are being turned away at once; beyond this they are closed without a word.
const TURNED_AWAY_MAX: usize = 512;
/// Header lines of one request.
const HEADERS_MAX: usize = 64;
/// Octets of a request's head.
const HEAD_BYTES_MAX: u16 = 32 * 1024;
/// From here on an operator is warned, in percent of the cap; and below the other one no more.
const WARN_PERCENT: [usize; 2] = [85, 80];

/// What the accept loop needs.
pub(crate) struct Accept {
    pub(crate) name: String,
    pub(crate) strangers: Strangers,
    pub(crate) service: axum::Router,
    /// What clients must speak, if it is not plain HTTP.
    pub(crate) tls: Option<Tls>,
    /// Who may connect.
    pub(crate) proxies: Proxies,
    pub(crate) connections_max: usize,
    pub(crate) metrics: Metrics,
    pub(crate) group: Group,
    pub(crate) stop: CancellationToken,
}

impl Accept {
    /// Accepts until told to stop; then open connections finish the request they are at.
    pub(crate) async fn run(self, mut listener: Box<dyn Listener>) {
        let room = Arc::new(Semaphore::new(self.connections_max));
        let turned_away = Arc::new(Semaphore::new(TURNED_AWAY_MAX));
        let mut gate = Gate::new(self.proxies.clone());
        let mut warned = false;
        let mut door = Door::new();
        loop {
            let accepted = self.stop.run_until_cancelled(listener.accept_patiently()).await;
            let Some((stream, peer)) = accepted else { return };
            if !gate.admits(peer, &self.name, &self.metrics) {
                continue;
            }
            let (shake, stop) = (self.shake(), self.stop.clone());
            if let Ok(permit) = Arc::clone(&room).try_acquire_owned() {
                let place = Place::new(permit, self.metrics.connection());
                let (service, connection) = (self.service.clone(), Connection::new(peer, place));
                let group = self.group.clone();
                self.group.spawn(async move {
                    match shake.hands(stream, Offer::All, HANDSHAKE_WAIT).await {
                        Some(Secured::Http1(stream)) => serve(stream, connection, service, stop).await,
                        Some(Secured::Http2(stream)) => {
                            let given = (connection, service);
                            http2::serve(stream, given, (group, stop)).await;
                        }
                        None => {}
                    }
                    Ok(())
                });
            } else {
                self.metrics.turned_away();
                if let Ok(permit) = Arc::clone(&turned_away).try_acquire_owned() {
                    self.group.spawn(async move {
                        let wait = TURNED_AWAY_WAIT;
                        if let Some(Secured::Http1(stream)) = shake.hands(stream, Offer::Http1, wait).await {
                            turn_away(stream, stop).await;
                        }
                        drop(permit);
                        Ok(())
                    });
                }
            }
            self.warn(self.connections_max - room.available_permits(), &mut warned);
            door.opens(self.strangers.crowd()).await;
        }
    }

    fn shake(&self) -> Shake {
        Shake {
            tls: self.tls.clone(),
            metrics: self.metrics.clone(),
            stop: self.stop.clone(),
        }
    }

    fn warn(&self, connections: usize, warned: &mut bool) {
        let percent = connections * 100 / self.connections_max.max(1);
        let nearly_full = percent >= WARN_PERCENT[usize::from(*warned)];
        self.metrics.nearly_full(nearly_full);
        if nearly_full != *warned {
            *warned = nearly_full;
            if nearly_full {
                tracing::warn!(
                    router = self.name,
                    connections,
                    "more than 85 % of the sessions that may be are there, add a router"
                );
            } else {
                tracing::info!(
                    router = self.name,
                    connections,
                    "there is room for sessions again"
                );
            }
        }
    }
}

/// What a connection needs before anything is asked on it.
struct Shake {
    tls: Option<Tls>,
    metrics: Metrics,
    stop: CancellationToken,
}

/// A connection that is as safe as it is to be, by what is spoken on it.
enum Secured {
    Http1(Stream),
    Http2(Stream),
}

impl Shake {
    /// Shakes hands, if there is TLS. None if the client does not do so in time, or we are to stop.
    async fn hands(self, stream: Stream, offer: Offer, wait: Duration) -> Option<Secured> {
        let Some(tls) = self.tls else {
            return Some(Secured::Http1(stream));
        };
        let accepting = tokio::time::timeout(wait, tls.accept(stream, offer));
        let accepted = self.stop.run_until_cancelled(accepting).await?;
        match accepted.map_err(Into::into).flatten() {
            Ok(stream) if tls::is_http_2(&stream) => Some(Secured::Http2(Box::new(stream))),
            Ok(stream) => Some(Secured::Http1(Box::new(stream))),
            Err(error) => {
                // Whoever scans ports is no news to an operator.
                self.metrics.failed_handshake();
                tracing::debug!(error = &error as &dyn std::error::Error, "no TLS came about");
                None
            }
        }
    }
}

fn builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX.into())
        // As the servers of the time wrote them; some clients look for exactly this.
        .title_case_headers(true);
    builder
}

async fn serve(stream: Stream, connection: Connection, service: axum::Router, stop: CancellationToken) {
    let service = hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(connection.clone());
        service.clone().oneshot(request.map(Body::new))
    });
    let serving = builder()
        .header_read_timeout(HEAD_WAIT)
        .serve_connection(TokioIo::new(stream), service)
        // What becomes an attachment is one from then on.
        .with_upgrades();
    let mut serving = std::pin::pin!(serving);
    ended(tokio::select! {
        ended = serving.as_mut() => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    });
}

fn ended(how: hyper::Result<()>) {
    if let Err(error) = how {
        // A client that hangs up or writes nonsense is its own affair; hyper has answered what it could.
        tracing::debug!(error = &error as &dyn std::error::Error, "connection ended early");
    }
}

/// Answers one request: there is no room, and when there may be.
async fn turn_away(stream: Stream, stop: CancellationToken) {
    let service = hyper::service::service_fn(async |_: hyper::Request<hyper::body::Incoming>| {
        Ok::<_, Infallible>(front::finish(Fault::Full.write()))
    });
    let serving = builder()
        .keep_alive(false)
        .header_read_timeout(TURNED_AWAY_WAIT)
        .serve_connection(TokioIo::new(stream), service);
    let serving = tokio::time::timeout(TURNED_AWAY_WAIT, serving);
    // Whether it was heard is the client's own affair.
    let _heard = stop.run_until_cancelled(serving).await;
}

#[cfg(test)]
#[path = "listener_tests.rs"]
mod tests;

#[cfg(test)]
mod tls_tests;
