//! A call is answered, refused, or said to be without an answer.

use crate::raw;
use crate::stage::{End, Stage, Tasks, call, echoed, ended, home_server, links, settled, spawn};
use async_trait::async_trait;
use proto::link::Error;
use proto::links::{Connect, Io};
use proto::{Answer, Call, PROTOCOL, Peer, Refusal, Role};
use rvp::Fault;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

#[tokio::test]
async fn a_call_is_answered() {
    let stage = Stage::new(End::new(|_, _| async { Ok(Answer::Done) }), End::silent());
    let link = stage.link().await;
    assert_eq!(link.call(call(1)).await, Ok(Ok(Answer::Done)));
    assert_eq!(
        *link.peer(),
        Peer {
            name: "home".into(),
            role: Role::Home
        }
    );
}

#[tokio::test]
async fn a_refusal_is_an_answer() {
    let stage = Stage::new(End::echo(), End::silent());
    let refused = stage.link().await.call(call(41)).await;
    assert_eq!(refused, Ok(Err(Refusal::Moved { epoch: 41 })));
}

#[tokio::test]
async fn a_call_arrives_as_it_was_made() {
    let (seen, mut sees) = watch::channel(None);
    let home = End::new(move |_, call| {
        seen.send_replace(Some(call));
        async { Ok(Answer::Done) }
    });
    let stage = Stage::new(home, End::silent());
    let trace = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    let made = Call { trace, ..call(5) };
    stage.link().await.call(made.clone()).await.unwrap().unwrap();
    assert_eq!(*sees.borrow_and_update(), Some(made));
}

#[tokio::test]
async fn both_ends_call_on_one_link() {
    let (home, router) = (End::echo(), End::echo());
    let stage = Stage::new(Arc::clone(&home), Arc::clone(&router));
    let link = stage.link().await;
    assert_eq!(link.call(call(1)).await, Ok(echoed(1)));
    let back = home.link().await;
    assert_eq!(
        *back.peer(),
        Peer {
            name: "router".into(),
            role: Role::Router
        }
    );
    assert_eq!(back.call(call(2)).await, Ok(echoed(2)));
    assert!(router.link().await.is_same(&link));
    assert_eq!(*stage.pipes.tries().borrow(), 1);
}

