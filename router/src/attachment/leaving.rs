//! Those who leave have turns: a whole office that logs off at once is to take little more memory than it had.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Of so many at a time a home is told that they leave: more than keep the homes of a router busy.
const AT_A_TIME: usize = 256;
/// How long a turn is waited for. Where homes do not answer, those whose homes do are not held up for longer.
const WAIT: Duration = Duration::from_secs(5);

/// Whose turn it is.
#[derive(Debug)]
pub(super) struct Leaving {
    turns: Arc<Semaphore>,
}

/// One's turn; it ends when it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _turn: Option<OwnedSemaphorePermit>,
}

impl Default for Leaving {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_A_TIME)),
        }
    }
}

impl Leaving {
    /// A turn, in the order in which it is asked for.
    pub(super) fn turn(&self) -> impl Future<Output = Turn> + Send + use<> {
        let turn = Arc::clone(&self.turns).acquire_owned();
        async {
            let turn = tokio::time::timeout(WAIT, turn).await;
            Turn {
                _turn: turn.ok().and_then(Result::ok),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn so_many_leave_at_a_time_and_nobody_waits_for_long() {
        let (leaving, begun) = (Leaving::default(), Instant::now());
        let mut turns = Vec::new();
        for _ in 0..AT_A_TIME {
            turns.push(leaving.turn().await);
        }
        assert!(begun.elapsed() < WAIT, "nobody had to wait");
        let next = leaving.turn().await;
        assert!(begun.elapsed() >= WAIT && next._turn.is_none());
        drop(turns.pop());
        let begun = Instant::now();
        assert!(leaving.turn().await._turn.is_some());
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}
