//! Nothing on a link grows without bound, and no bound makes the two ends wait for each other.

use crate::raw::{self, Raw};
use crate::stage::{End, HOME, Stage, change, echoed, message, reaches, settled};
use proto::link::Error;
use proto::{Call, Link, PROTOCOL, Refusal, v1};
use rvp::Fault;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

type Called = Result<Result<proto::Answer, Refusal>, Error>;

/// A home's end of a link to a peer that says hello and then neither reads nor answers.
async fn link_to_a_stuck_peer() -> (Stage, Link, Raw) {
    let home = End::silent();
    let stage = Stage::new(Arc::clone(&home), End::silent());
    let mut peer = raw::open(&stage.pipes, HOME, Some(raw::hello(PROTOCOL)))
        .await
        .expect("the home listens");
    peer.hear().await.expect("its hello");
    let link = home.link().await;
    (stage, link, peer)
}

fn calling(link: &Link, call: &Call, count: usize) -> JoinSet<Called> {
    let mut calls = JoinSet::new();
    for _ in 0..count {
        let (link, call) = (link.clone(), call.clone());
        calls.spawn(async move { link.call(call).await });
    }
    calls
}

/// How many calls were not even sent because too much was waiting, once all have ended; the others must have
/// ended as `otherwise`.
async fn full(calls: JoinSet<Called>, otherwise: &Called) -> usize {
    let ended = calls.join_all().await;
    assert!(
        ended
            .iter()
            .all(|call| call == otherwise || *call == Err(Error::Full))
    );
    ended.iter().filter(|call| **call == Err(Error::Full)).count()
}

#[tokio::test(start_paused = true)]
async fn callers_of_a_peer_that_does_not_read_are_told_that_the_link_is_full() {
    const CALLS: usize = 40_000;
    let (_stage, link, _peer) = link_to_a_stuck_peer().await;
    let full = full(calling(&link, &message(1, 100), CALLS), &Err(Error::Deadline)).await;
    assert!(CALLS - full > 10_000, "a link has room for a burst");
    assert!(CALLS - full < 25_000, "{} calls were taken", CALLS - full);
    assert!(!link.is_closed());
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_peer_that_does_not_read_is_bounded_in_octets() {
    const CALLS: usize = 4_000;
    const OCTETS: usize = 60_000;
    let (_stage, link, _peer) = link_to_a_stuck_peer().await;
    let full = full(calling(&link, &message(1, OCTETS), CALLS), &Err(Error::Deadline)).await;
    let waiting = (CALLS - full) * OCTETS;
    assert!(waiting < 100 * 1024 * 1024, "{waiting} octets were waiting");
}

#[tokio::test(start_paused = true)]
async fn presence_waits_for_room_instead_of_being_refused() {
    let (_stage, link, _peer) = link_to_a_stuck_peer().await;
    assert_eq!(
        full(calling(&link, &change(1), 10_000), &Err(Error::Deadline)).await,
        0
    );
}

#[tokio::test(start_paused = true)]
async fn presence_without_answers_leaves_room_for_messages() {
    let (_stage, link, mut peer) = link_to_a_stuck_peer().await;
    let _changes = calling(&link, &change(1), 40_000);
    let reading = crate::stage::spawn(async move {
        loop {
            let frames = peer.hear().await.expect("the link stays open");
            if frames.iter().any(|frame| raw::number(frame) == Some(9)) {
                return peer;
            }
        }
    });
    settled().await;
    let calls = calling(&link, &message(9, 10), 1);
    let _peer = crate::stage::ended(reading).await;
    assert_eq!(full(calls, &Err(Error::Deadline)).await, 0);
}

/// Each end calls until it is refused, again and again, while the other serves without answering; then both
/// answer at once. An end that stopped reading until it has room would never read the answers that make room.
#[tokio::test(start_paused = true)]
async fn two_ends_that_call_each_other_to_their_bounds_all_get_answers() {
    let gate = watch::Sender::new(false);
    let opens = gate.subscribe();
    let serve = move |_, call: Call| {
        let mut opens = opens.clone();
        async move {
            opens.wait_for(|open| *open).await.unwrap();
            echoed(call.epoch)
        }
    };
    let home = End::new(serve.clone());
    let stage = Stage::new(Arc::clone(&home), End::new(serve));
    let ends = [stage.link().await, home.link().await];
    let mut waves = Vec::new();
    for _ in 0..4 {
        waves.extend(ends.iter().map(|link| calling(link, &message(1, 1_000), 20_000)));
        settled().await;
    }
    gate.send_replace(true);
    let mut refused = 0;
    for calls in waves {
        refused += full(calls, &Ok(echoed(1))).await;
    }
    assert!(refused > 0, "the bounds were reached");
    for link in ends {
        assert_eq!(
            full(calling(&link, &message(1, 1_000), 10_000), &Ok(echoed(1))).await,
            0
        );
    }
}

#[tokio::test(start_paused = true)]
async fn callers_who_give_up_take_up_room_until_the_deadline_at_most() {
    let stage = Stage::new(
        End::new(|_, call| async move {
            if call.epoch == 1 {
                std::future::pending::<()>().await;
            }
            echoed(call.epoch)
        }),
        End::silent(),
    );
    let link = stage.link().await;
    for _ in 0..8 {
        let deadline = Duration::from_secs(5);
        let mut calls = calling(
            &link,
            &Call {
                deadline,
                ..message(1, 10)
            },
            12_000,
        );
        settled().await;
        calls.shutdown().await;
        tokio::time::sleep(deadline).await;
        settled().await;
        assert_eq!(link.call(message(2, 10)).await, Ok(echoed(2)));
    }
}

/// A peer that has more calls open than any end may have does not keep the contract.
#[tokio::test(start_paused = true)]
async fn a_peer_that_calls_beyond_the_bound_is_hung_up() {
    hangs_up_on_a_flood(End::silent()).await;
}

/// Answers that nobody reads are bounded too.
#[tokio::test(start_paused = true)]
async fn a_peer_that_calls_on_without_reading_answers_is_hung_up() {
    hangs_up_on_a_flood(End::echo()).await;
}

async fn hangs_up_on_a_flood(home: Arc<End>) {
    let stage = Stage::new(Arc::clone(&home), End::silent());
    let peer = raw::open(&stage.pipes, HOME, Some(raw::hello(PROTOCOL)))
        .await
        .expect("the home listens");
    let flood = crate::stage::spawn(async move {
        let call = message(1, 0);
        for first in (0..).step_by(200) {
            let frames = (first..first + 200)
                .map(|id| raw::asking(id, call.clone()))
                .collect();
            if peer.send.send(v1::Batch { frames }).await.is_err() {
                break;
            }
        }
    });
    reaches(&home.closed, 1).await;
    flood.abort();
}

#[tokio::test(start_paused = true)]
async fn a_served_call_that_never_ends_by_itself_is_ended_by_its_deadline() {
    let stage = Stage::new(End::silent(), End::silent());
    let link = stage.link().await;
    let unavailable = Ok(Err(Refusal::Fault(Fault::Unavailable)));
    let calls = calling(
        &link,
        &Call {
            deadline: Duration::from_secs(5),
            ..message(1, 10)
        },
        100,
    );
    for call in calls.join_all().await {
        // Both ends count to the same deadline.
        assert!(call == Err(Error::Deadline) || call == unavailable, "{call:?}");
    }
}
