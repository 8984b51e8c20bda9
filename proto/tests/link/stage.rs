//! A home and a router on one stage, and what they are asked.

use crate::pipe::{Pipes, lock};
use async_trait::async_trait;
use bytes::Bytes;
use proto::links::Connect;
use proto::{
    Answer, Asker, Call, Change, ClientLogin, DeliverChange, DeliverMessage, Link, LinkServer, Links, Op,
    Peer, Refusal, Role, Serve, Spawn,
};
use rvp::notification::AckType;
use rvp::{Identity, Principal, Property, Reach, SubscriptionId};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Server;

/// Where the home of most tests listens.
pub(crate) const HOME: &str = "home:7070";
/// The longest that a test waits for anything.
pub(crate) const BOUND: Duration = Duration::from_secs(60);
/// Flow-control window, as a home server's listener has it.
const WINDOW_BYTES: u32 = 4 * 1024 * 1024;
const KEEPALIVE_EVERY: Duration = Duration::from_secs(2);
const KEEPALIVE_WAIT: Duration = Duration::from_secs(4);

pub(crate) type Answering = Pin<Box<dyn Future<Output = Result<Answer, Refusal>> + Send>>;

/// An end that answers as a test wants, and counts what it is told.
pub(crate) struct End {
    serve: Box<dyn Fn(Asker, Call) -> Answering + Send + Sync>,
    links: Mutex<Vec<Link>>,
    pub(crate) opened: watch::Sender<usize>,
    pub(crate) closed: watch::Sender<usize>,
}

impl End {
    pub(crate) fn new<F>(serve: impl Fn(Link, Call) -> F + Send + Sync + 'static) -> Arc<Self>
    where
        F: Future<Output = Result<Answer, Refusal>> + Send + 'static,
    {
        Self::asked(move |asker, call| serve(asker.link().clone(), call))
    }

    /// An end that knows which call it answers.
    pub(crate) fn asked<F>(serve: impl Fn(Asker, Call) -> F + Send + Sync + 'static) -> Arc<Self>
    where
        F: Future<Output = Result<Answer, Refusal>> + Send + 'static,
    {
        Arc::new(Self {
            serve: Box::new(move |asker, call| Box::pin(serve(asker, call))),
            links: Mutex::default(),
            opened: watch::Sender::new(0),
            closed: watch::Sender::new(0),
        })
    }

    /// An end that says the call's number.
    pub(crate) fn echo() -> Arc<Self> {
        Self::new(|_, call| async move { echoed(call.epoch) })
    }

    /// An end that never answers.
    pub(crate) fn silent() -> Arc<Self> {
        Self::new(|_, _| std::future::pending())
    }

    /// This end of the link that was opened last, as soon as there is one.
    pub(crate) async fn link(&self) -> Link {
        reaches(&self.opened, 1).await;
        lock(&self.links).last().expect("it was opened").clone()
    }
}

#[async_trait]
impl Serve for End {
    async fn serve(&self, asker: Asker, call: Call) -> Result<Answer, Refusal> {
        (self.serve)(asker, call).await
    }

    fn opened(&self, link: &Link) {
        lock(&self.links).push(link.clone());
        self.opened.send_modify(|opened| *opened += 1);
    }

    fn closed(&self, link: &Link) {
        assert!(link.is_closed(), "nobody is told before it is so");
        self.closed.send_modify(|closed| *closed += 1);
    }
}

/// What [`End::echo`] answers to a call of that number.
pub(crate) fn echoed(number: u64) -> Result<Answer, Refusal> {
    Err(Refusal::Moved { epoch: number })
}

/// Starts the tasks of links, and can drop them.
#[derive(Default)]
pub(crate) struct Tasks {
    started: Mutex<Vec<AbortHandle>>,
}

impl Tasks {
    pub(crate) fn spawn(self: &Arc<Self>) -> Spawn {
        let tasks = Arc::clone(self);
        Arc::new(move |link| lock(&tasks.started).push(spawn(link).abort_handle()))
    }

    /// Drops every task where it stands.
    pub(crate) fn abort(&self) {
        lock(&self.started).iter().for_each(AbortHandle::abort);
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "tests end with their runtime, and their tasks with it"
)]
pub(crate) fn spawn<F>(task: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    tokio::spawn(task)
}

/// A home that listens, and the links of a router.
pub(crate) struct Stage {
    pub(crate) pipes: Arc<Pipes>,
    pub(crate) links: Links,
    /// The tasks of the home's links.
    pub(crate) home_tasks: Arc<Tasks>,
    /// The tasks of the router's links.
    pub(crate) router_tasks: Arc<Tasks>,
}

impl Stage {
    /// Both, on pipes.
    pub(crate) fn new(home: Arc<End>, router: Arc<End>) -> Self {
        let pipes = Arc::new(Pipes::new());
        let (home_tasks, router_tasks) = (Arc::<Tasks>::default(), Arc::<Tasks>::default());
        add_home(&pipes, HOME, home, home_tasks.spawn());
        let links = links(
            Arc::clone(&pipes) as Arc<dyn Connect>,
            router,
            router_tasks.spawn(),
        );
        Self {
            pipes,
            links,
            home_tasks,
            router_tasks,
        }
    }

    /// The router's end of the link to the home.
    pub(crate) async fn link(&self) -> Link {
        self.links.to(HOME).await.expect("the home listens")
    }
}

/// Adds a home at an address.
pub(crate) fn add_home(pipes: &Pipes, address: &str, serve: Arc<End>, start: Spawn) {
    let server = home_server(serve, start);
    let incoming = ReceiverStream::new(pipes.listen(address));
    drop(spawn(server.serve_with_incoming(incoming)));
}

/// A home server's link service, set up as there.
pub(crate) fn home_server(serve: Arc<End>, start: Spawn) -> tonic::transport::server::Router {
    let me = Peer {
        name: "home".into(),
        role: Role::Home,
    };
    Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE_EVERY))
        .http2_keepalive_timeout(Some(KEEPALIVE_WAIT))
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .add_service(LinkServer::new(me, serve, start).into_service())
}

