//! Knowing that everybody was told of a change.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::oneshot;

/// A share of the telling of one change. Whatever waits to be told holds one; when the last is dropped, it is
/// known whether everybody was told, or was told something newer instead.
#[derive(Clone, Debug)]
pub(crate) struct Telling {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    failed: AtomicBool,
    told: Option<oneshot::Sender<bool>>,
}

impl Telling {
    /// Its first share, and what says whether everybody was told.
    pub(crate) fn new() -> (Self, oneshot::Receiver<bool>) {
        let (told, ended) = oneshot::channel();
        let inner = Inner {
            failed: AtomicBool::new(false),
            told: Some(told),
        };
        let telling = Self {
            inner: Arc::new(inner),
        };
        (telling, ended)
    }

    /// Somebody was not told, and will not be.
    pub(crate) fn fail(&self) {
        self.inner.failed.store(true, Ordering::Release);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(told) = self.told.take() {
            // Whoever wanted to know may be gone.
            let _ = told.send(!self.failed.load(Ordering::Acquire));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_told_when_the_last_share_is_dropped() {
        let (telling, mut told) = Telling::new();
        let other = telling.clone();
        drop(telling);
        assert!(told.try_recv().is_err());
        drop(other);
        assert_eq!(told.try_recv(), Ok(true));
    }

    #[test]
    fn one_who_was_not_told_is_enough() {
        let (telling, mut told) = Telling::new();
        let other = telling.clone();
        other.fail();
        drop((other, telling));
        assert_eq!(told.try_recv(), Ok(false));
    }
}
