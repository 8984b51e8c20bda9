//! Whether the claims still stand by which this home holds its slots. The store knows, whoever else cannot be reached.

use crate::served::Served;
use daemon::Clock;
use membership::{MemberId, Slot};
use std::sync::Arc;
use store::{Claim, Error, Store};

/// This home's claims. Cloning copies pointers.
#[derive(Clone)]
pub(crate) struct Claims {
    pub(crate) me: MemberId,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) served: Served,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Claims {
    /// A claim that is made now.
    pub(crate) fn at(&self, epoch: u64) -> Claim {
        Claim {
            member: self.me.to_string(),
            epoch,
            at: self.clock.now(),
        }
    }

    /// Says in the store that these slots, with the epochs of their claims, are still ours at an epoch. A home that was
    /// given one of them at an epoch in between, and is late, cannot take it any more; one that has taken it already is
    /// noticed: whatever this home remembers of the slot is out of date then, and it is not served any more.
    ///
    /// # Errors
    /// Nothing is known: as [`Store::keep`].
    pub(crate) async fn keep(&self, epoch: u64, held: &[(Slot, u64)]) -> Result<(), Error> {
        if held.is_empty() {
            return Ok(());
        }
        let numbers: Vec<(u16, u64)> = held
            .iter()
            .map(|(slot, claimed_at)| (slot.number(), *claimed_at))
            .collect();
        for lost in self.store.keep(&self.at(epoch), &numbers).await? {
            let lost = held.iter().find(|(slot, _)| slot.number() == lost);
            if let Some((slot, claimed_at)) = lost {
                self.served.fence(*slot, *claimed_at);
            }
        }
        Ok(())
    }
}
