//! One link to an address, whoever asks for it and however often.

use crate::pipe::{Fate, Pipes};
use crate::raw;
use crate::stage::{End, HOME, Stage, Tasks, add_home, call, echoed, ended, links, reaches, settled, spawn};
use async_trait::async_trait;
use futures_util::future::join_all;
use proto::link::Error;
use proto::links::Io;
use proto::{Connect, PROTOCOL};
use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

#[tokio::test]
async fn callers_who_need_a_link_at_the_same_time_share_one() {
    let stage = Stage::new(End::echo(), End::silent());
    let opened = join_all((0..50).map(|_| stage.links.to(HOME))).await;
    let first = opened[0].clone().unwrap();
    assert!(
        opened
            .iter()
            .all(|link| link.as_ref().is_ok_and(|link| link.is_same(&first)))
    );
    assert!(stage.link().await.is_same(&first));
    assert_eq!(*stage.pipes.tries().borrow(), 1);
}

#[tokio::test]
async fn each_address_has_its_own_link() {
    let stage = Stage::new(End::echo(), End::silent());
    add_home(&stage.pipes, "other:1", End::echo(), stage.home_tasks.spawn());
    let (one, other) = (stage.link().await, stage.links.to("other:1").await.unwrap());
    assert!(!one.is_same(&other));
    one.hang_up();
    assert_eq!(other.call(call(1)).await, Ok(echoed(1)));
}

#[tokio::test]
async fn only_links_to_the_addresses_that_are_kept_stay_open() {
    let stage = Stage::new(End::echo(), End::silent());
    add_home(&stage.pipes, "other:1", End::echo(), stage.home_tasks.spawn());
    let (one, other) = (stage.link().await, stage.links.to("other:1").await.unwrap());
    stage.links.keep_only(&HashSet::from([HOME.to_owned()])).await;
    assert!(other.is_closed());
    assert_eq!(one.call(call(1)).await, Ok(echoed(1)));
    assert!(stage.link().await.is_same(&one));
    let again = stage.links.to("other:1").await.unwrap();
    assert_eq!(again.call(call(2)).await, Ok(echoed(2)));
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_being_opened_to_an_address_that_is_not_kept_does_not_stay_open() {
    let home = End::silent();
    let stage = Stage::new(Arc::clone(&home), End::silent());
    let gate = Gate::new(Arc::clone(&stage.pipes));
    let links = links(
        Arc::clone(&gate) as Arc<dyn Connect>,
        End::silent(),
        stage.router_tasks.spawn(),
    );
    let opening: Vec<_> = (0..3)
        .map(|_| {
            let links = links.clone();
            spawn(async move { links.to(HOME).await })
        })
        .collect();
    reaches(&gate.waiting, 1).await;
    let keeping = {
        let links = links.clone();
        spawn(async move { links.keep_only(&HashSet::new()).await })
    };
    settled().await;
    gate.open.send_replace(true);
    ended(keeping).await;
    for opening in opening {
        assert!(
            ended(opening)
                .await
                .is_ok_and(|link| !link.is_closed())
                .eq(&false)
        );
    }
    settled().await;
    assert_eq!(*home.opened.borrow(), *home.closed.borrow());
}

#[tokio::test(start_paused = true)]
async fn opening_takes_two_seconds_at_most() {
    let gate = Gate::new(Arc::new(Pipes::new()));
    let links = links(gate, End::silent(), Arc::<Tasks>::default().spawn());
    let began = Instant::now();
    assert_eq!(links.to(HOME).await.unwrap_err(), Error::Lost(HOME.into()));
    assert_eq!(began.elapsed(), Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn callers_who_wait_for_an_attempt_that_fails_do_not_try_one_after_another() {
    let gate = Gate::new(Arc::new(Pipes::new()));
    let links = links(
        Arc::clone(&gate) as Arc<dyn Connect>,
        End::silent(),
        Arc::<Tasks>::default().spawn(),
    );
    let began = Instant::now();
    for opened in join_all((0..20).map(|_| links.to(HOME))).await {
        assert_eq!(opened.unwrap_err(), Error::Lost(HOME.into()));
    }
    assert_eq!(began.elapsed(), Duration::from_secs(2));
    assert_eq!(*gate.waiting.borrow(), 1);
    assert!(links.to(HOME).await.is_err());
    assert_eq!(*gate.waiting.borrow(), 2, "who comes later tries again");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_gives_up_while_opening_leaves_the_attempt_to_the_next() {
    let stage = Stage::new(End::echo(), End::silent());
    let gate = Gate::new(Arc::clone(&stage.pipes));
    let links = links(
        Arc::clone(&gate) as Arc<dyn Connect>,
        End::silent(),
        stage.router_tasks.spawn(),
    );
    let opening = || {
        let links = links.clone();
        spawn(async move { links.to(HOME).await })
    };
    let impatient = opening();
    reaches(&gate.waiting, 1).await;
    let patient = opening();
    settled().await;
    impatient.abort();
    reaches(&gate.waiting, 2).await;
    gate.open.send_replace(true);
    assert_eq!(ended(patient).await.unwrap().call(call(1)).await, Ok(echoed(1)));
}

#[tokio::test]
async fn nobody_listens_where_no_home_is() {
    let stage = Stage::new(End::silent(), End::silent());
    assert_eq!(
        stage.links.to("nowhere:1").await.unwrap_err(),
        Error::Lost("nowhere:1".into())
    );
    assert!(matches!(
        stage.links.to("not an address").await,
        Err(Error::Contract(_))
    ));
}

#[tokio::test]
async fn a_home_that_comes_later_is_linked_then() {
    let stage = Stage::new(End::silent(), End::silent());
    assert!(stage.links.to("late:1").await.is_err());
    add_home(&stage.pipes, "late:1", End::echo(), stage.home_tasks.spawn());
    let link = stage.links.to("late:1").await.unwrap();
    assert_eq!(link.call(call(1)).await, Ok(echoed(1)));
}

#[tokio::test]
async fn a_home_that_dies_before_its_hello_leaves_no_link() {
    let stage = Stage::new(End::silent(), End::silent());
    let mut streams = raw::home(&stage.pipes, "quiet:1");
    let opening = {
        let links = stage.links.clone();
        spawn(async move { links.to("quiet:1").await })
    };
    let dying = streams.recv().await.expect("a stream");
    stage.pipes.meet(Fate::Dead);
    assert_eq!(ended(opening).await.unwrap_err(), Error::Lost("quiet:1".into()));
    drop(dying);
    let opening = spawn(async move { stage.links.to("quiet:1").await });
    let home = streams.recv().await.expect("a stream");
    home.say(raw::hello(PROTOCOL)).await;
    assert!(ended(opening).await.is_ok());
}

/// Connections that are made only once a gate is open.
struct Gate {
    pipes: Arc<Pipes>,
    /// Attempts so far.
    waiting: watch::Sender<usize>,
    open: watch::Sender<bool>,
}

impl Gate {
    fn new(pipes: Arc<Pipes>) -> Arc<Self> {
        Arc::new(Self {
            pipes,
            waiting: watch::Sender::new(0),
            open: watch::Sender::new(false),
        })
    }
}

#[async_trait]
impl Connect for Gate {
    async fn connect(&self, address: &str) -> io::Result<Box<dyn Io>> {
        self.waiting.send_modify(|waiting| *waiting += 1);
        drop(
            self.open
                .subscribe()
                .wait_for(|open| *open)
                .await
                .map_err(io::Error::other)?,
        );
        self.pipes.connect(address).await
    }
}
