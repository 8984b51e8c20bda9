//! Removes from the archives what is older than their domains keep it.

use crate::archives::Archives;
use crate::metrics::Metrics;
use crate::served::Served;
use daemon::Clock;
use membership::Slot;
use rvp::{Domain, Principal};
use std::sync::Arc;
use std::time::Duration;
use store::{PURGE_ENTRIES_MAX, Store};
use tokio_util::sync::CancellationToken;

/// How often the archives are looked at.
const EVERY: Duration = Duration::from_secs(600);
/// Before the next step where one step was not enough: others write to the store in between.
const NEXT_STEP_AFTER: Duration = Duration::from_secs(1);

/// What the loop needs.
pub(crate) struct Purge {
    pub(crate) archives: Archives,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) served: Served,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
}

impl Purge {
    /// Runs until cancelled. With nothing to purge it ends at once.
    pub(crate) async fn run(self, cancelled: CancellationToken) {
        let retained = self.archives.retained();
        if retained.is_empty() {
            return;
        }
        let mut pause = EVERY;
        loop {
            let sleep = self.clock.sleep_until(self.clock.now() + pause);
            if cancelled.run_until_cancelled(sleep).await.is_none() {
                return;
            }
            pause = EVERY;
            for (domain, retention) in &retained {
                // A step that has begun is finished: it is short.
                if self.step(domain, *retention).await {
                    pause = NEXT_STEP_AFTER;
                }
            }
        }
    }

    /// Removes some of a domain's oldest entries. Says whether there may be more.
    async fn step(&self, domain: &Domain, retention: Duration) -> bool {
        if !self.is_ours(domain) {
            return false;
        }
        let Some(before) = self.clock.now().checked_sub(retention) else {
            return false;
        };
        match self.store.purge_archive(domain, before).await {
            Ok(purged) => {
                self.metrics.purged(purged);
                if purged > 0 {
                    tracing::info!(%domain, entries = purged, "old entries of the archive are purged");
                }
                purged >= u64::from(PURGE_ENTRIES_MAX)
            }
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, %domain, "the archive cannot be purged, trying again");
                false
            }
        }
    }

    /// Whether this home looks after a domain's archive: the one that would be home to somebody called `archive`.
    /// That two do for a moment does no harm.
    fn is_ours(&self, domain: &Domain) -> bool {
        let somebody = Principal::new(domain, "archive");
        somebody.is_ok_and(|somebody| self.served.serves(Slot::of(&somebody)))
    }
}
