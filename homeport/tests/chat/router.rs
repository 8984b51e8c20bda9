//! A router of the test's own: the test says each frame itself.

use attachment::scram::{ClientFinal, ClientFirst, ServerFinal, ServerFirst, auth_message};
use attachment::{
    ClientFrame, CloseCode, Message as Sent, PATH, Proof, Received, SUBPROTOCOL, ServerFrame, Welcome, Why,
};
use futures_util::{SinkExt, StreamExt};
use std::net::SocketAddr;
use std::time::Duration;
use store::ScramVerifier;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// The one password.
pub(crate) const PASSWORD: &str = "correct horse é";
const WAIT: Duration = Duration::from_secs(20);

/// Listens for a client.
pub(crate) struct Router {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

/// The router's end of a connection.
pub(crate) struct Peer {
    socket: WebSocketStream<TcpStream>,
    /// What the first frame shows.
    pub(crate) proof: Proof,
    request: u32,
}

impl Router {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { listener, address }
    }

    /// The next connection, with its first frame.
    pub(crate) async fn accept(&self) -> Peer {
        let accepting = async {
            let (stream, _) = self.listener.accept().await.unwrap();
            let mut socket = tokio_tungstenite::accept_hdr_async(stream, agree).await.unwrap();
            let ClientFrame::Authenticate { request, proof } = read(&mut socket).await else {
                panic!("the first frame shows who it is");
            };
            Peer {
                socket,
                proof,
                request,
            }
        };
        tokio::time::timeout(WAIT, accepting)
            .await
            .expect("a client connects")
    }

    /// The next connection, logged on with the password.
    pub(crate) async fn log_on(&self) -> Peer {
        let mut peer = self.accept().await;
        let scram = peer.scram(PASSWORD).await.expect("the proof is right");
        peer.welcome("session-1", false, Some(scram)).await;
        peer
    }
}

#[expect(clippy::result_large_err, reason = "the library calls it so")]
fn agree(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    assert_eq!(request.uri().path(), PATH);
    assert_eq!(request.headers()[header::SEC_WEBSOCKET_PROTOCOL], SUBPROTOCOL);
    let protocol = HeaderValue::from_static(SUBPROTOCOL);
    response
        .headers_mut()
        .insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    Ok(response)
}

async fn read(socket: &mut WebSocketStream<TcpStream>) -> ClientFrame {
    loop {
        match socket.next().await.expect("the client says something").unwrap() {
            Message::Text(text) => {
                let frame = ClientFrame::read(text.as_str()).unwrap();
                frame.check().unwrap();
                return frame;
            }
            Message::Close(_) => panic!("the client closes"),
            Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
}

impl Peer {
    /// The rest of a log-on with this password: the server's last message, if the client knows it too.
    pub(crate) async fn scram(&mut self, password: &str) -> Option<String> {
        let Proof::ScramFirst(first) = &self.proof else {
            panic!("a log-on with the password");
        };
        let first = ClientFirst::parse(first).unwrap();
        let verifier = ScramVerifier::derive(password).unwrap();
        let challenge = ServerFirst {
            nonce: format!("{}server", first.nonce),
            salt: verifier.salt.to_vec(),
            iterations: verifier.iterations,
        };
        let (request, scram) = (self.request, challenge.write());
        self.say(ServerFrame::Challenge { request, scram }).await;
        let ClientFrame::Authenticate {
            request,
            proof: Proof::ScramFinal(last),
        } = self.hear().await
        else {
            panic!("the second step");
        };
        self.request = request;
        let last = ClientFinal::parse(&last).unwrap();
        let signed = auth_message(&first, &challenge, &last);
        let signature = verifier.verify_proof(signed.as_bytes(), &last.proof)?;
        Some(ServerFinal { signature }.write())
    }

    pub(crate) async fn welcome(&mut self, session: &str, resumed: bool, scram: Option<String>) {
        let welcome = Welcome {
            request: self.request,
            address: "alice@im.example.com".to_owned(),
            session: session.to_owned(),
            resumed,
            token: format!("token of {session}"),
            lifetime: 3600,
            heartbeat: 20,
            resume_within: 60,
            requests_max: 32,
            watch_many_max: None,
            scram,
        };
        self.say(ServerFrame::Welcome(welcome)).await;
    }

    /// Refuses the proof, as a router does.
    pub(crate) async fn refuse(&mut self, why: Why, code: CloseCode) {
        let request = self.request;
        let retry_after = None;
        self.say(ServerFrame::Refused {
            request,
            why,
            retry_after,
        })
        .await;
        self.close(code).await;
    }

    pub(crate) async fn say(&mut self, frame: ServerFrame) {
        self.socket.send(Message::text(frame.write())).await.unwrap();
    }

    /// The next frame that is no sign of life.
    pub(crate) async fn hear(&mut self) -> ClientFrame {
        let reading = async {
            loop {
                let frame = read(&mut self.socket).await;
                if frame != (ClientFrame::Ping {}) {
                    return frame;
                }
            }
        };
        tokio::time::timeout(WAIT, reading)
            .await
            .expect("the client says something")
    }

    pub(crate) async fn hear_message(&mut self) -> Sent {
        let frame = self.hear().await;
        let ClientFrame::Message(message) = frame else {
            panic!("a message, not {frame:?}");
        };
        message
    }

    /// Hears a request and says that it is done.
    pub(crate) async fn do_next(&mut self) -> ClientFrame {
        let frame = self.hear().await;
        let request = frame.request().expect("a request");
        self.say(ServerFrame::Done { request }).await;
        frame
    }

    /// Says a message, and hears that it was shown.
    pub(crate) async fn tell(&mut self, sequence: u64, id: &str, text: &str) {
        self.say(ServerFrame::Message(Received {
            sequence,
            id: id.to_owned(),
            from: "bob@im.example.com".to_owned(),
            text: text.to_owned(),
            ..Received::default()
        }))
        .await;
        let left = false;
        assert_eq!(self.hear().await, ClientFrame::Acknowledge { sequence, left });
    }

    /// Does the log-off that is asked for next.
    pub(crate) async fn log_off(mut self) {
        let frame = self.do_next().await;
        assert!(matches!(frame, ClientFrame::LogOff { .. }), "{frame:?}");
        self.close(CloseCode::LoggedOff).await;
    }

    pub(crate) async fn close(&mut self, code: CloseCode) {
        let frame = CloseFrame {
            code: code.code().into(),
            reason: code.reason().into(),
        };
        // The client may be gone already.
        let _ = self.socket.close(Some(frame)).await;
    }
}
