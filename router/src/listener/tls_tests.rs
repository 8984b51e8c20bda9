//! The listener with TLS.

use super::tests::{accept, serve};
use super::{Accept, HANDSHAKE_WAIT, HEAD_WAIT};
use crate::metrics::Metrics;
use crate::tls::Tls;
use crate::tls::tests::Authority;
use axum::body::Body;
use daemon::{Network, OnError, Tasks, TokioNetwork};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2;
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

const REQUEST: &[u8] = b"GET /a?b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const PATIENCE: Duration = Duration::from_secs(30);

struct Scene {
    authority: Authority,
    address: SocketAddr,
    tasks: Tasks,
    metrics: Metrics,
}

impl Scene {
    async fn new(connections_max: usize) -> Self {
        let listener = TokioNetwork.bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let (address, tasks) = (listener.local_addr().unwrap(), Tasks::new());
        let (authority, metrics) = (Authority::new(), Metrics::default());
        let say = async |request: axum::extract::Request| {
            let host = request.headers().get("host").cloned();
            format!("{:?} {:?} {}", request.version(), host, request.uri())
        };
        // As an event stream that nothing happens on.
        let endless = async || Body::new(without_end());
        let accept = Accept {
            service: axum::Router::new()
                .route("/endless", axum::routing::get(endless))
                .fallback(say),
            tls: Some(Tls::load(authority.files()).unwrap()),
            connections_max,
            metrics: metrics.clone(),
            ..accept(&tasks)
        };
        serve(accept, listener, &tasks);
        Self {
            authority,
            address,
            tasks,
            metrics,
        }
    }

    async fn connect(&self, protocols: &[&str]) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (client, name) = self.authority.client(protocols);
        client.connect(name, stream).await.unwrap()
    }

    async fn ask(&self, protocols: &[&str]) -> String {
        let mut client = self.connect(protocols).await;
        client.write_all(REQUEST).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(PATIENCE, client.read_to_end(&mut answer));
        read.await.unwrap().unwrap();
        String::from_utf8(answer).unwrap()
    }

    async fn http_2(&self) -> (http2::SendRequest<Empty<bytes::Bytes>>, Tasks) {
        let client = self.connect(&["h2", "http/1.1"]).await;
        assert_eq!(client.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let tasks = Tasks::new();
        let spawn = super::http2::Spawn(tasks.group("stream", OnError::Log));
        let (send, connection) = http2::handshake(spawn, TokioIo::new(client)).await.unwrap();
        tasks.spawn("connection", OnError::Log, async move { Ok(connection.await?) });
        (send, tasks)
    }
}

/// A body without an end.
fn without_end() -> impl hyper::body::Body<Data = bytes::Bytes, Error = std::convert::Infallible> + Send {
    http_body_util::StreamBody::new(futures_util::stream::pending())
}

fn get(path: &str, address: SocketAddr) -> http::Request<Empty<bytes::Bytes>> {
    let uri = format!("https://localhost:{}{path}", address.port());
    http::Request::get(uri).body(Empty::new()).unwrap()
}

#[tokio::test]
async fn http_1_is_spoken_over_tls_to_who_does_not_say_or_asks_for_it() {
    let scene = Scene::new(5).await;
    for protocols in [&[][..], &["http/1.1"]] {
        let answer = scene.ask(protocols).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert!(answer.ends_with("HTTP/1.1 Some(\"localhost\") /a?b"), "{answer}");
    }
    assert!(scene.tasks.drain(PATIENCE).await.is_empty());
}

#[tokio::test]
async fn http_2_is_spoken_to_who_negotiates_it() {
    let scene = Scene::new(5).await;
    let (mut send, _tasks) = scene.http_2().await;
    let answer = send.send_request(get("/a?b", scene.address)).await.unwrap();
    assert_eq!(answer.status(), 200);
    let said = answer.into_body().collect().await.unwrap().to_bytes();
    let expected = format!("HTTP/2.0 Some(\"localhost:{}\") /a?b", scene.address.port());
    assert_eq!(
        String::from_utf8_lossy(&said),
        expected,
        "as HTTP/1.1 names a host"
    );
    assert!(scene.tasks.drain(PATIENCE).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_and_one_with_an_open_answer_stays() {
    let scene = Scene::new(5).await;
    let (mut idle, _idle_tasks) = scene.http_2().await;
    let (mut busy, _busy_tasks) = scene.http_2().await;
    idle.send_request(get("/", scene.address)).await.unwrap();
    let _endless = busy.send_request(get("/endless", scene.address)).await.unwrap();
    for _ in 0..12 {
        tokio::time::sleep(HEAD_WAIT / 4).await;
    }
    assert!(idle.ready().await.is_err(), "closed");
    busy.ready().await.unwrap();
    assert_eq!(
        busy.send_request(get("/", scene.address)).await.unwrap().status(),
        200
    );
}

#[tokio::test]
async fn who_does_not_speak_tls_is_closed_and_counted() {
    let scene = Scene::new(5).await;
    let mut client = TcpStream::connect(scene.address).await.unwrap();
    client.write_all(REQUEST).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, client.read_to_end(&mut answer));
    // It may be a reset, as not all that it wrote was read.
    let _ended = read.await.unwrap();
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    assert_eq!(scene.metrics.failed_handshakes(), 1);
    assert!(scene.ask(&[]).await.contains("200 OK"), "others are served");
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_holds_a_place_for_ten_seconds() {
    let scene = Scene::new(1).await;
    let mut client = TcpStream::connect(scene.address).await.unwrap();
    let begun = tokio::time::Instant::now();
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0, "closed");
    assert!(begun.elapsed() >= HANDSHAKE_WAIT && begun.elapsed() < 2 * HANDSHAKE_WAIT);
    assert_eq!(scene.metrics.failed_handshakes(), 1);
    assert!(scene.tasks.drain(PATIENCE).await.is_empty());
}

#[tokio::test]
async fn one_too_many_is_told_so_over_tls() {
    let scene = Scene::new(1).await;
    let (_in, _tasks) = scene.http_2().await;
    let refused = scene.ask(&["h2", "http/1.1"]).await;
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert!(refused.contains("Retry-After: 30"), "{refused}");
}
