//! When answers are written for which nobody waits at once.

use std::pin::Pin;
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// How long such an answer waits for a frame with which it may go. While frames come it goes with the next, so that it
/// wakes nobody up; and if this end is lost meanwhile, the other one does not know what became of what it asked.
const WITHIN: Duration = Duration::from_millis(10);

/// The time at which what waits is written, if something does.
#[derive(Debug, Default)]
pub(crate) struct Later {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Later {
    /// Something waits from now on.
    pub(crate) fn begin(&mut self) {
        self.sleep.get_or_insert_with(|| Box::pin(sleep(WITHIN)));
    }

    /// Ready when what waits is to be written. Nothing is lost when this is dropped and asked again.
    pub(crate) async fn due(&mut self) {
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().await,
            None => std::future::pending().await,
        }
        self.sleep = None;
    }
}
