use super::*;
use async_trait::async_trait;
use daemon::{Network, OnError, Tasks, TokioNetwork};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::{TcpSocket, TcpStream};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: im.example.com\r\n\r\n";
const PATIENCE: Duration = Duration::from_secs(30);

async fn answer(client: &mut TcpStream) -> String {
    let mut octets = vec![0; 2048];
    let read = tokio::time::timeout(PATIENCE, client.read(&mut octets));
    let count = read.await.unwrap().unwrap();
    String::from_utf8_lossy(&octets[..count]).into_owned()
}

/// Connects, asks, and says what was answered.
async fn ask(address: SocketAddr) -> (TcpStream, String) {
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(REQUEST).await.unwrap();
    let answer = answer(&mut client).await;
    (client, answer)
}

/// An accept loop of a router on which everything is answered.
pub(super) fn accept(tasks: &Tasks) -> Accept {
    Accept {
        name: "router-1".into(),
        strangers: Strangers::default(),
        service: axum::Router::new().fallback(async || "in"),
        tls: None,
        proxies: Proxies::default(),
        connections_max: 10_000,
        metrics: Metrics::default(),
        group: tasks.group("client connection", OnError::Log),
        stop: tasks.cancelled(),
    }
}

pub(super) fn serve(accept: Accept, listener: Box<dyn Listener>, tasks: &Tasks) {
    tasks.spawn("client listener", OnError::Stop, async move {
        accept.run(listener).await;
        Ok(())
    });
}

/// Everybody has an address of their own on loopback.
#[tokio::test]
async fn who_is_no_proxy_is_closed_unread() {
    let listener = TokioNetwork.bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (address, tasks, metrics) = (listener.local_addr().unwrap(), Tasks::new(), Metrics::default());
    let accept = Accept {
        proxies: Proxies::new(vec![("127.0.0.2".parse().unwrap(), 32)]),
        connections_max: 1,
        metrics: metrics.clone(),
        ..accept(&tasks)
    };
    serve(accept, listener, &tasks);
    let connect = async |from: &str| {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
        socket.connect(address).await.unwrap()
    };
    for stranger in ["127.0.0.1", "127.0.0.3"] {
        let mut client = connect(stranger).await;
        assert_eq!(answer(&mut client).await, "", "{stranger} is closed");
    }
    // None of them has taken the only place.
    let mut proxy = connect("127.0.0.2").await;
    proxy.write_all(REQUEST).await.unwrap();
    let answered = answer(&mut proxy).await;
    assert!(answered.starts_with("HTTP/1.1 200"), "{answered}");
    assert_eq!(metrics.not_from_proxy_so_far(), 2);
    drop(proxy);
    assert!(tasks.drain(PATIENCE).await.is_empty());
}

/// Connections that come as soon as they are accepted, and say nothing.
struct Knocking {
    came: Arc<AtomicU32>,
    held: Vec<DuplexStream>,
}

#[async_trait]
impl Listener for Knocking {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(([127, 0, 0, 1], 1).into())
    }

    async fn accept(&mut self) -> io::Result<(Stream, SocketAddr)> {
        let (ours, theirs) = tokio::io::duplex(1);
        self.held.push(theirs);
        self.came.fetch_add(1, Ordering::Relaxed);
        Ok((Box::new(ours), self.local_addr()?))
    }
}

#[tokio::test(start_paused = true)]
async fn where_strangers_are_many_fewer_come_in() {
    let came_in_a_second = async |strangers: Strangers| {
        let (tasks, came) = (Tasks::new(), Arc::new(AtomicU32::new(0)));
        let accept = Accept {
            strangers,
            ..accept(&tasks)
        };
        let knocking = Knocking {
            came: Arc::clone(&came),
            held: Vec::new(),
        };
        serve(accept, Box::new(knocking), &tasks);
        tokio::time::sleep(Duration::from_secs(1)).await;
        tasks.abort();
        came.load(Ordering::Relaxed)
    };
    let strangers = Strangers::default();
    let alone = came_in_a_second(strangers.clone()).await;
    assert!((7_000..9_000).contains(&alone), "{alone}");
    let _places: Vec<_> = std::iter::from_fn(|| strangers.come()).collect();
    let crowded = came_in_a_second(strangers).await;
    assert!((900..1_100).contains(&crowded), "{crowded}");
}

#[tokio::test]
async fn one_too_many_is_told_so_and_the_others_stay() {
    let listener = TokioNetwork.bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (address, tasks) = (listener.local_addr().unwrap(), Tasks::new());
    let accept = Accept {
        connections_max: 2,
        ..accept(&tasks)
    };
    serve(accept, listener, &tasks);
    let (mut first, in_1) = ask(address).await;
    let (second, in_2) = ask(address).await;
    assert!(in_1.starts_with("HTTP/1.1 200") && in_2.starts_with("HTTP/1.1 200"));
    let (mut third, refused) = ask(address).await;
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    for line in [
        "Retry-After: 30",
        "Connection: close",
        "Rvp-Notifications-Version: 0.2",
    ] {
        assert!(refused.contains(line), "{line} in {refused}");
    }
    assert!(
        refused.contains("as many people are online here as may be"),
        "{refused}"
    );
    assert_eq!(answer(&mut third).await, "", "it is closed");
    first.write_all(REQUEST).await.unwrap();
    assert!(
        answer(&mut first).await.starts_with("HTTP/1.1 200"),
        "whoever is in stays in"
    );
    drop(second);
    let mut again = ask(address).await.1;
    for _ in 0..1_000 {
        if again.starts_with("HTTP/1.1 200") {
            break;
        }
        tokio::task::yield_now().await;
        again = ask(address).await.1;
    }
    assert!(again.starts_with("HTTP/1.1 200"), "whoever leaves makes room");
    drop(first);
    assert!(tasks.drain(PATIENCE).await.is_empty());
}
