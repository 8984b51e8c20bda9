//! Whether processes are ready: asked over HTTP, as a scheduler would.

use anyhow::Result;
use bytes::Bytes;
use daemon::{Network, TokioNetwork};
use futures_util::future::join;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::header::HOST;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::time::Duration;

/// The longest one answer may take; a process that is just starting is asked again.
const ANSWER_WAIT: Duration = Duration::from_secs(2);
/// Of what is missing, a few lines say enough.
const ANSWER_OCTETS_MAX: usize = 4096;

/// What to ask, and where. Answered with 200 by who is ready, and otherwise with what is missing.
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
    pub(super) async fn ask(self) -> Result<(), String> {
        match tokio::time::timeout(ANSWER_WAIT, self.get()).await {
            Ok(Ok((StatusCode::OK, _))) => Ok(()),
            Ok(Ok((_, answer))) => Err(format!("says {}", answer.trim().replace('\n', ", "))),
            Ok(Err(_)) | Err(_) => Err("does not answer yet".to_owned()),
        }
    }

    async fn get(self) -> Result<(StatusCode, String)> {
        let stream = TokioNetwork.connect_to(&self.address.to_string()).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let request = Request::get(self.path).header(HOST, self.address.to_string());
        let request = request.body(Empty::<Bytes>::new())?;
        let exchange = async move {
            let response = sender.send_request(request).await?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER_OCTETS_MAX)
                .collect()
                .await;
            let body = body.map_err(anyhow::Error::from_boxed)?.to_bytes();
            Ok((status, String::from_utf8_lossy(&body).into_owned()))
        };
        // The connection ends with the exchange, which owns the sender.
        let (answer, _) = join(exchange, connection).await;
        answer
    }
}
