//! Follows the placement: takes in the people of slots that become ours, forgets those of slots that do not
//! stay ours.

use crate::shards::Shards;
use membership::{MemberId, Placement, Placements, SLOTS};
use rvp::Fault;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio_util::sync::CancellationToken;

/// Slots that are read from the store at once.
const SLOTS_AT_ONCE: usize = 512;
/// How long to wait before a store that cannot be read is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What the loop needs.
pub(crate) struct Ownership {
    pub(crate) me: MemberId,
    pub(crate) placements: Placements,
    pub(crate) shards: Shards,
    pub(crate) store: Arc<dyn Store>,
}

impl Ownership {
    /// Runs until cancelled; says `ready` once the slots of the first placement are in.
    pub(crate) async fn run(self, cancelled: CancellationToken, ready: impl Fn(bool)) {
        let mut ours = vec![false; usize::from(SLOTS)];
        let mut placement = self.placements.now();
        loop {
            let followed = self.follow(&placement, &mut ours);
            match cancelled.run_until_cancelled(followed).await {
                None => return,
                Some(Ok(())) => ready(true),
                Some(Err(_)) => {
                    if cancelled.run_until_cancelled(tokio::time::sleep(RETRY_AFTER)).await.is_none() {
                        return;
                    }
                    placement = self.placements.now();
                    continue;
                }
            }
            let next = self.placements.changed_from(placement.epoch());
            match cancelled.run_until_cancelled(next).await {
                Some(next) => placement = next,
                None => return,
            }
        }
    }

    async fn follow(&self, placement: &Placement, ours: &mut Vec<bool>) -> Result<(), Fault> {
        let mut next = vec![false; usize::from(SLOTS)];
        for slot in placement.slots_of(&self.me) {
            next[usize::from(slot.number())] = true;
        }
        let gained: Vec<u16> = (0..SLOTS).filter(|s| next[usize::from(*s)] && !ours[usize::from(*s)]).collect();
        let lost = (0..usize::from(SLOTS)).filter(|slot| ours[*slot] && !next[*slot]).count();
        if lost > 0 {
            self.shards.release(next.clone()).await?;
        }
        for slots in gained.chunks(SLOTS_AT_ONCE) {
            let durables = self.store.load(slots).await.map_err(|error| {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "the store cannot be read, trying again");
                Fault::Unavailable
            })?;
            self.shards.load(durables).await?;
            for slot in slots {
                ours[usize::from(*slot)] = true;
            }
        }
        if !gained.is_empty() || lost > 0 {
            let epoch = placement.epoch();
            tracing::info!(member = self.me.as_str(), epoch, gained = gained.len(), lost, "slots changed");
        }
        *ours = next;
        Ok(())
    }
}
