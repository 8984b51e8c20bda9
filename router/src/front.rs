//! The one handler of every request: parse, authenticate, place, forward, answer.

use crate::authenticate::{Authenticate, Unknown};
use crate::call_back::{OwnListeners, Policy};
use crate::canonical::Canonical;
use crate::connection::Connection;
use crate::forward::Forward;
use crate::message_ids::MessageIds;
use crate::metrics::Metrics;
use axum::body::{Body, HttpBody};
use axum::extract::State;
use bytes::Bytes;
use daemon::Clock;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode};
use proto::{Answer, Op};
use rvp::method::Subscribe;
use rvp::{CallBack, Credential, Fault, Method, ParseError, Reply, Request};
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument;

/// How long a body may take to arrive.
const BODY_WAIT: Duration = Duration::from_secs(20);

/// What the handler needs. Cloning copies pointers.
#[derive(Clone)]
pub(crate) struct Front {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) canonical: Canonical,
    pub(crate) authenticate: Authenticate,
    pub(crate) forward: Forward,
    pub(crate) ids: MessageIds,
    pub(crate) policy: Policy,
    /// Listeners of this process, which are never called back.
    pub(crate) own: OwnListeners,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
}

/// Why a request is not answered with a reply.
enum Refused {
    /// Malformed: the client is told what is wrong.
    Malformed(ParseError),
    /// Authentication is needed.
    Challenge(Vec<String>),
    /// Anything else.
    Fault(Fault),
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Unknown> for Refused {
    fn from(unknown: Unknown) -> Self {
        match unknown {
            Unknown::Challenge(challenges) => Self::Challenge(challenges),
            Unknown::Fault(fault) => Self::Fault(fault),
        }
    }
}

/// Answers a request of whatever method.
pub(crate) async fn handle(State(front): State<Front>, request: axum::extract::Request) -> Response<Body> {
    let span = tracing::debug_span!(
        "rvp.request",
        rvp.method = request.method().as_str(),
        status = tracing::field::Empty
    );
    let trace = request
        .headers()
        .get("traceparent")
        .and_then(|value| value.to_str().ok());
    daemon::trace::set_parent(&span, trace);
    front.respond(request).instrument(span).await
}

impl Front {
    async fn respond(&self, request: axum::extract::Request) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let answer = match read(body).await {
            Ok(body) => self.answer(&parts, body).await,
            Err(error) => Err(Refused::Malformed(error)),
        };
        let response = match answer {
            Ok(reply) => reply.write(),
            Err(refused) => refuse(&parts.method, refused),
        };
        tracing::Span::current().record("status", response.status().as_u16());
        self.inner.metrics.request(&parts.method, response.status());
        finish(response)
    }

    async fn answer(&self, parts: &Parts, body: Bytes) -> Result<Reply, Refused> {
        let inner = &self.inner;
        // Set by whoever accepted the connection; without it nobody could be told apart.
        let connection = parts.extensions.get::<Connection>().ok_or(Fault::Internal)?;
        let empty = body.is_empty();
        let mut request = match Request::parse(parts, body) {
            Ok(request) => inner.canonical.request(request),
            Err(error) if empty => return self.refuse_without_body(connection, parts, error).await,
            Err(error) => return Err(Refused::Malformed(error)),
        };
        if !inner.canonical.is_ours(&request.target) {
            return Err(Fault::NoSuchPrincipal.into());
        }
        let now = inner.clock.now();
        let caller = inner
            .authenticate
            .caller(connection, parts, &request, now)
            .await?;
        self.check_call_back(&request.method, connection)?;
        let asserted = caller.credential == Credential::Assertion;
        let challenges = asserted.then(|| inner.authenticate.challenges(&request, now));
        inner.ids.give(&mut request.method);
        let target = request.target.clone();
        let op = Op::Request {
            target: request.target,
            caller,
            login: None,
            method: Box::new(request.method),
        };
        match inner.forward.ask(&target, op).await {
            Ok(Answer::Reply(reply)) => Ok(reply),
            Ok(_) => Err(Fault::Internal.into()),
            Err(fault) => Err(match (fault, challenges) {
                (Fault::Unauthenticated, Some(challenges)) => Refused::Challenge(challenges),
                (fault, _) => fault.into(),
            }),
        }
    }

