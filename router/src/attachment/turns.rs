//! Whatever many clients may cause at one moment has turns: whoever sends a message meanwhile waits for a few of them,
//! not for all.
//!
//! When thousands log on together, hundreds of them may have been answered at once, and each is some tenths of a
//! millisecond of work. Without turns all of it comes before whatever arrives next. Changes that were gathered (`gathering`)
//! have none: each connection writes them at a time of its own.

use crate::threads::threads;
use tokio::sync::Semaphore;

/// Work of a thread that is done before others have their turn, in clients who are told something: each is some fifteen
/// microseconds.
pub(crate) const TOGETHER: usize = 32;
/// A step of somebody who logs on, or begins to watch others, in the same.
pub(super) const STEP: usize = 4;

/// Whose turn it is.
#[derive(Debug)]
pub(super) struct Turns {
    room: Semaphore,
    most: usize,
}

impl Turns {
    /// As much work at a time as there are threads to do it.
    pub(super) fn new() -> Self {
        let most = TOGETHER * threads();
        Self {
            room: Semaphore::new(most),
            most,
        }
    }

    /// Waits until so much work may be done, in the order in which it is asked for. What has arrived meanwhile comes
    /// before it.
    pub(super) async fn turn(&self, work: usize) {
        let work = u32::try_from(work.min(self.most)).unwrap_or(u32::MAX);
        // It is never closed, and would let everybody pass if it were.
        let room = self.room.acquire_many(work).await;
        // The room is given back only once the thread has looked for what has arrived.
        tokio::task::yield_now().await;
        drop(room);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::{Cell, RefCell};

    #[tokio::test]
    async fn others_have_their_turn_each_time_that_enough_is_done() {
        let (turns, done) = (Turns::new(), Cell::new(0));
        let work = async {
            // As many tasks as there may be calls of homes and clients who log on.
            futures_util::future::join_all((0..1_000).map(|_| async {
                turns.turn(STEP).await;
                done.set(done.get() + STEP);
            }))
            .await
        };
        let mut seen = vec![0];
        let others = async {
            while done.get() < 1_000 * STEP {
                tokio::task::yield_now().await;
                seen.push(done.get());
            }
        };
        tokio::join!(work, others);
        // Now one is polled first, now the other, so between two looks of the others there may be two turns.
        assert!(
            seen.windows(2).all(|two| two[1] - two[0] <= 2 * TOGETHER),
            "{seen:?}"
        );
    }

    #[tokio::test]
    async fn turns_come_in_the_order_in_which_they_are_asked_for() {
        let (turns, order) = (Turns::new(), RefCell::new(Vec::new()));
        let work = |who: usize, work| {
            let (turns, order) = (&turns, &order);
            async move {
                turns.turn(work).await;
                order.borrow_mut().push(who);
            }
        };
        // Who wants more than there ever is has all there is.
        tokio::join!(work(0, 1), work(1, 100 * TOGETHER), work(2, 1));
        assert_eq!(*order.borrow(), [0, 1, 2]);
    }
}
