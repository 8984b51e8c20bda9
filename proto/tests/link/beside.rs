//! A link within a process keeps what a link promises, and needs no connection.

use crate::stage::{BOUND, End, HOME, Tasks, call, echoed, ended, reaches, spawn};
use async_trait::async_trait;
use proto::link::Error;
use proto::links::Io;
use proto::{Answer, Beside, BesideGuard, Connect, Link, LinkServer, Links, Op, Peer, Role};
use std::io;
use std::sync::{Arc, Mutex};

/// A network on which nothing answers: whoever is reached is in this process.
struct NoNetwork;

#[async_trait]
impl Connect for NoNetwork {
    async fn connect(&self, _address: &str) -> io::Result<Box<dyn Io>> {
        Err(io::ErrorKind::ConnectionRefused.into())
    }
}

/// A home and the links of a router in one process.
struct Process {
    links: Links,
    home_tasks: Arc<Tasks>,
    router_tasks: Arc<Tasks>,
    listening: BesideGuard,
}

impl Process {
    fn new(home: Arc<End>, router: Arc<End>) -> Self {
        let (home_tasks, router_tasks) = (Arc::<Tasks>::default(), Arc::<Tasks>::default());
        let beside = Beside::default();
        let me = Peer {
            name: "home".into(),
            role: Role::Home,
        };
        let server = LinkServer::new(me, home, home_tasks.spawn());
        let listening = beside.serve(HOME.to_owned(), server);
        let me = Peer {
            name: "router".into(),
            role: Role::Router,
        };
        let links = Links::within(beside, me, Arc::new(NoNetwork), router, router_tasks.spawn());
        Self {
            links,
            home_tasks,
            router_tasks,
            listening,
        }
    }

    async fn link(&self) -> Link {
        self.links.to(HOME).await.expect("the home is here")
    }
}

#[tokio::test]
async fn both_ends_call_without_a_connection() {
    let (home, router) = (End::echo(), End::echo());
    let process = Process::new(Arc::clone(&home), router);
    let link = process.link().await;
    assert_eq!(link.call(call(1)).await, Ok(echoed(1)));
    let back = home.link().await;
    assert_eq!(back.call(call(2)).await, Ok(echoed(2)));
    assert_eq!(
        (link.peer().name.as_str(), link.peer().role),
        ("home", Role::Home)
    );
    assert_eq!(
        (back.peer().name.as_str(), back.peer().role),
        ("router", Role::Router)
    );
}

#[tokio::test]
async fn calls_begin_in_the_order_in_which_they_are_made() {
    let seen = Arc::<Mutex<Vec<u64>>>::default();
    let sees = Arc::clone(&seen);
    let home = End::new(move |_, call| {
        sees.lock().unwrap().push(call.epoch);
        async { Ok(Answer::Done) }
    });
    let process = Process::new(home, End::silent());
    let link = process.link().await;
    let calls = futures_util::future::join_all((0..1_000).map(|number| link.call(call(number)))).await;
    assert!(calls.iter().all(|answer| *answer == Ok(Ok(Answer::Done))));
    assert_eq!(*seen.lock().unwrap(), (0..1_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn when_either_end_dies_open_calls_are_lost_and_both_ends_are_told() {
    for home_dies in [true, false] {
        let (home, router) = (End::silent(), End::silent());
        let process = Process::new(Arc::clone(&home), Arc::clone(&router));
        let link = process.link().await;
        let calling = link.clone();
        let open = spawn(async move { calling.call(call(1)).await });
        let back = home.link().await;
        let dies = if home_dies {
            &process.home_tasks
        } else {
            &process.router_tasks
        };
        dies.abort();
        assert_eq!(ended(open).await, Err(Error::Lost("home".into())));
        for end in [&home, &router] {
            reaches(&end.closed, 1).await;
        }
        assert!(link.is_closed() && back.is_closed());
        let again = process.link().await;
        assert!(!again.is_same(&link), "another link is opened");
    }
}

#[tokio::test]
async fn an_end_that_hangs_up_ends_the_link_for_both() {
    let (home, router) = (End::silent(), End::silent());
    let process = Process::new(Arc::clone(&home), Arc::clone(&router));
    let link = process.link().await;
    home.link().await.hang_up();
    let closed = tokio::time::timeout(BOUND, link.call(call(1))).await;
    assert_eq!(closed, Ok(Err(Error::Lost("home".into()))));
    reaches(&router.closed, 1).await;
    reaches(&home.closed, 1).await;
}

#[tokio::test]
async fn a_home_that_has_left_is_not_reached_and_its_links_go_on() {
    let process = Process::new(End::echo(), End::silent());
    let link = process.link().await;
    drop(process.listening);
    assert_eq!(link.call(call(1)).await, Ok(echoed(1)));
    link.hang_up();
    assert!(process.links.to(HOME).await.is_err(), "nobody listens there");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_gives_up_before_its_call_leaves_is_not_served() {
    let home = End::new(|_, call| async move {
        assert_ne!(call.op, Op::Load, "it was given up");
        echoed(call.epoch)
    });
    let process = Process::new(home, End::silent());
    let link = process.link().await;
    let given_up = proto::Call {
        op: Op::Load,
        ..call(1)
    };
    let mut asking = Box::pin(link.call(given_up));
    assert!(futures_util::poll!(&mut asking).is_pending());
    drop(asking);
    assert_eq!(link.call(call(2)).await, Ok(echoed(2)));
}
