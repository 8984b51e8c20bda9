//! Lets a connection in: from HTTP/1.1 to a WebSocket (RFC 6455).

use super::Attachments;
use super::origin;
use super::socket::Socket;
use crate::connection::Connection;
use attachment::SUBPROTOCOL;
use axum::body::Body;
use axum::extract::{Request, State};
use http::header::{
    CONNECTION, CONTENT_LENGTH, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rvp::Fault;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Answers a request for a WebSocket.
pub(crate) async fn upgrade(State(attachments): State<Attachments>, mut request: Request) -> Response<Body> {
    let Some(accept) = accepted(&request) else {
        return answer(StatusCode::BAD_REQUEST);
    };
    if !origin::is_permitted(request.headers(), &attachments.parts().origins) {
        return answer(StatusCode::FORBIDDEN);
    }
    let Some(connection) = request.extensions().get::<Connection>().cloned() else {
        return answer(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let Some(stranger) = attachments.strangers().come() else {
        return busy();
    };
    if attachments.parts().stop.is_cancelled() {
        return busy();
    }
    let upgraded = hyper::upgrade::on(&mut request);
    let connections = attachments.parts().connections.clone();
    connections.spawn(async move {
        // A client that goes before it was let in has said nothing.
        if let Ok(upgraded) = upgraded.await {
            let mut socket = Socket::new(TokioIo::new(upgraded)).await;
            attachments.serve(&mut socket, stranger).await;
        }
        // Its place among the connections of this router, which the HTTP before has given back.
        drop(connection);
        Ok(())
    });
    let mut response = answer(StatusCode::SWITCHING_PROTOCOLS);
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    response
}

/// What to answer to the key of a request that asks for this protocol and for nothing else.
fn accepted(request: &Request) -> Option<HeaderValue> {
    let headers = request.headers();
    let asks = request.method() == Method::GET
        && names(headers, &CONNECTION, "upgrade")
        && names(headers, &UPGRADE, "websocket")
        && names(headers, &SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL)
        && headers.get(SEC_WEBSOCKET_VERSION)? == "13";
    let key = headers.get(SEC_WEBSOCKET_KEY)?;
    if !asks || key.len() != 24 {
        return None;
    }
    HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok()
}

/// Whether a list in a header has this item.
fn names(headers: &HeaderMap, header: &HeaderName, item: &str) -> bool {
    let values = headers
        .get_all(header)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut items = values.flat_map(|value| value.split(','));
    items.any(|each| each.trim().eq_ignore_ascii_case(item))
}

pub(super) fn answer(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    response
}

pub(super) fn busy() -> Response<Body> {
    let mut response = answer(StatusCode::SERVICE_UNAVAILABLE);
    response
        .headers_mut()
        .insert(RETRY_AFTER, Fault::RETRY_AFTER_SECONDS.into());
    response
}
