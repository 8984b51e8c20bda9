//! What waits to be written: messages go before presence, batches stay small, and what nobody wants any more is
//! not sent.

use crate::raw::{self, Raw};
use crate::stage::{End, HOME, Stage, change, message, reaches, settled, spawn};
use prost::Message;
use proto::{Answer, Call, Link, PROTOCOL, v1};
use std::sync::Arc;
use tokio::task::JoinSet;

/// A home's end of a link to a peer that reads only when the test wants: its window is 64 KiB.
async fn link_to_a_reader() -> (Stage, Link, Raw) {
    let home = End::silent();
    let stage = Stage::new(Arc::clone(&home), End::silent());
    let mut peer = raw::open(&stage.pipes, HOME, Some(raw::hello(PROTOCOL)))
        .await
        .expect("the home listens");
    peer.hear().await.expect("its hello");
    reaches(&home.opened, 1).await;
    let link = home.link().await;
    (stage, link, peer)
}

/// Makes these calls and waits for their answers while the set lives.
fn calling(link: &Link, calls: impl IntoIterator<Item = Call>) -> JoinSet<()> {
    let mut set = JoinSet::new();
    for call in calls {
        let link = link.clone();
        set.spawn(async move { drop(link.call(call).await) });
    }
    set
}

/// Reads so many calls, answering each, and returns their numbers.
async fn numbers(peer: &mut Raw, count: usize) -> Vec<u64> {
    let mut numbers = Vec::new();
    while numbers.len() < count {
        for frame in peer.hear().await.expect("more calls") {
            numbers.extend(raw::number(&frame));
            peer.say(raw::answering(frame.id, Ok(Answer::Done))).await;
        }
    }
    numbers
}

#[tokio::test(start_paused = true)]
async fn a_message_overtakes_the_presence_that_waits_before_it() {
    const CHANGES: usize = 3_000;
    let (_stage, link, mut peer) = link_to_a_reader().await;
    let _changes = calling(&link, (0..CHANGES as u64).map(change));
    settled().await;
    let _messages = calling(&link, (9_000..9_010).map(|number| message(number, 1_000)));
    settled().await;
    let numbers = numbers(&mut peer, CHANGES + 10).await;
    let last = numbers.iter().rposition(|number| *number >= 9_000).unwrap();
    // A window and two batches of presence were under way, about 64 KiB each.
    assert!(last < 300, "{last} frames went before the last message");
    let changes: Vec<u64> = numbers.into_iter().filter(|number| *number < 9_000).collect();
    assert_eq!(changes, Vec::from_iter(0..CHANGES as u64));
}

#[tokio::test(start_paused = true)]
async fn an_answer_overtakes_the_presence_that_waits_before_it() {
    let home = End::echo();
    let stage = Stage::new(Arc::clone(&home), End::silent());
    let mut peer = raw::open(&stage.pipes, HOME, Some(raw::hello(PROTOCOL)))
        .await
        .unwrap();
    peer.hear().await.expect("its hello");
    let _changes = calling(&home.link().await, (0..3_000).map(change));
    settled().await;
    peer.say(raw::asking(5, crate::stage::call(55))).await;
    settled().await;
    let mut before = 0;
    loop {
        let frames = peer.hear().await.expect("an answer");
        if let Some(answered) = frames.iter().find_map(raw::answer) {
            assert_eq!(answered, (5, crate::stage::echoed(55)));
            break;
        }
        before += frames.len();
    }
    assert!(before < 300, "{before} frames went before the answer");
}

#[tokio::test(start_paused = true)]
async fn messages_are_written_in_the_order_of_their_calls() {
    let (_stage, link, mut peer) = link_to_a_reader().await;
    let _messages = calling(&link, (0..2_000).map(|number| message(number, 500)));
    assert_eq!(numbers(&mut peer, 2_000).await, Vec::from_iter(0..2_000));
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_large_bodies_stays_far_from_what_a_peer_refuses() {
    const MESSAGES: usize = 600;
    let (_stage, link, mut peer) = link_to_a_reader().await;
    let large = message(1, 60_000);
    let _messages = calling(&link, std::iter::repeat_n(large, MESSAGES));
    settled().await;
    let mut read = 0;
    while read < MESSAGES {
        let frames = peer.hear().await.expect("more messages");
        read += frames.len();
        let octets = v1::Batch { frames }.encoded_len();
        assert!(octets <= 256 * 1024, "{octets} octets in one batch");
    }
}

#[tokio::test(start_paused = true)]
async fn frames_that_wait_together_travel_together() {
    let (_stage, link, mut peer) = link_to_a_reader().await;
    let _messages = calling(&link, (0..3_000).map(|number| message(number, 0)));
    settled().await;
    let mut batches = Vec::new();
    while batches.iter().sum::<usize>() < 3_000 {
        batches.push(peer.hear().await.expect("more messages").len());
    }
    assert!(batches.len() <= 60, "{batches:?}");
    assert!(batches.iter().all(|frames| *frames <= 256), "{batches:?}");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_any_more_is_not_sent() {
    let (_stage, link, mut peer) = link_to_a_reader().await;
    // These fill the window, so that the others wait.
    let _first = calling(&link, (0..300).map(|number| message(number, 1_000)));
    settled().await;
    let mut given_up = calling(&link, (1_000..1_300).map(|number| message(number, 1_000)));
    given_up.spawn({
        let link = link.clone();
        async move { drop(link.call(change(1_300)).await) }
    });
    settled().await;
    given_up.shutdown().await;
    let _last = calling(&link, [message(2_000, 0)]);
    assert_eq!(
        numbers(&mut peer, 301).await,
        Vec::from_iter((0..300).chain([2_000]))
    );
    let next = spawn(async move { numbers(&mut peer, 1).await });
    let _more = calling(&link, [message(2_001, 0)]);
    assert_eq!(crate::stage::ended(next).await, [2_001]);
}
