//! Time that stands still until a test moves it.

use crate::wait;
use async_trait::async_trait;
use daemon::Clock;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::{Notify, oneshot};

/// When every stage begins: 2026-01-05, a Monday, 08:00 UTC.
const BEGINNING: Duration = Duration::from_secs(1_767_600_000);

/// A clock that only [`ManualClock::advance`] moves. Network waits go by tokio's time and are not affected.
#[derive(Debug)]
pub struct ManualClock {
    state: Mutex<State>,
    /// Told whenever a sleeper is gone.
    left: Notify,
}

#[derive(Debug)]
struct State {
    now: SystemTime,
    next: u64,
    /// Who sleeps until when; numbered, since several may sleep until the same moment.
    sleepers: BTreeMap<(SystemTime, u64), Option<oneshot::Sender<()>>>,
}

impl Default for ManualClock {
    fn default() -> Self {
        let now = SystemTime::UNIX_EPOCH + BEGINNING;
        Self {
            state: Mutex::new(State {
                now,
                next: 0,
                sleepers: BTreeMap::new(),
            }),
            left: Notify::new(),
        }
    }
}

impl ManualClock {
    /// Moves time on. Sleepers wake in the order of their times, each at its own time, and the next one only
    /// when the one before is up and everybody had a chance to act on it.
    ///
    /// # Errors
    /// When somebody who was woken does not get up.
    pub async fn advance(&self, by: Duration) -> anyhow::Result<()> {
        let target = self.now() + by;
        while let Some(at) = self.wake_next(target) {
            wait::within("a sleeper to get up", self.all_up(at)).await?;
            wait::let_others_run().await;
        }
        self.state().now = target;
        wait::let_others_run().await;
        Ok(())
    }

    /// Wakes those who sleep until the earliest moment that is not later than `target`.
    fn wake_next(&self, target: SystemTime) -> Option<SystemTime> {
        let mut state = self.state();
        let (at, _) = *state
            .sleepers
            .first_key_value()
            .filter(|((at, _), _)| *at <= target)?
            .0;
        state.now = state.now.max(at);
        for (_, sleeper) in state.sleepers.range_mut(..=(at, u64::MAX)) {
            if let Some(sleeper) = sleeper.take() {
                // Whoever stopped waiting meanwhile takes itself out of the list.
                let _ = sleeper.send(());
            }
        }
        Some(at)
    }

    async fn all_up(&self, at: SystemTime) {
        loop {
            let left = self.left.notified();
            if self
                .state()
                .sleepers
                .first_key_value()
                .is_none_or(|((first, _), _)| *first > at)
            {
                return;
            }
            left.await;
        }
    }

    fn lie_down(&self, at: SystemTime) -> Option<Sleeper<'_>> {
        let mut state = self.state();
        if at <= state.now {
            return None;
        }
        let (wake, woken) = oneshot::channel();
        let key = (at, state.next);
        state.next += 1;
        state.sleepers.insert(key, Some(wake));
        Some(Sleeper {
            clock: self,
            key,
            woken,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody asleep. Dropping it, woken or not, takes it out of the list.
struct Sleeper<'a> {
    clock: &'a ManualClock,
    key: (SystemTime, u64),
    woken: oneshot::Receiver<()>,
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        self.clock.state().sleepers.remove(&self.key);
        self.clock.left.notify_one();
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        self.state().now
    }

    async fn sleep_until(&self, at: SystemTime) {
        if let Some(mut sleeper) = self.lie_down(at) {
            // The sender lives in the list, from which only this sleeper takes it without sending.
            let _ = (&mut sleeper.woken).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn sleepers_wake_in_time_order_each_at_its_own_time() {
        let clock = Arc::new(ManualClock::default());
        let begin = clock.now();
        let (woken, mut order) = tokio::sync::mpsc::channel(8);
        let tasks = daemon::Tasks::new();
        for minutes in [3, 1, 2, 9] {
            let (clock, woken) = (Arc::clone(&clock), woken.clone());
            tasks.spawn("sleeper", daemon::OnError::Stop, async move {
                clock.sleep_until(begin + minutes * MINUTE).await;
                woken.send((minutes, clock.now())).await?;
                Ok(())
            });
        }
        wait::let_others_run().await;
        clock.advance(5 * MINUTE).await.unwrap();
        assert_eq!(clock.now(), begin + 5 * MINUTE);
        for minutes in [1, 2, 3] {
            assert_eq!(order.try_recv().unwrap(), (minutes, begin + minutes * MINUTE));
        }
        assert!(order.try_recv().is_err(), "the last one sleeps on");
        tasks.abort();
    }

    #[tokio::test]
    async fn who_stops_waiting_holds_nobody_up() {
        let clock = ManualClock::default();
        let at = clock.now() + MINUTE;
        assert!(
            tokio::time::timeout(Duration::ZERO, clock.sleep_until(at))
                .await
                .is_err()
        );
        clock.advance(2 * MINUTE).await.unwrap();
        clock.sleep_until(at).await;
    }
}