    /// A request that lacks the body it needs. Clients that wait for a challenge, as Digest and NTLM make
    /// them, first send it without: they are challenged, and only who has authenticated hears that it is
    /// malformed.
    async fn refuse_without_body(
        &self,
        connection: &Connection,
        parts: &Parts,
        error: ParseError,
    ) -> Result<Reply, Refused> {
        // The one method that needs neither body nor headers, so that what remains is whom it is about.
        let mut bare = parts.clone();
        bare.method = http::Method::from_bytes(b"ACL").map_err(|_| Fault::Internal)?;
        let known = matches!(error, ParseError::BadXml(_) | ParseError::BadElement { .. });
        let request = match Request::parse(&bare, Bytes::new()) {
            Ok(request) if known => self.inner.canonical.request(request),
            Ok(_) | Err(_) => return Err(Refused::Malformed(error)),
        };
        if !self.inner.canonical.is_ours(&request.target) {
            return Err(Fault::NoSuchPrincipal.into());
        }
        let now = self.inner.clock.now();
        let caller = self
            .inner
            .authenticate
            .caller(connection, parts, &request, now)
            .await?;
        if caller.credential == Credential::Assertion {
            return Err(Refused::Challenge(
                self.inner.authenticate.challenges(&request, now),
            ));
        }
        Err(Refused::Malformed(error))
    }

    /// A client may be called back only where this listener permits it, and a watcher only at a home of
    /// ours: towards other domains nothing is sent yet.
    fn check_call_back(&self, method: &Method, connection: &Connection) -> Result<(), Fault> {
        let Method::Subscribe(Subscribe::New { call_back, .. }) = method else {
            return Ok(());
        };
        let permitted = match call_back {
            CallBack::Client(url) => {
                self.inner
                    .policy
                    .permits(url, connection.peer().ip(), &self.inner.own.all())
            }
            CallBack::Principal(watcher) => self.inner.canonical.is_ours(watcher),
            // No request can name one, and a router says it itself.
            CallBack::Attachment(_) => false,
        };
        if permitted { Ok(()) } else { Err(Fault::Forbidden) }
    }
}

async fn read(body: Body) -> Result<Bytes, ParseError> {
    // What says beforehand that it is too large is not waited for.
    if body.size_hint().lower() > rvp::limits::BODY_BYTES_MAX as u64 {
        return Err(ParseError::TooLarge);
    }
    let reading = axum::body::to_bytes(body, rvp::limits::BODY_BYTES_MAX);
    match tokio::time::timeout(BODY_WAIT, reading).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) if is_too_large(&error) => Err(ParseError::TooLarge),
        Ok(Err(_)) | Err(_) => Err(ParseError::BadXml("it did not arrive whole")),
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = source {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        source = error.source();
    }
    false
}

fn refuse(method: &http::Method, refused: Refused) -> Response<Bytes> {
    match refused {
        Refused::Malformed(error) => {
            tracing::info!(error = &error as &dyn std::error::Error, "request refused");
            Fault::from(&error).write_because(&error.to_string())
        }
        Refused::Challenge(challenges) => {
            let mut response = Fault::Unauthenticated.write();
            for challenge in challenges {
                if let Ok(value) = HeaderValue::from_str(&challenge) {
                    response.headers_mut().append(WWW_AUTHENTICATE, value);
                }
            }
            response
        }
        Refused::Fault(fault) => {
            let mut response = fault.write();
            *response.status_mut() = status_for(method, fault);
            if response.status() == StatusCode::SERVICE_UNAVAILABLE {
                response.headers_mut().insert(
                    RETRY_AFTER,
                    fault.retry_after().unwrap_or(Fault::RETRY_AFTER_SECONDS).into(),
                );
            }
            response
        }
    }
}

/// The status of a fault, where the method needs another than usual: a message that is not delivered is
/// 412, since clients show nothing for 503 (spec 3.7), and a SUBSCRIBE never sees 500 (spec 3.2).
fn status_for(method: &http::Method, fault: Fault) -> StatusCode {
    match (method.as_str(), fault) {
        (
            "NOTIFY",
            Fault::Busy | Fault::Unavailable | Fault::Full | Fault::LogOnLater { .. } | Fault::Internal,
        ) => StatusCode::PRECONDITION_FAILED,
        ("SUBSCRIBE" | "UNSUBSCRIBE", Fault::Internal) => StatusCode::SERVICE_UNAVAILABLE,
        (_, fault) => fault.status(),
    }
}

/// Puts Exchange's words into the status line (spec 3.1).
pub(crate) fn finish(response: Response<Bytes>) -> Response<Body> {
    let phrase = rvp::reply::reason_phrase(response.status());
    let mut response = response.map(Body::from);
    if let Ok(phrase) = hyper::ext::ReasonPhrase::try_from(phrase.as_bytes().to_vec()) {
        response.extensions_mut().insert(phrase);
    }
    response
}
