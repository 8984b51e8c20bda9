//! The current placement, for everybody in a process.

use crate::{Members, Placement};
use arc_swap::ArcSwap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Follows the members and knows the placement of the latest set. Cloning copies a pointer.
///
/// There is no task behind it: whoever first asks after a change computes, once for all clones, and whoever asks
/// meanwhile waits those milliseconds, so an answer is never older than the members were at the question. With
/// unchanged members an answer is a read without a lock.
#[derive(Clone)]
pub struct Placements {
    shared: Arc<Shared>,
}

struct Shared {
    current: ArcSwap<Current>,
    /// Held while computing, so that it is done once.
    computing: Mutex<()>,
}

struct Current {
    placement: Arc<Placement>,
    /// Has seen the members of `placement` and nothing later, so it knows whether there is something later.
    seen: watch::Receiver<Arc<Members>>,
    /// The source is gone and `placement` is its last word.
    last: bool,
}

impl Current {
    fn of(mut seen: watch::Receiver<Arc<Members>>) -> Self {
        // Asked before reading: what was sent before the source went away is then read below.
        let last = seen.has_changed().is_err();
        let members = Arc::clone(&seen.borrow_and_update());
        Self {
            placement: Arc::new(Placement::new(members)),
            seen,
            last,
        }
    }

    fn is_stale(&self) -> bool {
        !self.last && self.seen.has_changed().unwrap_or(true)
    }
}

impl Placements {
    /// Begins to follow. Computes the placement of the present members.
    #[must_use]
    pub fn follow(members: watch::Receiver<Arc<Members>>) -> Self {
        let current = ArcSwap::from_pointee(Current::of(members));
        Self {
            shared: Arc::new(Shared {
                current,
                computing: Mutex::new(()),
            }),
        }
    }

    /// The placement of the latest members.
    #[must_use]
    pub fn now(&self) -> Arc<Placement> {
        let current = self.shared.current.load();
        if current.is_stale() {
            self.recompute()
        } else {
            Arc::clone(&current.placement)
        }
    }

    /// Waits for the first placement newer than an epoch, and returns the latest. Waits for ever when the
    /// members change no more, so the caller bounds it.
    pub async fn changed_from(&self, epoch: u64) -> Arc<Placement> {
        self.reached(epoch.saturating_add(1)).await
    }

    /// Waits until an epoch is reached, and returns the latest placement. Waits for ever when it never is, so
    /// the caller bounds it.
    pub async fn reached(&self, epoch: u64) -> Arc<Placement> {
        let mut members = self.shared.current.load().seen.clone();
        loop {
            let placement = self.now();
            if placement.epoch() >= epoch {
                return placement;
            }
            if members.changed().await.is_err() {
                // The last members stay in force, as everywhere when their source is gone.
                return std::future::pending().await;
            }
        }
    }

    /// The placement for a caller who knows an epoch already: the latest, once it is not older. None when it still is
    /// after the wait.
    pub async fn caught_up(&self, epoch: u64, wait: Duration) -> Option<Arc<Placement>> {
        let placement = self.now();
        if epoch <= placement.epoch() {
            return Some(placement);
        }
        tokio::time::timeout(wait, self.reached(epoch)).await.ok()
    }

    fn recompute(&self) -> Arc<Placement> {
        // The lock guards no value, so there is none that a panic could have left half changed.
        let _computing = self
            .shared
            .computing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let before = self.shared.current.load_full();
        if !before.is_stale() {
            return Arc::clone(&before.placement);
        }
        let current = Current::of(before.seen.clone());
        let placement = Arc::clone(&current.placement);
        self.shared.current.store(Arc::new(current));
        placement
    }
}

impl std::fmt::Debug for Placements {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Placements")
            .field("epoch", &self.shared.current.load().placement.epoch())
            .finish()
    }
}

#[cfg(test)]
#[path = "placements_tests.rs"]
mod tests;
