//! One connection to a router: a WebSocket, over TLS where the URL says so.

mod certified;

pub(crate) use certified::trust_only;

use super::servers::ServerUrl;
use super::session::Ended;
use anyhow::{Context, Result, ensure};
use attachment::limits::SERVER_FRAME_BYTES_MAX;
use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Response, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

/// How long a server that does not read may hold up what is sent.
const SEND_WAIT: Duration = attachment::limits::SILENCE_MAX;

/// How connections are made.
#[derive(Clone)]
pub(super) struct Connecting {
    tls: Arc<ClientConfig>,
}

/// A connection.
pub(super) struct Connection {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// What comes on it.
pub(super) enum Heard {
    /// A frame.
    Text(String),
    /// A sign of life.
    Life,
}

impl Connecting {
    /// Trusts only those who have the certificate of a file, as [`trust_only`] says.
    ///
    /// # Errors
    /// The file has none.
    pub(super) fn to_certified(file: &Path) -> Result<Self> {
        let tls = trust_only(file)?;
        Ok(Self { tls })
    }

    /// Trusts as [`trust`] says.
    ///
    /// # Errors
    /// The file has no certificates.
    pub(super) fn new(ca: Option<&Path>) -> Result<Self> {
        let tls = trust(ca, "--ca")?;
        Ok(Self { tls })
    }

    /// Connects. The session bounds how long that may take.
    ///
    /// # Errors
    /// What the session is to be told.
    pub(super) async fn connect(&self, server: &ServerUrl) -> Result<Connection, Ended> {
        let failed = |error: &Error| refused(server, error);
        let request = request(server).map_err(|error| failed(&error))?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(SERVER_FRAME_BYTES_MAX))
            .max_frame_size(Some(SERVER_FRAME_BYTES_MAX));
        let connector = Connector::Rustls(Arc::clone(&self.tls));
        let connecting = connect_async_tls_with_config(request, Some(config), true, Some(connector));
        let (socket, _) = Box::pin(connecting).await.map_err(|error| failed(&error))?;
        Ok(Connection { socket })
    }
}

/// Trusts whoever this system trusts, or only the authorities of a file, which was given with this option.
///
/// # Errors
/// The file has no certificates.
pub(crate) fn trust(ca: Option<&Path>, option: &str) -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    if let Some(file) = ca {
        let cannot = || format!("read the certificates of {option} {}", file.display());
        let certificates = CertificateDer::pem_file_iter(file).with_context(cannot)?;
        for certificate in certificates {
            roots
                .add(certificate.with_context(cannot)?)
                .with_context(cannot)?;
        }
        ensure!(
            !roots.is_empty(),
            "there is no certificate in {option} {}: it must be PEM",
            file.display()
        );
    } else {
        // A system with a certificate that cannot be read still has others.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("set TLS up")?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn request(server: &ServerUrl) -> Result<Request, Error> {
    let mut request = server.uri().clone().into_client_request()?;
    let protocol = HeaderValue::from_static(attachment::SUBPROTOCOL);
    request
        .headers_mut()
        .insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    Ok(request)
}

/// Why there is no connection, for people.
fn refused(server: &ServerUrl, error: &Error) -> Ended {
    let Error::Http(response) = error else {
        return Ended::because(format!("cannot connect to {server}: {error}"));
    };
    let mut ended = Ended::because(format!("{server} answers {}", response.status()));
    ended.retry_after = retry_after(response);
    ended
}

fn retry_after<B>(response: &Response<B>) -> Option<Duration> {
    let value = response.headers().get(header::RETRY_AFTER)?;
    let seconds = value.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

impl Connection {
    /// What comes next. May be dropped at any time.
    ///
    /// # Errors
    /// How it ended.
    pub(super) async fn next(&mut self) -> Result<Heard, Ended> {
        match self.socket.next().await {
            Some(Ok(Message::Text(text))) => Ok(Heard::Text(text.as_str().to_owned())),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_))) => {
                Ok(Heard::Life)
            }
            Some(Ok(Message::Close(Some(frame)))) => Err(Ended {
                code: Some(frame.code.into()),
                reason: frame.reason.as_str().to_owned(),
                retry_after: None,
            }),
            Some(Ok(Message::Close(None))) | None => Err(Ended::because("the connection was closed")),
            Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) => {
                Err(Ended::because("the connection was lost"))
            }
            Some(Err(error)) => Err(Ended::because(format!("the connection was lost: {error}"))),
        }
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// How the connection ended.
    pub(super) async fn send(&mut self, text: String) -> Result<(), Ended> {
        match tokio::time::timeout(SEND_WAIT, self.socket.send(Message::text(text))).await {
            Ok(Ok(())) => Ok(()),
            // The close frame that was meant to be read says more.
            Ok(Err(Error::ConnectionClosed | Error::AlreadyClosed)) => Ok(()),
            Ok(Err(error)) => Err(Ended::because(format!("the connection was lost: {error}"))),
            Err(_) => Err(Ended::because("the server does not read")),
        }
    }

    /// Says that it is not needed any more. Nothing depends on it.
    pub(super) async fn close(mut self) {
        let _ = tokio::time::timeout(Duration::from_secs(1), self.socket.close(None)).await;
    }
}
