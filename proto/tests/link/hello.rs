//! Who is at the other end, and whether it speaks the same version.

use crate::raw;
use crate::stage::{End, HOME, Stage, call, echoed, ended, spawn};
use proto::link::Error;
use proto::v1;
use proto::v1::frame::Body;
use proto::{Link, PROTOCOL, Refusal};
use rvp::Fault;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tonic::{Code, Status};

const QUIET: &str = "quiet:1";

/// What opening a link comes to when the home's first words are these.
async fn opened_to(first: Option<v1::Frame>) -> Result<Link, Error> {
    let stage = Stage::new(End::silent(), End::silent());
    let mut streams = raw::home(&stage.pipes, QUIET);
    let opening = spawn(async move { stage.links.to(QUIET).await });
    let home = streams.recv().await.expect("a stream");
    if let Some(first) = first {
        home.say(first).await;
    }
    let opened = ended(opening).await;
    drop(home);
    opened
}

/// What a home says to these first words.
async fn refused_by_home(first: v1::Frame) -> Status {
    let home = End::silent();
    let stage = Stage::new(Arc::clone(&home), End::silent());
    let opened = raw::open(&stage.pipes, HOME, Some(first)).await;
    assert_eq!(
        *home.opened.borrow(),
        0,
        "nobody is told of a link that never was"
    );
    opened.err().expect("a refusal")
}

#[tokio::test]
async fn a_home_refuses_a_caller_of_another_version_and_says_which() {
    let status = refused_by_home(raw::hello(PROTOCOL + 1)).await;
    assert_eq!(status.code(), Code::FailedPrecondition);
    for part in [
        "stranger".to_owned(),
        format!("version {}", PROTOCOL + 1),
        format!("version {PROTOCOL}"),
    ] {
        assert!(status.message().contains(&part), "{}", status.message());
    }
}

#[tokio::test]
async fn a_caller_refuses_a_home_of_another_version_and_says_which() {
    let Err(Error::Contract(reason)) = opened_to(Some(raw::hello(PROTOCOL + 1))).await else {
        panic!("it must be refused");
    };
    for part in [
        "stranger".to_owned(),
        format!("version {}", PROTOCOL + 1),
        format!("version {PROTOCOL}"),
    ] {
        assert!(reason.contains(&part), "{reason}");
    }
}

#[tokio::test]
async fn a_refused_caller_learns_the_reason_once() {
    let stage = Stage::new(End::silent(), End::silent());
    let status = refused_by_home(raw::hello(PROTOCOL + 1)).await;
    let reason = status.message().to_owned();
    raw::refusing_home(&stage.pipes, QUIET, status);
    let error = stage.links.to(QUIET).await.unwrap_err();
    assert_eq!(error, Error::Contract(reason.clone()));
    assert_eq!(
        error.to_string(),
        format!("peer does not keep the contract: {reason}")
    );
    assert_eq!(reason.matches("contract").count(), 0, "{reason}");
}

#[tokio::test]
async fn a_home_refuses_a_caller_whose_first_frame_is_not_a_hello() {
    let status = refused_by_home(raw::asking(1, call(1))).await;
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().contains("hello"), "{}", status.message());
}

#[tokio::test]
async fn a_caller_refuses_a_home_whose_first_frame_is_not_a_hello() {
    let opened = opened_to(Some(raw::asking(1, call(1)))).await;
    assert!(
        matches!(&opened, Err(Error::Contract(reason)) if reason.contains("hello")),
        "{opened:?}"
    );
}

#[tokio::test]
async fn a_peer_without_a_role_is_refused() {
    let hello = v1::Hello {
        name: "stranger".into(),
        role: 77,
        protocol: PROTOCOL,
    };
    let hello = v1::Frame {
        id: 0,
        body: Some(Body::Hello(hello)),
    };
    assert_eq!(
        refused_by_home(hello.clone()).await.code(),
        Code::FailedPrecondition
    );
    let opened = opened_to(Some(hello)).await;
    assert!(
        matches!(&opened, Err(Error::Contract(reason)) if reason.contains("role")),
        "{opened:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_home_waits_five_seconds_for_a_hello() {
    let home = End::silent();
    let stage = Stage::new(Arc::clone(&home), End::silent());
    let began = Instant::now();
    let status = raw::open(&stage.pipes, HOME, None)
        .await
        .err()
        .expect("a refusal");
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(began.elapsed().as_secs(), 5);
    assert_eq!(*home.opened.borrow(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_two_seconds_for_a_hello() {
    let began = Instant::now();
    assert_eq!(opened_to(None).await.unwrap_err(), Error::Lost(QUIET.into()));
    assert_eq!(began.elapsed(), Duration::from_secs(2));
}

#[tokio::test]
async fn a_home_that_ends_the_stream_instead_of_a_hello_is_refused() {
    let stage = Stage::new(End::silent(), End::silent());
    let mut streams = raw::home(&stage.pipes, QUIET);
    let opening = spawn(async move { stage.links.to(QUIET).await });
    drop(streams.recv().await.expect("a stream"));
    assert!(ended(opening).await.is_err());
}

#[tokio::test]
async fn frames_that_mean_nothing_here_are_skipped() {
    let stage = Stage::new(End::echo(), End::silent());
    let mut peer = raw::open(&stage.pipes, HOME, Some(raw::hello(PROTOCOL)))
        .await
        .unwrap();
    peer.hear().await.expect("its hello");
    peer.say(raw::hello(PROTOCOL)).await;
    peer.say(v1::Frame { id: 3, body: None }).await;
    peer.say(raw::answering(1_000_000, echoed(1))).await;
    peer.say(raw::asking(4, call(44))).await;
    let frames = peer.hear().await.expect("an answer");
    assert_eq!(raw::answer(&frames[0]), Some((4, echoed(44))));
}

#[tokio::test]
async fn a_call_that_is_not_in_the_contract_is_a_bad_request() {
    let stage = Stage::new(End::echo(), End::silent());
    let mut peer = raw::open(&stage.pipes, HOME, Some(raw::hello(PROTOCOL)))
        .await
        .unwrap();
    peer.hear().await.expect("its hello");
    peer.say(v1::Frame {
        id: 5,
        body: Some(Body::Call(v1::Call::default())),
    })
    .await;
    let frames = peer.hear().await.expect("an answer");
    assert_eq!(
        raw::answer(&frames[0]),
        Some((5, Err(Refusal::Fault(Fault::BadRequest))))
    );
}

#[tokio::test]
async fn an_answer_that_is_not_in_the_contract_is_no_answer_to_go_by() {
    let stage = Stage::new(End::silent(), End::silent());
    let mut streams = raw::home(&stage.pipes, QUIET);
    let calling = spawn(async move { stage.links.to(QUIET).await.unwrap().call(call(1)).await });
    let mut home = streams.recv().await.expect("a stream");
    home.hear().await.expect("its hello");
    home.say(raw::hello(PROTOCOL)).await;
    let id = home.hear().await.expect("the call")[0].id;
    home.say(v1::Frame {
        id,
        body: Some(Body::Answer(v1::Answer::default())),
    })
    .await;
    assert_eq!(ended(calling).await, Ok(Err(Refusal::Fault(Fault::Unavailable))));
}
