//! Those who are about to hold a connection open and have not shown yet who they are. Clients that are called back are
//! none: they show it with their first request.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many there may be at once.
const STRANGERS_MAX: usize = 1_024;

/// All of them at one router. Cloning copies a pointer.
#[derive(Clone, Debug)]
pub(crate) struct Strangers {
    places: Arc<Semaphore>,
}

impl Default for Strangers {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(STRANGERS_MAX)),
        }
    }
}

impl Strangers {
    /// A place for one more, which is given back when it is dropped; none where there are as many as may be.
    pub(crate) fn come(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Which part of the places is taken: 0 is none, 1 all.
    pub(crate) fn crowd(&self) -> f64 {
        // So few are told apart exactly.
        1.0 - self.places.available_permits() as f64 / STRANGERS_MAX as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_no_more_than_may_be_until_some_have_gone() {
        let strangers = Strangers::default();
        assert_eq!(strangers.crowd(), 0.0);
        let mut places: Vec<_> = (0..STRANGERS_MAX).map(|_| strangers.come().unwrap()).collect();
        assert_eq!(strangers.crowd(), 1.0);
        assert!(strangers.come().is_none());
        places.truncate(STRANGERS_MAX / 4);
        assert_eq!(strangers.crowd(), 0.25);
        assert!(strangers.come().is_some());
    }
}
