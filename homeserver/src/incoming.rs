//! The link listener: connections of the network that was given, as tonic wants them.

use daemon::{Listener, Stream};
use proto::LinkServer;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic::transport::server::Connected;

/// HTTP/2 keepalive, so that callers who vanished without a word are noticed.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(2);
/// How long a keepalive may stay unanswered.
const KEEPALIVE_WAIT: Duration = Duration::from_secs(4);
/// Flow-control window of a link's only stream.
const WINDOW_BYTES: u32 = 4 * 1024 * 1024;

/// Accepts links until told to stop.
pub(crate) async fn serve(
    listener: Box<dyn Listener>,
    links: LinkServer,
    stop: CancellationToken,
) -> Result<(), anyhow::Error> {
    let incoming = futures_util::stream::unfold(listener, |mut listener| async move {
        let (stream, _) = listener.accept_patiently().await;
        Some((Ok::<_, io::Error>(Connection(stream)), listener))
    });
    Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE_EVERY))
        .http2_keepalive_timeout(Some(KEEPALIVE_WAIT))
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .add_service(links.into_service())
        .serve_with_incoming_shutdown(incoming, stop.cancelled_owned())
        .await?;
    Ok(())
}

/// A connection that tells tonic nothing about its peer: the hello does that.
struct Connection(Stream);

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) -> Self::ConnectInfo {}
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(cx)
    }
}