#[tokio::test]
async fn whoever_serves_a_call_may_call_back_before_answering_it() {
    let home = End::new(|link, asked| async move { link.call(call(asked.epoch + 1)).await.unwrap() });
    let stage = Stage::new(home, End::echo());
    assert_eq!(stage.link().await.call(call(1)).await, Ok(echoed(2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_calls_side_by_side_get_their_own_answers() {
    const CALLS: u64 = 5_000;
    // Every other call is answered only after all others had a turn.
    let serve = |_, call: Call| async move {
        if call.epoch.is_multiple_of(2) {
            tokio::task::yield_now().await;
        }
        echoed(call.epoch)
    };
    let home = End::new(serve);
    let stage = Stage::new(Arc::clone(&home), End::new(serve));
    let ends = [stage.link().await, home.link().await];
    let mut calls = JoinSet::new();
    for number in 0..CALLS {
        for link in ends.clone() {
            calls.spawn(async move { (number, link.call(call(number)).await) });
        }
    }
    let answers = calls.join_all().await;
    assert_eq!(answers.len(), ends.len() * CALLS as usize);
    for (number, answer) in answers {
        assert_eq!(answer, Ok(echoed(number)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_ends_at_its_deadline() {
    let (link, _quiet) = link_to_a_quiet_home().await;
    let (began, deadline) = (Instant::now(), Duration::from_secs(3));
    assert_eq!(
        link.call(Call { deadline, ..call(1) }).await,
        Err(Error::Deadline)
    );
    assert_eq!(began.elapsed().as_secs(), deadline.as_secs());
    assert!(!link.is_closed());
}

#[tokio::test(start_paused = true)]
async fn no_call_waits_longer_than_a_minute() {
    let (link, _quiet) = link_to_a_quiet_home().await;
    let began = Instant::now();
    let call = Call {
        deadline: Duration::from_secs(3_600),
        ..call(1)
    };
    assert_eq!(link.call(call).await, Err(Error::Deadline));
    assert_eq!(began.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_served_too_long_is_answered_at_its_deadline() {
    let stage = Stage::new(End::silent(), End::silent());
    let mut peer = raw::open(&stage.pipes, "home:7070", Some(raw::hello(PROTOCOL)))
        .await
        .unwrap();
    peer.hear().await.expect("its hello");
    let began = Instant::now();
    peer.say(raw::asking(
        9,
        Call {
            deadline: Duration::from_secs(4),
            ..call(1)
        },
    ))
    .await;
    let frames = peer.hear().await.expect("an answer");
    assert_eq!(began.elapsed().as_secs(), 4);
    assert_eq!(
        raw::answer(&frames[0]),
        Some((9, Err(Refusal::Fault(Fault::Unavailable))))
    );
}

#[tokio::test]
async fn a_slow_call_does_not_hold_up_a_fast_one() {
    let gate = watch::Sender::new(false);
    let opens = gate.subscribe();
    let home = End::new(move |_, call| {
        let mut opens = opens.clone();
        async move {
            if call.epoch == 1 {
                opens.wait_for(|open| *open).await.unwrap();
            }
            echoed(call.epoch)
        }
    });
    let stage = Stage::new(home, End::silent());
    let link = stage.link().await;
    let slow = {
        let link = link.clone();
        spawn(async move { link.call(call(1)).await })
    };
    assert_eq!(link.call(call(2)).await, Ok(echoed(2)));
    gate.send_replace(true);
    assert_eq!(ended(slow).await, Ok(echoed(1)));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_after_its_caller_gave_up_is_nobodys() {
    let (link, mut home) = link_to_a_quiet_home().await;
    let given_up = {
        let link = link.clone();
        spawn(async move { link.call(call(1)).await })
    };
    let id = home.hear().await.expect("the call")[0].id;
    given_up.abort();
    settled().await;
    let next = spawn(async move { link.call(call(2)).await });
    let next_id = home.hear().await.expect("the next call")[0].id;
    assert_ne!(
        id, next_id,
        "an answer that is still to come has to be told from others"
    );
    home.say(raw::answering(id, echoed(1))).await;
    home.say(raw::answering(next_id, echoed(2))).await;
    assert_eq!(ended(next).await, Ok(echoed(2)));
}

#[tokio::test]
async fn calls_are_answered_over_loopback() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let tasks = Arc::<Tasks>::default();
    let server = home_server(End::echo(), tasks.spawn());
    drop(spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        server
            .serve_with_incoming(tokio_stream::once(Ok::<_, io::Error>(stream)))
            .await
    }));
    let links = links(Arc::new(Loopback), End::silent(), tasks.spawn());
    let link = links.to(&address).await.unwrap();
    for number in 0..100 {
        assert_eq!(link.call(call(number)).await, Ok(echoed(number)));
    }
}

struct Loopback;

#[async_trait]
impl Connect for Loopback {
    async fn connect(&self, address: &str) -> io::Result<Box<dyn Io>> {
        Ok(Box::new(TcpStream::connect(address).await?))
    }
}

/// A link to a home that says hello, and from then on what the test says.
async fn link_to_a_quiet_home() -> (proto::Link, raw::Raw) {
    let stage = Stage::new(End::silent(), End::silent());
    let mut streams = raw::home(&stage.pipes, "quiet:1");
    let opening = spawn(async move { stage.links.to("quiet:1").await });
    let mut home = streams.recv().await.expect("a stream");
    home.hear().await.expect("its hello");
    home.say(raw::hello(PROTOCOL)).await;
    (ended(opening).await.expect("it said hello"), home)
}
