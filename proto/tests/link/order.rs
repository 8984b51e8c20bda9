//! Messages of one sender keep their order: calls begin to be served in the order in which they were made.

use crate::pipe::lock;
use crate::stage::{End, Stage, call, echoed, message};
use futures_util::future::join_all;
use proto::{Call, Link};
use std::sync::{Arc, Mutex};

const CALLS: u64 = 4_000;

/// An end that notes what it is asked in its first step, before it waits for anything.
fn noting(waits: bool) -> (Arc<End>, Arc<Mutex<Vec<u64>>>) {
    let seen = Arc::<Mutex<Vec<u64>>>::default();
    let notes = Arc::clone(&seen);
    let end = End::new(move |_, call: Call| {
        let notes = Arc::clone(&notes);
        async move {
            lock(&notes).push(call.epoch);
            if waits {
                tokio::task::yield_now().await;
            }
            echoed(call.epoch)
        }
    });
    (end, seen)
}

async fn call_in_order(link: &Link, call: impl Fn(u64) -> Call) {
    let calls = (0..CALLS).map(|number| link.call(call(number)));
    for (number, answer) in (0..).zip(join_all(calls).await) {
        assert_eq!(answer, Ok(echoed(number)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_wait_while_they_are_served_begin_in_order() {
    let (home, seen) = noting(true);
    let stage = Stage::new(home, End::silent());
    call_in_order(&stage.link().await, call).await;
    assert_eq!(*lock(&seen), Vec::from_iter(0..CALLS));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_are_answered_at_once_begin_in_order() {
    let (home, seen) = noting(false);
    let stage = Stage::new(home, End::silent());
    call_in_order(&stage.link().await, call).await;
    assert_eq!(*lock(&seen), Vec::from_iter(0..CALLS));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_a_home_calls_with_begin_in_order() {
    let (router, seen) = noting(true);
    let home = End::silent();
    let stage = Stage::new(Arc::clone(&home), router);
    let _link = stage.link().await;
    call_in_order(&home.link().await, |number| message(number, 100)).await;
    assert_eq!(*lock(&seen), Vec::from_iter(0..CALLS));
}

/// The first step of a call may use what tokio rations between tasks, such as room in a queue; running out of
/// the ration must not put a call behind the next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_step_of_a_call_is_not_cut_short() {
    let (queue, mut queued) = tokio::sync::mpsc::channel(usize::try_from(CALLS).unwrap());
    let home = End::new(move |_, call: Call| {
        let queue = queue.clone();
        async move {
            queue.send(call.epoch).await.unwrap();
            tokio::task::yield_now().await;
            echoed(call.epoch)
        }
    });
    let stage = Stage::new(home, End::silent());
    call_in_order(&stage.link().await, call).await;
    for number in 0..CALLS {
        assert_eq!(queued.recv().await, Some(number));
    }
}
