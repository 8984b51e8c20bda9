//! People's clients: requests with Digest credentials, over connections that are used again.

use crate::server::PASSWORD;
use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use md5::{Digest, Md5};
use rvp::access::{Credentials, Entry, Right, Who};
use rvp::credentials::{Authorization, DigestAnswer, DigestQop};
use rvp::method::proppatch::{Patch, StatePatch};
use rvp::method::{Acl, Notify, Proppatch, Subscribe};
use rvp::mime::Mime;
use rvp::notification::{AckType, MessageKind, Notification, compose};
use rvp::property::Lease;
use rvp::{
    AccessList, CallBack, ClientUrl, Credential, Identity, Lifetime, Method, PresenceState, Principal,
    Request, SubscriptionKind,
};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use tokio::net::TcpStream;

/// The clients of everybody.
pub(crate) struct Client {
    server: SocketAddr,
    call_back_port: u16,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
    nonce: Mutex<Option<String>>,
}

impl Client {
    pub(crate) fn new(server: SocketAddr, call_back_port: u16) -> Result<Self> {
        Ok(Self {
            server,
            call_back_port,
            idle: Mutex::default(),
            nonce: Mutex::default(),
        })
    }

    /// Logs a person on with a call-back and the state online.
    pub(crate) async fn log_on(&self, person: &Principal) -> Result<()> {
        let url = format!("http://127.0.0.1:{}/{}", self.call_back_port, person.name());
        let call_back = CallBack::Client(ClientUrl::parse(&url)?);
        let (kind, lifetime) = (SubscriptionKind::Login, Lifetime(14_400));
        let login = Method::Subscribe(Subscribe::New {
            kind,
            call_back,
            lifetime,
        });
        self.ask(person, person, login, 200).await?;
        let lease = Lease {
            default: PresenceState::Offline,
            timeout: Lifetime(1_200),
        };
        let online = StatePatch {
            state: PresenceState::Online,
            lease: Some(lease),
            view: None,
        };
        let patch = Method::Proppatch(Proppatch {
            patches: vec![Patch::State(online)],
        });
        self.ask(person, person, patch, 207).await
    }

    /// Lets a person watch another.
    pub(crate) async fn watch(&self, watcher: &Principal, presentity: &Principal) -> Result<()> {
        let call_back = CallBack::Principal(watcher.clone());
        let (kind, lifetime) = (SubscriptionKind::Property, Lifetime(14_400));
        let watch = Method::Subscribe(Subscribe::New {
            kind,
            call_back,
            lifetime,
        });
        self.ask(watcher, presentity, watch, 207).await
    }

    /// Sends a message and waits until the recipient's client has acknowledged it.
    #[allow(dead_code, reason = "used by the programs that share this client")]
    pub(crate) async fn say(&self, from: &Principal, to: &Principal, text: &str) -> Result<()> {
        self.ask(from, to, message(from, to, text)?, 200).await
    }

    /// Sends a message, and says how it was answered.
    #[allow(dead_code, reason = "used by the programs that share this client")]
    pub(crate) async fn send(&self, from: &Principal, to: &Principal, text: &str) -> Result<u16> {
        self.status(from, to, message(from, to, text)?).await
    }

    /// Tells everybody who watches that a person is busy.
    #[allow(dead_code, reason = "used by the tests that share this client")]
    pub(crate) async fn set_busy(&self, person: &Principal) -> Result<()> {
        self.set(person, PresenceState::Busy).await
    }

    /// Tells everybody who watches a person's state.
    #[allow(dead_code, reason = "used by the programs that share this client")]
    pub(crate) async fn set(&self, person: &Principal, state: PresenceState) -> Result<()> {
        let patch = StatePatch {
            state,
            lease: None,
            view: None,
        };
        let patch = Method::Proppatch(Proppatch {
            patches: vec![Patch::State(patch)],
        });
        self.ask(person, person, patch, 207).await
    }

    /// Lets a person refuse messages of another, and hide from them.
    #[allow(dead_code, reason = "used by the tests that share this client")]
    pub(crate) async fn block(&self, person: &Principal, other: &Principal) -> Result<()> {
        let entry = Entry {
            who: Who::One(Identity::Person(other.clone())),
            credentials: Credentials::Listed([Credential::Digest].into()),
            grant: [].into(),
            deny: [Right::SendTo, Right::Presence].into(),
        };
        let change = Acl::Change(AccessList { entries: vec![entry] });
        self.ask(person, person, Method::Acl(change), 200).await
    }

