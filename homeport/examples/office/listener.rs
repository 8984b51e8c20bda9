//! Everybody's call-back listener: one port, where the path says whose client is meant.

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::TcpListener;

/// The listener, and what it has heard.
pub(crate) struct Listener {
    pub(crate) port: u16,
    messages: Arc<AtomicU64>,
    changes: Arc<AtomicU64>,
}

impl Listener {
    #[allow(clippy::disallowed_methods, reason = "connections end with the program")]
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (messages, changes) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let counted = (Arc::clone(&messages), Arc::clone(&changes));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let counted = counted.clone();
                let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                    let (messages, changes) = counted.clone();
                    async move {
                        let is_message = request.headers().contains_key("rvp-ack-type");
                        // What was sent is counted, not read.
                        let _ = request.into_body().collect().await;
                        let count = if is_message { messages } else { changes };
                        count.fetch_add(1, Ordering::Relaxed);
                        Ok::<_, Infallible>(hyper::Response::new(Empty::<Bytes>::new()))
                    }
                });
                tokio::spawn(
                    http1::Builder::new()
                        .keep_alive(false)
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Ok(Self {
            port,
            messages,
            changes,
        })
    }

    /// Messages heard so far.
    pub(crate) fn messages(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }

    /// Changes of presence heard so far.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }
}
