use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn what_one_end_writes_the_other_reads() {
    let mut listener = TokioNetwork.bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (client, accepted) = tokio::join!(TokioNetwork.connect("127.0.0.1", port), listener.accept());
    let (mut client, (mut server, from)) = (client.unwrap(), accepted.unwrap());
    assert!(from.ip().is_loopback());
    client.write_all(b"ping").await.unwrap();
    let mut read = [0; 4];
    server.read_exact(&mut read).await.unwrap();
    assert_eq!(&read, b"ping");
}

#[tokio::test]
async fn a_port_in_use_is_refused() {
    let listener = TokioNetwork.bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let again = TokioNetwork.bind(listener.local_addr().unwrap()).await;
    assert_eq!(
        again.err().map(|error| error.kind()),
        Some(io::ErrorKind::AddrInUse)
    );
}

#[tokio::test]
async fn a_port_nobody_listens_on_is_an_error() {
    let listener = TokioNetwork.bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let refused = TokioNetwork.connect("127.0.0.1", port).await;
    assert_eq!(
        refused.err().map(|error| error.kind()),
        Some(io::ErrorKind::ConnectionRefused)
    );
}

#[tokio::test]
async fn brackets_around_an_address_are_ignored() {
    let mut listener = TokioNetwork.bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (client, accepted) = tokio::join!(TokioNetwork.connect("[127.0.0.1]", port), listener.accept());
    assert!(client.is_ok() && accepted.is_ok());
}

/// Fails as the script says, then accepts one end of a pipe.
struct Scripted(Vec<io::ErrorKind>);

#[async_trait]
impl Listener for Scripted {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(([127, 0, 0, 1], 1).into())
    }

    async fn accept(&mut self) -> io::Result<(Stream, SocketAddr)> {
        match self.0.pop() {
            Some(kind) => Err(kind.into()),
            None => Ok((Box::new(tokio::io::duplex(1).0), ([127, 0, 0, 1], 2).into())),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn accepting_outlives_failures_and_pauses_when_the_system_is_at_its_limit() {
    let start = tokio::time::Instant::now();
    let mut listener = Scripted(vec![io::ErrorKind::ConnectionReset, io::ErrorKind::Other]);
    let (_, from) = listener.accept_patiently().await;
    assert_eq!(from.port(), 2);
    assert_eq!(start.elapsed().as_secs(), 1);
}