    async fn ask(&self, from: &Principal, target: &Principal, method: Method, expected: u16) -> Result<()> {
        let name = method.name();
        let status = self.status(from, target, method).await?;
        ensure!(status == expected, "{name} was answered {status}");
        Ok(())
    }

    async fn status(&self, from: &Principal, target: &Principal, method: Method) -> Result<u16> {
        let name = method.name();
        let request = Request {
            target: target.clone(),
            from: Some(Identity::Person(from.clone())),
            method,
        }
        .write();
        for _ in 0..2 {
            let mut request = request.clone().map(Full::new);
            if let Some(nonce) = self.nonce() {
                let answer = digest(from, &nonce, name, request.uri().path());
                request
                    .headers_mut()
                    .insert(AUTHORIZATION, Authorization::Digest(answer).write());
            }
            let (status, challenges) = self.exchange(request).await?;
            if status != 401 {
                return Ok(status);
            }
            let challenge = challenges
                .iter()
                .find(|each| each.starts_with("Digest"))
                .context("find a challenge")?;
            let nonce = challenge
                .split("nonce=\"")
                .nth(1)
                .and_then(|rest| rest.split('"').next());
            *self.nonce.lock().unwrap_or_else(PoisonError::into_inner) = nonce.map(str::to_owned);
        }
        anyhow::bail!("{name} was not authenticated")
    }

    fn nonce(&self) -> Option<String> {
        self.nonce.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn exchange(&self, request: http::Request<Full<Bytes>>) -> Result<(u16, Vec<String>)> {
        let mut connection = self.connection().await?;
        let answer = connection.send_request(request).await.context("ask the server")?;
        let status = answer.status().as_u16();
        let challenges = answer.headers().get_all(WWW_AUTHENTICATE).iter();
        let challenges = challenges
            .filter_map(|value| value.to_str().ok().map(str::to_owned))
            .collect();
        answer.into_body().collect().await.context("read the answer")?;
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        Ok((status, challenges))
    }

    fn take_idle(&self) -> Option<SendRequest<Full<Bytes>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    #[allow(clippy::disallowed_methods, reason = "a connection ends with the program")]
    async fn connection(&self) -> Result<SendRequest<Full<Bytes>>> {
        while let Some(mut connection) = self.take_idle() {
            if connection.ready().await.is_ok() {
                return Ok(connection);
            }
        }
        let stream = TcpStream::connect(self.server)
            .await
            .context("connect to the server")?;
        stream.set_nodelay(true)?;
        let (connection, driver) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(driver);
        Ok(connection)
    }
}

fn message(from: &Principal, to: &Principal, text: &str) -> Result<Method> {
    let (from, to) = (Identity::Person(from.clone()), Identity::Person(to.clone()));
    let mime = Mime {
        kind: MessageKind::Text,
        session_id: "{8E0B1C52-4D63-4B1E-9C5A-2F6D1A7B3C90}".to_owned(),
        format: None,
        typing_user: None,
        text: text.to_owned(),
    };
    Ok(Method::Notify(Notify {
        ack: AckType::DeepOr,
        hop: 1,
        subscription: None,
        id: None,
        notification: Notification::parse(compose(&from, &[to], &mime))?,
    }))
}

fn digest(person: &Principal, nonce: &str, method: &str, uri: &str) -> DigestAnswer {
    let hex = |text: String| -> String {
        Md5::digest(text)
            .iter()
            .map(|octet| format!("{octet:02x}"))
            .collect()
    };
    let realm = person.domain_str();
    let ha1 = hex(format!("{}:{realm}:{PASSWORD}", person.name()));
    let ha2 = hex(format!("{method}:{uri}"));
    let (nc, cnonce) = ("00000001".to_owned(), "7b1d".to_owned());
    let response = hex(format!("{ha1}:{nonce}:{nc}:{cnonce}:auth:{ha2}"));
    DigestAnswer {
        username: person.name().to_owned(),
        realm: realm.to_owned(),
        nonce: nonce.to_owned(),
        uri: uri.to_owned(),
        response,
        qop: Some(DigestQop { nc, cnonce }),
    }
}
