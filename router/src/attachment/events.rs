//! The event stream, for where a WebSocket does not get through: frames come down one long answer, and go up as posts
//! that name the stream. Everything else is as on a WebSocket.

use super::socket::{Incoming, Transport};
use super::upgrade::{answer, busy};
use super::{Attachments, origin};
use crate::connection::Connection;
use attachment::limits::CLIENT_FRAME_BYTES_MAX;
use attachment::{CloseCode, ServerFrame};
use axum::body::Body;
use axum::extract::{Request, State};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Response, StatusCode};
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;

/// Frames of a client that were posted and not read yet.
const POSTED_MAX: usize = 32;
/// Frames to a client that were not sent yet; more wait where they are counted.
const UNSENT_MAX: usize = 4;
/// How long a post may take to arrive.
const BODY_WAIT: Duration = Duration::from_secs(10);

/// The streams that are open, by the names that their clients post to.
#[derive(Default)]
pub(super) struct Streams {
    open: Mutex<HashMap<String, mpsc::Sender<String>>>,
}

/// An event stream.
struct Events {
    posted: mpsc::Receiver<String>,
    sent: mpsc::Sender<Bytes>,
    /// Ready when nobody reads the answer any more.
    left: BoxFuture<'static, ()>,
}

impl Streams {
    fn open(&self) -> MutexGuard<'_, HashMap<String, mpsc::Sender<String>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Events {
    fn new(posted: mpsc::Receiver<String>, sent: mpsc::Sender<Bytes>) -> Self {
        let reader = sent.clone();
        Self {
            posted,
            sent,
            left: Box::pin(async move { reader.closed().await }),
        }
    }
}

impl Transport for Events {
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Incoming> {
        if let Poll::Ready(posted) = self.posted.poll_recv(context) {
            return Poll::Ready(posted.map_or(Incoming::Gone, |text| Incoming::Frame(text.into())));
        }
        self.left.as_mut().poll(context).map(|()| Incoming::Gone)
    }

    fn poll_flush(&mut self, _context: &mut Context<'_>) -> Poll<bool> {
        // What is put is the answer's own from then on.
        Poll::Ready(true)
    }

    async fn put(&mut self, frame: &str) -> bool {
        let event = format!("data: {frame}\n\n");
        self.sent.send(event.into()).await.is_ok()
    }

    async fn close(&mut self, code: CloseCode) {
        let closed = ServerFrame::Closed {
            code: code.code(),
            reason: code.reason().to_owned(),
        };
        let _ = tokio::time::timeout(Duration::from_secs(1), self.put(&closed.write())).await;
    }
}

/// Answers a request for an event stream.
pub(crate) async fn events(State(attachments): State<Attachments>, request: Request) -> Response<Body> {
    if request.method() != Method::GET {
        return answer(StatusCode::METHOD_NOT_ALLOWED);
    }
    if !origin::is_permitted(request.headers(), &attachments.parts().origins) {
        return answer(StatusCode::FORBIDDEN);
    }
    let Some(connection) = request.extensions().get::<Connection>().cloned() else {
        return answer(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let stranger = attachments.strangers().come();
    let (Some(stranger), false) = (stranger, attachments.parts().stop.is_cancelled()) else {
        return busy();
    };
    let name = format!("{:032x}", rand::random::<u128>());
    let (post, posted) = mpsc::channel(POSTED_MAX);
    let (sent, mut unsent) = mpsc::channel::<Bytes>(UNSENT_MAX);
    attachments.inner.streams.open().insert(name.clone(), post);
    let connections = attachments.parts().connections.clone();
    connections.spawn(async move {
        let mut events = Events::new(posted, sent);
        let stream = name.clone();
        if events.put(&ServerFrame::Stream { stream }.write()).await {
            attachments.serve(&mut events, stranger).await;
        }
        attachments.inner.streams.open().remove(&name);
        drop(connection);
        Ok(())
    });
    let frames = futures_util::stream::poll_fn(move |context| {
        unsent
            .poll_recv(context)
            .map(|event| event.map(Ok::<_, Infallible>))
    });
    let mut response = Response::new(Body::from_stream(frames));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Takes a frame that a client posts.
pub(crate) async fn frames(State(attachments): State<Attachments>, request: Request) -> Response<Body> {
    if request.method() != Method::POST {
        return answer(StatusCode::METHOD_NOT_ALLOWED);
    }
    if !origin::is_permitted(request.headers(), &attachments.parts().origins) {
        return answer(StatusCode::FORBIDDEN);
    }
    let name = request
        .uri()
        .query()
        .and_then(|query| query.strip_prefix("stream="));
    let post = name.and_then(|name| attachments.inner.streams.open().get(name).cloned());
    let Some(post) = post else {
        return answer(StatusCode::NOT_FOUND);
    };
    let reading = axum::body::to_bytes(request.into_body(), CLIENT_FRAME_BYTES_MAX);
    let Ok(Ok(body)) = tokio::time::timeout(BODY_WAIT, reading).await else {
        return answer(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let Ok(text) = String::from_utf8(body.into()) else {
        return answer(StatusCode::BAD_REQUEST);
    };
    match post.try_send(text) {
        Ok(()) => answer(StatusCode::ACCEPTED),
        Err(mpsc::error::TrySendError::Full(_)) => busy(),
        Err(mpsc::error::TrySendError::Closed(_)) => answer(StatusCode::NOT_FOUND),
    }
}
