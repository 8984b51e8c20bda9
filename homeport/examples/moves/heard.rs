//! Everybody's call-back listener: which messages were heard and how often, and every false "offline".

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;

/// What was heard so far.
pub(crate) struct Heard {
    pub(crate) port: u16,
    /// By number of the message: how often.
    messages: Mutex<HashMap<u64, u32>>,
    changes: AtomicU64,
    offline: AtomicU64,
}

impl Heard {
    pub(crate) async fn start() -> Result<Arc<Self>> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let heard = Arc::new(Self {
            port: listener.local_addr()?.port(),
            messages: Mutex::default(),
            changes: AtomicU64::new(0),
            offline: AtomicU64::new(0),
        });
        let all = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let heard = Arc::clone(&all);
                let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                    let heard = Arc::clone(&heard);
                    async move {
                        if let Ok(body) = request.into_body().collect().await {
                            heard.hear(&String::from_utf8_lossy(&body.to_bytes()));
                        }
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
        Ok(heard)
    }

    fn hear(&self, body: &str) {
        if let Some(number) = body.split('#').nth(1).and_then(|number| number.parse().ok()) {
            *self.lock().entry(number).or_default() += 1;
        } else {
            self.changes.fetch_add(1, Ordering::Relaxed);
            // Nobody goes offline here.
            let offline = u64::from(body.contains("<r:offline"));
            self.offline.fetch_add(offline, Ordering::Relaxed);
        }
    }

    /// How often a message was heard.
    pub(crate) fn times(&self, number: u64) -> u32 {
        self.lock().get(&number).copied().unwrap_or(0)
    }

    /// Changes of presence, and those to offline among them.
    pub(crate) fn changes(&self) -> (u64, u64) {
        (
            self.changes.load(Ordering::Relaxed),
            self.offline.load(Ordering::Relaxed),
        )
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, u32>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
