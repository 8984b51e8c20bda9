//! A link within a process keeps what a link promises, and needs no connection.

use crate::stage::{BOUND, End, HOME, Tasks, call, echoed, ended, reaches, spawn};
use async_trait::async_trait;
use proto::link::Error;
use proto::links::Io;
use proto::{Answer, Beside, BesideGuard, Connect, Link, LinkServer, Links, Op, Peer, Role};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Calls that an end may have open, and calls of presence among them.
const CALLS: usize = 16_384;
const PRESENCE_CALLS: usize = 1_024;

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
        let sees = Arc::clone(&sees);
        async move {
            // All of them together spend more than the ration of the task that calls.
            tokio::task::coop::consume_budget().await;
            sees.lock().unwrap().push(call.epoch);
            Ok(Answer::Done)
        }
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
        for end in [&home, &router] {
            assert_eq!((*end.opened.borrow(), *end.closed.borrow()), (2, 1), "each once");
        }
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

/// As when a process is about to end: what would keep the link is dropped before it has begun.
#[tokio::test]
async fn a_link_that_nobody_keeps_has_ended_for_both() {
    let (home, router) = (End::echo(), End::echo());
    let [home_peer, router_peer] =
        [("home", Role::Home), ("router", Role::Router)].map(|(name, role)| Peer {
            name: name.into(),
            role,
        });
    let (beside, tasks) = (Beside::default(), Arc::<Tasks>::default());
    let server = LinkServer::new(home_peer, Arc::clone(&home) as _, Arc::new(drop));
    let _listening = beside.serve(HOME.to_owned(), server);
    let (network, serves) = (Arc::new(NoNetwork), Arc::clone(&router) as _);
    let links = Links::within(beside, router_peer, network, serves, tasks.spawn());
    let link = links.to(HOME).await.expect("it was opened");
    assert_eq!(link.call(call(1)).await, Err(Error::Lost("home".into())));
    for end in [&home, &router] {
        reaches(&end.closed, 1).await;
        assert_eq!((*end.opened.borrow(), *end.closed.borrow()), (1, 1));
    }
}

/// Links are kept by whoever opened them until they open others.
#[tokio::test]
async fn a_link_that_has_ended_does_not_keep_who_served_there() {
    let (home, router) = (End::echo(), End::silent());
    let process = Process::new(Arc::clone(&home), router);
    let link = process.link().await;
    let (closed, serves) = (home.closed.clone(), Arc::downgrade(&home));
    drop((home, process.listening));
    assert_eq!(link.call(call(1)).await, Ok(echoed(1)), "the link holds them");
    link.hang_up();
    reaches(&closed, 1).await;
    assert!(serves.upgrade().is_none(), "an ended link holds them");
}

/// Whoever lets others have a turn in the first step of a call does so.
#[tokio::test]
async fn a_call_that_yields_lets_others_run() {
    let others = Arc::<AtomicUsize>::default();
    let ran = Arc::clone(&others);
    let home = End::new(move |_, call| {
        let ran = Arc::clone(&ran);
        async move {
            tokio::task::yield_now().await;
            assert_eq!(ran.load(Ordering::Relaxed), 1, "nobody had a turn");
            echoed(call.epoch)
        }
    });
    let process = Process::new(home, End::silent());
    let link = process.link().await;
    let other = spawn(async move { others.fetch_add(1, Ordering::Relaxed) });
    assert_eq!(link.call(call(1)).await, Ok(echoed(1)));
    assert_eq!(ended(other).await, 0);
}

#[tokio::test]
async fn a_call_begins_at_once_and_ends_with_its_caller() {
    let (begun, ended) = (Arc::<AtomicUsize>::default(), Arc::<()>::default());
    let (begins, held) = (Arc::clone(&begun), Arc::clone(&ended));
    let home = End::new(move |_, _| {
        begins.fetch_add(1, Ordering::Relaxed);
        let held = Arc::clone(&held);
        async move {
            let _held = held;
            std::future::pending().await
        }
    });
    let process = Process::new(home, End::silent());
    let link = process.link().await;
    let mut asking = Box::pin(link.call(call(1)));
    assert_eq!(begun.load(Ordering::Relaxed), 0, "nobody has asked yet");
    assert!(futures_util::poll!(&mut asking).is_pending());
    assert_eq!((begun.load(Ordering::Relaxed), Arc::strong_count(&ended)), (1, 3));
    drop(asking);
    assert_eq!(Arc::strong_count(&ended), 2, "what was asked is dropped");
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_at_its_deadline() {
    let process = Process::new(End::silent(), End::silent());
    let link = process.link().await;
    let began = tokio::time::Instant::now();
    let asked = proto::Call {
        deadline: Duration::from_secs(3),
        ..call(1)
    };
    assert_eq!(link.call(asked).await, Err(Error::Deadline));
    assert_eq!(began.elapsed(), Duration::from_secs(3));
}

/// Bounds are those of links between processes: calls beyond them are refused, and presence waits.
#[tokio::test(start_paused = true)]
async fn a_link_has_so_many_calls_and_messages_go_on_while_presence_waits() {
    let home = End::new(|_, call| async move {
        if call.op == Op::Settle {
            return echoed(call.epoch);
        }
        std::future::pending().await
    });
    let process = Process::new(home, End::silent());
    let link = process.link().await;
    let spread = || proto::Call {
        op: Op::SpreadChanges(Vec::new()),
        ..call(1)
    };
    let settle = || proto::Call {
        op: Op::Settle,
        ..call(2)
    };
    let mut open: Vec<_> = (0..PRESENCE_CALLS)
        .map(|_| Box::pin(link.call(spread())))
        .collect();
    for asking in &mut open {
        // Without the ration of this task, which such a number exceeds.
        let asking = tokio::task::unconstrained(asking.as_mut());
        assert!(futures_util::poll!(asking).is_pending());
    }
    let mut waits = Box::pin(link.call(spread()));
    assert!(futures_util::poll!(&mut waits).is_pending());
    assert_eq!(
        link.call(settle()).await,
        Ok(echoed(2)),
        "presence is not in its way"
    );
    for _ in PRESENCE_CALLS..CALLS {
        let mut asking = Box::pin(link.call(proto::Call {
            op: Op::Load,
            ..call(3)
        }));
        assert!(futures_util::poll!(&mut asking).is_pending());
        open.push(asking);
    }
    assert_eq!(link.call(settle()).await, Err(Error::Full));
    drop(open.swap_remove(0));
    assert_eq!(link.call(settle()).await, Ok(echoed(2)));
}
