//! The connection of a client, octet by octet.

use crate::wait::within;
use anyhow::{Context, bail, ensure};
use attachment::scram::{Conversation, Keys};
use attachment::{ClientFrame, CloseCode, PATH, Proof, SUBPROTOCOL, ServerFrame, Welcome};
use futures_util::{SinkExt, StreamExt};
use std::fmt;
use std::net::SocketAddr;
use std::sync::OnceLock;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Octets;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// A bare connection, before anybody has said who they are.
pub struct Socket<S = TcpStream> {
    inner: WebSocketStream<S>,
}

/// Why nobody is logged on.
#[derive(Debug)]
pub enum NoWelcome {
    /// This was answered in place of a welcome.
    Answer(Box<ServerFrame>),
    /// The connection was closed, with this code if it had one.
    Closed(Option<u16>),
}

impl fmt::Display for NoWelcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(frame) => write!(f, "{frame:?}"),
            Self::Closed(code) => write!(f, "closed with {code:?}"),
        }
    }
}

impl std::error::Error for NoWelcome {}

/// What comes on a connection.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum Came {
    /// A frame.
    Frame(ServerFrame),
    /// The end, with its code if it had one.
    End(Option<u16>),
}

impl Socket {
    /// Opens a connection to a router.
    ///
    /// # Errors
    /// When it is not let in.
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        Self::open_from(address, None).await
    }

    /// The same from a page in a browser.
    ///
    /// # Errors
    /// When it is not let in.
    pub async fn open_from(address: SocketAddr, origin: Option<&str>) -> anyhow::Result<Self> {
        let opening = async { Self::over(TcpStream::connect(address).await?, address, origin).await };
        within("a WebSocket", opening).await?
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// Opens one over a connection to a router, of whatever kind.
    ///
    /// # Errors
    /// When it is not let in.
    pub async fn over(stream: S, host: impl fmt::Display, origin: Option<&str>) -> anyhow::Result<Self> {
        let mut request = format!("ws://{host}{PATH}").into_client_request()?;
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", SUBPROTOCOL.parse()?);
        if let Some(origin) = origin {
            headers.insert("origin", origin.parse()?);
        }
        let (inner, answer) = tokio_tungstenite::client_async(request, stream).await?;
        let protocol = answer.headers().get("sec-websocket-protocol");
        ensure!(protocol.is_some_and(|it| it == SUBPROTOCOL), "another protocol");
        Ok(Self { inner })
    }

    /// Says anything.
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn say(&mut self, text: &str) -> anyhow::Result<()> {
        Ok(self.inner.send(Octets::text(text)).await?)
    }

    /// Sends what is no text.
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn say_octets(&mut self, octets: &[u8]) -> anyhow::Result<()> {
        Ok(self.inner.send(Octets::binary(octets.to_vec())).await?)
    }

    /// What comes next.
    ///
    /// # Errors
    /// When nothing comes in time, or no frame.
    pub async fn hear(&mut self) -> anyhow::Result<Came> {
        loop {
            let next = within("a frame", self.inner.next()).await?;
            match next {
                Some(Ok(Octets::Text(text))) => {
                    let frame = ServerFrame::read(&text)?;
                    ensure!(frame != ServerFrame::Unknown, "an unknown frame: {text}");
                    return Ok(Came::Frame(frame));
                }
                Some(Ok(Octets::Close(close))) => return Ok(Came::End(close.map(|close| close.code.into()))),
                Some(Ok(Octets::Ping(_) | Octets::Pong(_) | Octets::Frame(_))) => {}
                Some(Ok(Octets::Binary(_))) => bail!("octets"),
                Some(Err(_)) | None => return Ok(Came::End(None)),
            }
        }
    }

    /// The connection is closed with this code, whatever comes before.
    ///
    /// # Errors
    /// When it is not.
    pub async fn ends(&mut self, code: CloseCode) -> anyhow::Result<()> {
        loop {
            if let Came::End(ended) = self.hear().await? {
                ensure!(ended == Some(code.code()), "{ended:?} instead of {}", code.code());
                return Ok(());
            }
        }
    }

    async fn authenticate(&mut self, request: u32, proof: Proof) -> anyhow::Result<ServerFrame> {
        self.say(&ClientFrame::Authenticate { request, proof }.write())
            .await?;
        match self.hear().await? {
            Came::Frame(frame) => {
                ensure!(
                    frame.request() == Some(request),
                    "{frame:?} answers another request"
                );
                Ok(frame)
            }
            Came::End(code) => bail!(NoWelcome::Closed(code)),
        }
    }

    /// Logs on with a name and a password, and checks that the server knows the account.
    ///
    /// # Errors
    /// With the answer, when it is no welcome.
    pub async fn with_password(&mut self, name: &str, password: &str) -> anyhow::Result<Welcome> {
        self.with_keys(name, password, &OnceLock::new()).await
    }

    /// The same with keys that are kept, once they were derived.
    ///
    /// # Errors
    /// With the answer, when it is no welcome: [`NoWelcome`].
    pub async fn with_keys(
        &mut self,
        name: &str,
        password: &str,
        keys: &OnceLock<Keys>,
    ) -> anyhow::Result<Welcome> {
        let nonce = format!("{:032x}", rand::random::<u128>());
        let conversation = Conversation::new(name, password, &nonce);
        let answer = self
            .authenticate(1, Proof::ScramFirst(conversation.first()))
            .await?;
        let ServerFrame::Challenge { scram, .. } = answer else {
            bail!(NoWelcome::Answer(answer.into()));
        };
        let derived = match keys.get() {
            Some(_) => None,
            None => Some(Keys::derive(password, &scram)?),
        };
        let keys = keys.get_or_init(|| derived.expect("it was derived just now"));
        let (last, unproved) = conversation.answer_with(&scram, keys)?;
        let welcome = welcome(self.authenticate(2, Proof::ScramFinal(last)).await?)?;
        unproved.verify(welcome.scram.as_deref().context("the server proves nothing")?)?;
        Ok(welcome)
    }

    /// Logs on with a token, or goes on with a session.
    ///
    /// # Errors
    /// With the answer, when it is no welcome: [`NoWelcome`].
    pub async fn with(&mut self, proof: Proof) -> anyhow::Result<Welcome> {
        welcome(self.authenticate(1, proof).await?)
    }
}

fn welcome(answer: ServerFrame) -> anyhow::Result<Welcome> {
    if let ServerFrame::Welcome(welcome) = answer {
        Ok(welcome)
    } else {
        bail!(NoWelcome::Answer(answer.into()))
    }
}
