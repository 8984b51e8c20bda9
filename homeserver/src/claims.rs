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

    /// Asks the store whether these slots, with the epochs of their claims, are still ours, as [`Claims::keep`] does, but
    /// claims nothing for any later epoch: whoever is to have them may take them.
    ///
    /// # Errors
    /// Nothing is known: as [`Store::keep`].
    pub(crate) async fn confirm(&self, held: &[(Slot, u64)]) -> Result<(), Error> {
        let earliest = held.iter().map(|(_, claimed_at)| *claimed_at).min();
        self.keep(earliest.unwrap_or_default(), held).await
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

#[cfg(test)]
mod tests {
    use super::*;
    use daemon::SystemClock;
    use store::SqliteStore;

    fn claims(store: &Arc<SqliteStore>, me: &str) -> Claims {
        Claims {
            me: me.into(),
            store: Arc::clone(store) as Arc<dyn Store>,
            served: Served::new(),
            clock: Arc::new(SystemClock::default()),
        }
    }

    #[tokio::test]
    async fn who_confirms_stands_in_nobodys_way_and_hears_what_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(folder.path().join("store.db")).await.unwrap());
        let (one, other) = (claims(&store, "home-1"), claims(&store, "home-2"));
        let slot = Slot::new(7).unwrap();
        store.claim(&one.at(3), &[7]).await.unwrap();
        one.served.begin(&[slot], 3);
        one.confirm(&[(slot, 3)]).await.unwrap();
        assert!(one.served.serves(slot));
        store.claim(&other.at(4), &[7]).await.unwrap();
        one.confirm(&[(slot, 3)]).await.unwrap();
        assert!(!one.served.serves(slot), "another home has claimed it");
    }
}
