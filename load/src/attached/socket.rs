//! The connection of an attachment, with small buffers: thousands share this process.

use crate::router::Line;
use crate::{Error, Router};
use attachment::limits::SERVER_FRAME_BYTES_MAX;
use attachment::{ClientFrame, CloseCode, PATH, SUBPROTOCOL, ServerFrame};
use futures_util::{SinkExt, StreamExt};
use std::time::Duration;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};

/// How long the router may take to answer.
const WAIT: Duration = Duration::from_secs(20);
/// Octets of the buffer to read into.
const BUFFER_BYTES: usize = 2_048;

/// A WebSocket.
pub(super) struct Socket {
    stream: WebSocketStream<Line>,
}

/// What comes on it.
pub(super) enum Heard {
    /// A frame.
    Frame(Box<ServerFrame>),
    /// A sign of life.
    Life,
    /// The answer to a log-off.
    Farewell,
}

/// Why there is no WebSocket.
pub(super) enum Refused {
    /// There is no room, and there may be some later.
    Later(Duration),
    /// The router hung up in the middle.
    Lost(Error),
    /// Anything else.
    Failed(Error),
}

/// Whether a router that ends at that moment looks like this.
fn is_lost(error: &tungstenite::Error) -> bool {
    use tungstenite::error::ProtocolError::HandshakeIncomplete;
    matches!(
        error,
        tungstenite::Error::Io(_) | tungstenite::Error::Protocol(HandshakeIncomplete)
    )
}

impl Socket {
    pub(super) async fn open(router: &Router) -> Result<Self, Refused> {
        let stream = router.connect().await.map_err(Refused::Failed)?;
        let error = |said: String| Error::NoAttachment {
            router: router.to_string(),
            said,
        };
        let failed = |said: String| Refused::Failed(error(said));
        let request = format!("ws://{router}{PATH}").into_client_request();
        let mut request = request.map_err(|error| failed(error.to_string()))?;
        let headers = request.headers_mut();
        headers.insert(
            header::SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static(SUBPROTOCOL),
        );
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(SERVER_FRAME_BYTES_MAX))
            .max_frame_size(Some(SERVER_FRAME_BYTES_MAX));
        let opening = tokio_tungstenite::client_async_with_config(request, stream, Some(config));
        match timeout(WAIT, opening).await {
            Ok(Ok((stream, _))) => Ok(Self { stream }),
            Ok(Err(tungstenite::Error::Http(answer))) => {
                let later = answer.headers().get(header::RETRY_AFTER);
                let later = later.and_then(|value| value.to_str().ok()?.trim().parse().ok());
                Err(later.map_or_else(
                    || failed(format!("it answers {}", answer.status())),
                    |seconds| Refused::Later(Duration::from_secs(seconds)),
                ))
            }
            Ok(Err(broken)) if is_lost(&broken) => Err(Refused::Lost(error(broken.to_string()))),
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(_) => Err(failed("it does not answer".to_owned())),
        }
    }

    /// Sends a frame.
    pub(super) async fn say(&mut self, frame: &ClientFrame) -> Result<(), String> {
        let said = timeout(WAIT, self.stream.send(Message::text(frame.write()))).await;
        match said {
            Ok(said) => said.map_err(|error| error.to_string()),
            Err(_) => Err("the router does not read".to_owned()),
        }
    }

    /// What comes next. May be dropped at any time.
    pub(super) async fn next(&mut self) -> Result<Heard, String> {
        match self.stream.next().await {
            Some(Ok(Message::Text(text))) => match ServerFrame::read(&text) {
                Ok(frame) => Ok(Heard::Frame(Box::new(frame))),
                Err(error) => Err(format!("a frame of the router: {error}")),
            },
            Some(Ok(Message::Close(Some(close)))) if u16::from(close.code) == CloseCode::LoggedOff.code() => {
                Ok(Heard::Farewell)
            }
            Some(Ok(Message::Close(Some(close)))) => {
                Err(format!("closed with {}: {}", u16::from(close.code), close.reason))
            }
            Some(Ok(Message::Close(None))) | None => Err("the connection was closed".to_owned()),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_))) => {
                Ok(Heard::Life)
            }
            Some(Err(error)) => Err(error.to_string()),
        }
    }

    /// The next frame, which must come soon.
    pub(super) async fn frame(&mut self) -> Result<ServerFrame, String> {
        let frame = async {
            loop {
                if let Heard::Frame(frame) = self.next().await? {
                    return Ok(*frame);
                }
            }
        };
        let heard = timeout(WAIT, frame).await;
        heard.unwrap_or_else(|_| Err("the router does not answer".to_owned()))
    }
}
