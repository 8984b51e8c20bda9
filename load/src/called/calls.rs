//! Requests of one user: a connection that is used again, and Digest credentials.

use super::Entrance;
use bytes::Bytes;
use http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::response::Parts;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use md5::{Digest, Md5};
use rvp::credentials::{Authorization, DigestAnswer, DigestChallenge, DigestQop};
use rvp::{Identity, Method, Principal, Request};
use std::fmt::Write as _;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// How long an answer may take: longer than a home holds a message's up.
const WAIT: Duration = Duration::from_secs(40);
/// Octets of an answer.
const ANSWER_BYTES_MAX: usize = 256 * 1_024;
/// The first one learns the nonce, or that it is over.
const ATTEMPTS: usize = 3;

/// What was answered.
pub(super) struct Answered {
    pub(super) parts: Parts,
    pub(super) body: Bytes,
}

/// A user's connection.
pub(super) struct Calls {
    entrance: Arc<Entrance>,
    me: u32,
    /// Which router.
    router: usize,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Answered {
    pub(super) fn is_unauthenticated(&self) -> bool {
        self.parts.status == http::StatusCode::UNAUTHORIZED
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        let value = self.parts.headers.get(RETRY_AFTER)?;
        Some(Duration::from_secs(value.to_str().ok()?.trim().parse().ok()?))
    }

    /// The nonce of a challenge.
    fn nonce(&self) -> Option<String> {
        let challenges = self.parts.headers.get_all(WWW_AUTHENTICATE).iter();
        let mut challenges = challenges.filter_map(|value| DigestChallenge::parse(value).ok());
        challenges.next().map(|challenge| challenge.nonce)
    }
}

impl Calls {
    pub(super) fn new(entrance: Arc<Entrance>, me: u32) -> Self {
        let router = me as usize % entrance.routers.len();
        Self {
            entrance,
            me,
            router,
            connection: None,
        }
    }

    /// The connection was lost: the next one is to another router.
    pub(super) fn next_router(&mut self) {
        self.router = (self.router + 1) % self.entrance.routers.len();
        self.connection = None;
    }

    /// Asks, with credentials once the router has said how.
    ///
    /// # Errors
    /// The connection was lost, or there is none.
    pub(super) async fn ask(&mut self, target: &Principal, method: &Method) -> Result<Answered, String> {
        let entrance = Arc::clone(&self.entrance);
        let own = entrance.world.people.person(self.me);
        let request = Request {
            target: target.clone(),
            from: Some(Identity::Person(own.clone())),
            method: method.clone(),
        };
        let written = request.write();
        let nonce = &entrance.nonces[self.router];
        let nonce = || nonce.lock().unwrap_or_else(PoisonError::into_inner);
        let mut attempts = ATTEMPTS;
        loop {
            attempts -= 1;
            let shown = nonce().clone();
            let mut request = written.clone().map(Full::new);
            if let Some(shown) = &shown {
                let path = request.uri().path().to_owned();
                let answer = digest(own, &entrance.password, shown, (method.name(), &path));
                request
                    .headers_mut()
                    .insert(AUTHORIZATION, Authorization::Digest(answer).write());
            }
            let asked = timeout(WAIT, self.exchange(request)).await;
            let answered = asked.unwrap_or_else(|_| Err("the router does not answer".to_owned()));
            let answered = answered.inspect_err(|_| self.connection = None)?;
            match answered.nonce().filter(|_| answered.is_unauthenticated()) {
                // The same once more is no new challenge: the credentials are wrong.
                Some(new) if attempts > 0 && Some(&new) != shown.as_ref() => *nonce() = Some(new),
                Some(_) | None => return Ok(answered),
            }
        }
    }

    async fn exchange(&mut self, request: http::Request<Full<Bytes>>) -> Result<Answered, String> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        if connection.ready().await.is_err() {
            connection = self.connect().await?;
        }
        let answer = connection
            .send_request(request)
            .await
            .map_err(|error| error.to_string())?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| error.to_string())?.to_bytes();
        self.connection = Some(connection);
        Ok(Answered { parts, body })
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, String> {
        let router = &self.entrance.routers[self.router];
        let stream = router.connect().await.map_err(|error| error.to_string())?;
        let opened = http1::handshake(TokioIo::new(stream)).await;
        let (connection, driver) = opened.map_err(|error| error.to_string())?;
        (self.entrance.connections)(Box::pin(async move {
            // What is lost shows where something is asked.
            let _ = driver.await;
        }));
        Ok(connection)
    }
}

fn digest(person: &Principal, password: &str, nonce: &str, (method, uri): (&str, &str)) -> DigestAnswer {
    let realm = person.domain_str();
    let own = hex(&format!("{}:{realm}:{password}", person.name()));
    let asked = hex(&format!("{method}:{uri}"));
    let (nc, cnonce) = ("00000001".to_owned(), format!("{:08x}", rand::random::<u32>()));
    DigestAnswer {
        username: person.name().to_owned(),
        realm: realm.to_owned(),
        nonce: nonce.to_owned(),
        uri: uri.to_owned(),
        response: hex(&format!("{own}:{nonce}:{nc}:{cnonce}:auth:{asked}")),
        qop: Some(DigestQop { nc, cnonce }),
    }
}

fn hex(text: &str) -> String {
    let mut hex = String::with_capacity(32);
    for octet in Md5::digest(text) {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{octet:02x}");
    }
    hex
}
