//! A proxy that ends TLS before a router: what it has let in is served, and nobody gets past it.

use anyhow::ensure;
use attachment::{ClientFrame, ServerFrame, State};
use daemon::{OnError, Tasks};
use router::Proxies;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tests::accounts::PASSWORD;
use tests::attached::{Came, Socket};
use tests::wait::within;
use tests::{Failure, Plan, Stage};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// The proxy's address; all others of this machine are somebody else's.
const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
/// What the router says of who is closed.
const CLOSED: &str = "closed what did not come from a proxy";

/// Carries what is said to a port of this machine to the router, from its own address.
async fn proxy(router: SocketAddr, tasks: &Tasks) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let group = tasks.group("carried connection", OnError::Log);
    tasks.spawn("proxy", OnError::Log, async move {
        loop {
            let (mut from, _) = listener.accept().await?;
            group.spawn(async move {
                let socket = TcpSocket::new_v4()?;
                socket.bind(SocketAddr::new(PROXY, 0))?;
                let mut to = socket.connect(router).await?;
                // How it ends is the ends' affair.
                let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
                Ok(())
            });
        }
    });
    Ok(address)
}

#[test]
fn a_router_behind_a_proxy_serves_what_comes_by_it_and_nobody_else() -> Result<(), Failure> {
    tests::run(&[CLOSED], async |logs| {
        let plan = Plan {
            proxies: Proxies::new(vec![(PROXY, 32)]),
            ..Plan::default()
        };
        let mut stage = Stage::start(plan).await?;
        let (door, alice) = (stage.door("r-1")?, stage.principal("alice", None)?);
        stage.add_person(&alice, "alice").await?;
        let tasks = Tasks::new();
        let mut socket = Socket::open(proxy(door, &tasks).await?).await?;
        socket.with_password(&alice.address(), PASSWORD).await?;
        let (request, state) = (3, State::Busy);
        socket.say(&ClientFrame::State { request, state }.write()).await?;
        let came = socket.hear().await?;
        ensure!(came == Came::Frame(ServerFrame::Done { request }), "{came:?}");
        for _ in 0..3 {
            let mut stranger = TcpStream::connect(door).await?;
            let read = within("the end", stranger.read(&mut [0; 1])).await??;
            ensure!(read == 0, "it is closed without a word");
        }
        let told = logs.complaints();
        let told = told.iter().filter(|line| line.contains(CLOSED)).count();
        ensure!(told == 1, "told {told} times, not once");
        drop(socket);
        tasks.abort();
        stage.stop_everything().await
    })
}
