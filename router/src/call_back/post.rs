//! One NOTIFY to one client's listener: connect, send, read the status, close (spec 7.2).

use bytes::Bytes;
use daemon::Network;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rvp::ClientUrl;
use std::io;
use std::time::Duration;

/// How long connecting may take (spec 7.2).
const CONNECT_WAIT: Duration = Duration::from_secs(3);
/// How long a client may take to answer (spec 3.7).
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// What a client's listener did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Posted {
    /// It answered with this status.
    Answered(http::StatusCode),
    /// Nobody listens there.
    Refused,
    /// No connection in time.
    NotConnected,
    /// A connection, but no answer, or none in time.
    NoAnswer,
}

/// Sends a request on a connection of its own. Clients read one request and close; no keep-alive, no
/// pipelining.
pub(super) async fn post(network: &dyn Network, to: &ClientUrl, request: http::Request<Bytes>) -> Posted {
    let stream = match tokio::time::timeout(CONNECT_WAIT, network.connect(to.host(), to.port())).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) if error.kind() == io::ErrorKind::TimedOut => return Posted::NotConnected,
        Ok(Err(_)) => return Posted::Refused,
        Err(_) => return Posted::NotConnected,
    };
    match tokio::time::timeout(ANSWER_WAIT, exchange(stream, request)).await {
        Ok(Ok(status)) => Posted::Answered(status),
        Ok(Err(_)) | Err(_) => Posted::NoAnswer,
    }
}

async fn exchange(
    stream: daemon::Stream,
    request: http::Request<Bytes>,
) -> Result<http::StatusCode, hyper::Error> {
    let (mut sender, connection) = http1::Builder::new()
        .title_case_headers(true)
        .handshake(TokioIo::new(stream))
        .await?;
    let answer = sender.send_request(request.map(Full::new));
    // The answer may have no length and no body (spec 3.7): its head is all that is waited for, and the
    // connection closes when it is dropped. A client may close before the answer is taken up here, so the
    // end of the connection is not the end of the wait.
    let (mut answer, mut connection) = (std::pin::pin!(answer), std::pin::pin!(connection));
    let answer = tokio::select! {
        biased;
        answer = answer.as_mut() => answer,
        _ended = connection.as_mut() => answer.await,
    };
    answer.map(|answer| answer.status())
}
