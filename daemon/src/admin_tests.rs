use super::*;
use crate::network::{Network, TokioNetwork};
use prometheus_client::metrics::counter::Counter;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

struct Served {
    port: u16,
    state: AdminState,
    tasks: Tasks,
    /// Keeps the layer alive whose filter is changed.
    _dispatch: tracing::Dispatch,
}

async fn served() -> Served {
    let listener = TokioNetwork.bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (telemetry, dispatch, _captured) = Telemetry::for_test("info").unwrap();
    let mut registry = Registry::default();
    let counter = Counter::<u64>::default();
    registry.register("messages_accepted", "Messages accepted", counter.clone());
    counter.inc_by(3);
    let state = AdminState {
        readiness: Readiness::new(),
        registry: Arc::new(registry.into()),
        telemetry,
    };
    let tasks = Tasks::new();
    serve(listener, state.clone(), &tasks);
    Served {
        port,
        state,
        tasks,
        _dispatch: dispatch,
    }
}

impl Served {
    async fn ask(&self, request: &str, body: &str) -> String {
        let mut stream = TokioNetwork.connect("127.0.0.1", self.port).await.unwrap();
        let length = body.len();
        let text = format!(
            "{request} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

#[tokio::test]
async fn a_process_that_answers_is_alive() {
    let answer = served().await.ask("GET /livez", "").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn readyz_says_what_is_missing_until_nothing_is() {
    let served = served().await;
    served.state.readiness.set("store", false);
    served.state.readiness.set("membership", false);
    let answer = served.ask("GET /readyz", "").await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert_eq!(body(&answer), "membership is not ready\nstore is not ready\n");
    served.state.readiness.set("store", true);
    served.state.readiness.set("membership", true);
    let answer = served.ask("GET /readyz", "").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn metrics_are_openmetrics_text() {
    let answer = served().await.ask("GET /metrics", "").await;
    assert!(
        answer.contains("content-type: application/openmetrics-text; version=1.0.0"),
        "{answer}"
    );
    assert!(
        body(&answer).contains("\nmessages_accepted_total 3\n"),
        "{answer}"
    );
    assert!(body(&answer).ends_with("# EOF\n"), "{answer}");
}

#[tokio::test]
async fn the_log_filter_can_be_read_and_changed() {
    let served = served().await;
    assert_eq!(body(&served.ask("GET /log-filter", "").await), "info\n");
    let answer = served.ask("PUT /log-filter", "info,router=debug\n").await;
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    assert_eq!(
        body(&served.ask("GET /log-filter", "").await),
        "info,router=debug\n"
    );
}

#[tokio::test]
async fn a_bad_log_filter_is_refused_with_the_reason() {
    let served = served().await;
    let answer = served.ask("PUT /log-filter", "router=loud").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(body(&answer).contains("write levels such as"), "{answer}");
    let answer = served
        .ask("PUT /log-filter", &"x".repeat(FILTER_OCTETS_MAX + 1))
        .await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert_eq!(served.state.telemetry.filter(), "info");
}

#[tokio::test]
async fn anything_else_is_not_found() {
    let answer = served().await.ask("GET /etc/passwd", "").await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
}

#[tokio::test]
async fn draining_closes_idle_connections_and_stops_accepting() {
    let served = served().await;
    let mut idle = TokioNetwork.connect("127.0.0.1", served.port).await.unwrap();
    idle.write_all(b"GET /livez HTTP/1.1\r\nHost: admin\r\n\r\n")
        .await
        .unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    assert!(served.tasks.drain(Duration::from_secs(20)).await.is_empty());
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    assert!(TokioNetwork.connect("127.0.0.1", served.port).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_connection_on_which_nothing_moves_is_closed() {
    let (ours, mut theirs) = tokio::io::duplex(64);
    let mut incoming = Incoming::new(Box::new(One(Some(Box::new(ours)))));
    let (mut connection, _) = axum::serve::Listener::accept(&mut incoming).await;
    theirs.write_all(b"GET").await.unwrap();
    let mut octets = [0; 3];
    connection.read_exact(&mut octets).await.unwrap();
    let stalled = connection.read_exact(&mut octets).await;
    assert_eq!(
        stalled.err().map(|error| error.kind()),
        Some(std::io::ErrorKind::TimedOut)
    );
}

/// A listener with one connection.
struct One(Option<crate::Stream>);

#[async_trait::async_trait]
impl Listener for One {
    fn local_addr(&self) -> std::io::Result<std::net::SocketAddr> {
        Ok(([127, 0, 0, 1], 1).into())
    }

    async fn accept(&mut self) -> std::io::Result<(crate::Stream, std::net::SocketAddr)> {
        let stream = self.0.take().ok_or(std::io::ErrorKind::Other)?;
        Ok((stream, ([127, 0, 0, 1], 2).into()))
    }
}
