use super::*;
use crate::Member;
use std::task::{Context, Poll, Waker};

fn members(epoch: u64, homes: u32) -> Arc<Members> {
    let home = |n| {
        Member::new(
            format!("home-{n}").as_str().into(),
            "127.0.0.1:7400",
            "core",
            10_000,
        )
    };
    Arc::new(Members::new(epoch, (1..=homes).map(home)))
}

/// Asks a future once, without a runtime: the future must not need anybody else to make progress.
fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn now_is_the_placement_of_the_latest_members() {
    let (source, watch) = watch::channel(members(1, 1));
    let placements = Placements::follow(watch);
    assert_eq!(placements.now().epoch(), 1);
    source.send_replace(members(2, 2));
    source.send_replace(members(3, 3));
    assert_eq!(placements.now().epoch(), 3);
    assert_eq!(placements.now().members().len(), 3);
}

#[test]
fn all_clones_share_one_computation_per_change() {
    let (source, watch) = watch::channel(members(1, 2));
    let placements = Placements::follow(watch);
    let clone = placements.clone();
    assert!(Arc::ptr_eq(&placements.now(), &clone.now()));
    source.send_replace(members(2, 3));
    let after = clone.now();
    assert_eq!(after.epoch(), 2);
    assert!(Arc::ptr_eq(&after, &placements.now()));
}

#[test]
fn many_threads_that_ask_at_once_get_one_answer() {
    let (source, watch) = watch::channel(members(1, 2));
    let placements = Placements::follow(watch);
    source.send_replace(members(2, 3));
    let answers: Vec<Arc<Placement>> = std::thread::scope(|scope| {
        let askers: Vec<_> = (0..8).map(|_| scope.spawn(|| placements.now())).collect();
        askers.into_iter().map(|asker| asker.join().unwrap()).collect()
    });
    assert!(
        answers
            .iter()
            .all(|answer| answer.epoch() == 2 && Arc::ptr_eq(answer, &answers[0]))
    );
}

#[test]
fn the_last_members_stay_in_force_when_their_source_is_gone() {
    let (source, watch) = watch::channel(members(1, 1));
    let placements = Placements::follow(watch);
    source.send_replace(members(2, 2));
    drop(source);
    assert_eq!(placements.now().epoch(), 2);
    assert!(Arc::ptr_eq(&placements.now(), &placements.now()));
}

#[test]
fn an_epoch_that_is_there_is_reached_at_once() {
    let (_source, watch) = watch::channel(members(5, 1));
    let placements = Placements::follow(watch);
    let reached = std::pin::pin!(placements.reached(4));
    assert!(matches!(poll(reached), Poll::Ready(placement) if placement.epoch() == 5));
}

#[test]
fn reaching_an_epoch_waits_for_it() {
    let (source, watch) = watch::channel(members(1, 1));
    let placements = Placements::follow(watch);
    let mut reached = std::pin::pin!(placements.reached(3));
    assert!(poll(reached.as_mut()).is_pending());
    source.send_replace(members(2, 2));
    // Somebody else's question must not hide the change from who waits.
    assert_eq!(placements.now().epoch(), 2);
    assert!(poll(reached.as_mut()).is_pending());
    source.send_replace(members(4, 3));
    assert!(matches!(poll(reached), Poll::Ready(placement) if placement.epoch() == 4));
}

#[test]
fn a_change_is_waited_for_from_the_epoch_one_knows() {
    let (source, watch) = watch::channel(members(1, 1));
    let placements = Placements::follow(watch);
    let mut changed = std::pin::pin!(placements.changed_from(1));
    assert!(poll(changed.as_mut()).is_pending());
    source.send_replace(members(2, 2));
    assert!(matches!(poll(changed), Poll::Ready(placement) if placement.epoch() == 2));
    let late = std::pin::pin!(placements.changed_from(1));
    assert!(matches!(poll(late), Poll::Ready(placement) if placement.epoch() == 2));
}