/// The links of a router.
pub(crate) fn links(connect: Arc<dyn Connect>, serve: Arc<End>, start: Spawn) -> Links {
    Links::new(
        Peer {
            name: "router".into(),
            role: Role::Router,
        },
        connect,
        serve,
        start,
    )
}

/// A call by its number.
pub(crate) fn call(number: u64) -> Call {
    let (principal, login) = (maxb(), login_id());
    Call {
        deadline: Duration::from_secs(30),
        epoch: number,
        trace: None,
        op: Op::CallBackLost { principal, login },
    }
}

/// A message of so many octets.
pub(crate) fn message(number: u64, octets: usize) -> Call {
    let op = Op::DeliverMessage(DeliverMessage {
        login: login(),
        from: Identity::Person(maxb()),
        ack: AckType::DeepOr,
        hop: 1,
        document: Bytes::from(vec![b'x'; octets]),
        id: None,
        attempt: 0,
        probe: false,
        asked_by: None,
    });
    Call { op, ..call(number) }
}

/// A change of presence of about a thousand octets.
pub(crate) fn change(number: u64) -> Call {
    let name = Property::DisplayName("x".repeat(1_000));
    let change = Change {
        presentity: maxb(),
        properties: vec![name],
        version: number,
    };
    Call {
        op: Op::DeliverChanges(vec![DeliverChange {
            change,
            clients: vec![login()],
            attached: Vec::new(),
        }]),
        ..call(number)
    }
}

fn login() -> ClientLogin {
    let reach = Reach::parse("http://10.0.0.7:1234/maxb").expect("it is one");
    ClientLogin {
        principal: maxb(),
        login: login_id(),
        reach,
    }
}

fn login_id() -> SubscriptionId {
    SubscriptionId::new(7).expect("it is one")
}

fn maxb() -> Principal {
    Principal::from_address("maxb@im.example.com").expect("it is one")
}

/// Waits until a level is at least so high.
pub(crate) async fn reaches(level: &watch::Sender<usize>, height: usize) {
    let mut level = level.subscribe();
    let reached = level.wait_for(|now| *now >= height);
    let reached = tokio::time::timeout(BOUND, reached)
        .await
        .expect("it is reached in time");
    drop(reached.expect("the level is still there"));
}

/// Waits until a task has ended.
pub(crate) async fn ended<T>(task: JoinHandle<T>) -> T {
    tokio::time::timeout(BOUND, task)
        .await
        .expect("it ends in time")
        .expect("it does not panic")
}

/// Returns when nothing can go on by itself. Only under a paused clock, which moves only when every task
/// waits: this waits for a level, not for time.
pub(crate) async fn settled() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}
