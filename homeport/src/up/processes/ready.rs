//! Whether a process is ready: asked over HTTP, as a scheduler would.

use anyhow::Result;
use bytes::Bytes;
use daemon::{Network, TokioNetwork};
use futures_util::future::join;
use http_body_util::Empty;
use hyper::header::HOST;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::time::Duration;

/// The longest one answer may take; a process that is just starting is asked again.
const ANSWER_WAIT: Duration = Duration::from_secs(2);

/// What to ask, and where. Answered with 200 by who is ready.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    pub(super) address: SocketAddr,
    pub(super) path: &'static str,
}

impl Probe {
    /// Asks once.
    ///
    /// # Errors
    /// What is missing, in words that go on after a name.
    pub(super) async fn ask(self) -> Result<(), &'static str> {
        match tokio::time::timeout(ANSWER_WAIT, self.get()).await {
            Ok(Ok(StatusCode::OK)) => Ok(()),
            Ok(Ok(_)) => Err("is not ready"),
            Ok(Err(_)) | Err(_) => Err("does not answer"),
        }
    }

    async fn get(self) -> Result<StatusCode> {
        let stream = TokioNetwork.connect_to(&self.address.to_string()).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let request = Request::get(self.path).header(HOST, self.address.to_string());
        let request = request.body(Empty::<Bytes>::new())?;
        let exchange = async move { Ok(sender.send_request(request).await?.status()) };
        // The connection ends with the exchange, which owns the sender.
        join(exchange, connection).await.0
    }
}
