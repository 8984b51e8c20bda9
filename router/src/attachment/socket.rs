//! The WebSocket under an attachment, and the life of a connection on it.

use super::Attachments;
use super::session::{End, Session};
use super::wire::Wire;
use attachment::CloseCode;
use attachment::limits::CLIENT_FRAME_BYTES_MAX;
use futures_util::{SinkExt, StreamExt};
use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OwnedSemaphorePermit;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

/// What the WebSocket takes from the wire at once, and keeps room for. Enough for most frames of clients.
const READ_BYTES: usize = 64;
/// What may wait in the WebSocket's own buffer, which are answers to signs of life only: frames wait where they are
/// counted.
const WRITE_BYTES_MAX: usize = 4 * 1024;
/// How long a client has to answer a close.
const CLOSE_WAIT: Duration = Duration::from_secs(1);

/// What comes from a client.
pub(super) enum Incoming {
    /// A frame.
    Frame(Utf8Bytes),
    /// A sign of life.
    Sign,
    /// Something for which the connection is closed.
    Bad(CloseCode),
    /// The client is not there any more.
    Gone,
}

/// How frames travel.
pub(super) trait Transport: Send {
    /// What comes next.
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Incoming>;

    /// Writes what was put. Says whether the client is still there.
    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<bool>;

    /// Takes a frame, as it is written, that leaves with the next flush, or earlier where much has come together. Waits
    /// while a client does not read. Says whether it is still there.
    fn put(&mut self, frame: &str) -> impl Future<Output = bool> + Send;

    /// Says why the connection ends, after all that was put, and ends it.
    fn close(&mut self, code: CloseCode) -> impl Future<Output = ()> + Send;

    /// Writes what was put, and waits for what comes next. Nothing is lost when this is dropped and asked again.
    fn receive(&mut self) -> impl Future<Output = Incoming> + Send {
        poll_fn(|context| match self.poll_receive(context) {
            Poll::Ready(incoming) => Poll::Ready(incoming),
            Poll::Pending => match self.poll_flush(context) {
                Poll::Ready(false) => Poll::Ready(Incoming::Gone),
                Poll::Ready(true) | Poll::Pending => Poll::Pending,
            },
        })
    }
}

/// A WebSocket.
pub(super) struct Socket<S> {
    stream: WebSocketStream<Wire<S>>,
    is_flushed: bool,
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket<S> {
    /// The WebSocket on a connection that was upgraded.
    pub(super) async fn new(stream: S) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            // The wire collects what is written.
            .write_buffer_size(0)
            .max_write_buffer_size(WRITE_BYTES_MAX)
            .max_message_size(Some(CLIENT_FRAME_BYTES_MAX))
            .max_frame_size(Some(CLIENT_FRAME_BYTES_MAX));
        let wire = Wire::new(stream);
        Self {
            stream: WebSocketStream::from_raw_socket(wire, Role::Server, Some(config)).await,
            is_flushed: true,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Transport for Socket<S> {
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Incoming> {
        self.stream.poll_next_unpin(context).map(|message| match message {
            Some(Ok(Message::Text(text))) => Incoming::Frame(text),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Incoming::Sign,
            Some(Ok(Message::Binary(_))) => Incoming::Bad(CloseCode::NotText),
            Some(Ok(Message::Close(_))) | None => Incoming::Gone,
            Some(Err(Error::Capacity(CapacityError::MessageTooLong { .. }))) => {
                Incoming::Bad(CloseCode::TooLarge)
            }
            Some(Err(Error::Utf8(_))) => Incoming::Bad(CloseCode::NotUtf8),
            Some(Err(Error::Protocol(_))) => Incoming::Bad(CloseCode::Malformed),
            Some(Err(_)) => Incoming::Gone,
        })
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<bool> {
        if self.is_flushed {
            return Poll::Ready(true);
        }
        let flushed = ready!(self.stream.poll_flush_unpin(context));
        self.is_flushed = true;
        Poll::Ready(flushed.is_ok())
    }

    async fn put(&mut self, frame: &str) -> bool {
        if self.stream.get_ref().is_full() && self.stream.flush().await.is_err() {
            return false;
        }
        self.is_flushed = false;
        // Not by way of the WebSocket, whose buffer would stay as large as the largest frame.
        self.stream.get_mut().put(frame)
    }

    async fn close(&mut self, code: CloseCode) {
        let close = CloseFrame {
            code: code.code().into(),
            reason: Utf8Bytes::from_static(code.reason()),
        };
        let closing = async {
            if self.stream.close(Some(close)).await.is_ok() {
                // Until the client has answered: a connection that ends before loses what it was not read of.
                while let Some(Ok(_)) = self.stream.next().await {}
            }
        };
        // Whether it was heard is the client's own affair.
        let _ = tokio::time::timeout(CLOSE_WAIT, closing).await;
    }
}

impl Attachments {
    /// Serves a client until its connection ends. `stranger` is its place among those that have not shown who they
    /// are.
    pub(super) async fn serve(&self, transport: &mut impl Transport, stranger: OwnedSemaphorePermit) {
        // On the heap, and gone with the log-on: what follows lasts for hours.
        let logged_on = Box::pin(self.log_on(transport)).await;
        drop(stranger);
        let end = match logged_on {
            Ok(session) => self.serve_session(transport, session).await,
            Err(end) => end,
        };
        let label = match end {
            End::Gone => "gone",
            End::Close(code) => {
                Box::pin(transport.close(code)).await;
                code.reason()
            }
        };
        self.parts().metrics.attachment_ended(label);
    }

    /// The session is boxed, since each step on its way here would keep room for it.
    async fn serve_session(&self, transport: &mut impl Transport, mut session: Box<Session>) -> End {
        let counted = self.parts().metrics.attachment();
        let end = session.run(transport).await;
        drop(counted);
        self.end(&session.attached);
        let stays = match end {
            // It was ended there, or is another connection's.
            End::Close(CloseCode::LoggedOff | CloseCode::SessionOver | CloseCode::Resumed) => None,
            // Nobody is to come back by it.
            End::Close(CloseCode::WrongCredentials) => Some(Duration::ZERO),
            End::Gone | End::Close(_) => Some(self.parts().resume_within),
        };
        if let Some(stays) = stays {
            self.tell_detached(&session.attached, session.asker.login, stays);
        }
        if matches!(end, End::Close(CloseCode::LoggedOff)) {
            session.drop_watches();
        }
        end
    }
}

#[cfg(test)]
#[path = "socket_tests.rs"]
mod tests;
