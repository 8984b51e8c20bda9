//! What the parts of one process's membership share.

use crate::etcd::snapshot::Snapshot;
use crate::{MemberId, Members};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// More leases than a process can have lost before one of them ended by itself.
const ORPHANS_MAX: usize = 8;

/// Written by the follower, read by everybody.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// The latest set.
    pub(crate) members: watch::Sender<Arc<Members>>,
    /// Who held which lease in it.
    pub(crate) seen: watch::Sender<Arc<Seen>>,
    /// Whether changes arrive.
    pub(crate) connected: watch::Sender<bool>,
    /// How many records were ignored.
    pub(crate) corrupt: AtomicU64,
    /// Leases that this process gave up without knowing whether they still live, and with them a record that
    /// would keep it from joining again.
    orphans: Mutex<Vec<i64>>,
}

/// The leases at an epoch.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) epoch: u64,
    pub(crate) leases: BTreeMap<MemberId, i64>,
}

/// The set is older than, or another one at, the epoch that was already published.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Behind {
    pub(crate) published: u64,
}

impl State {
    /// Tells everybody, unless the epoch would not grow.
    pub(crate) fn publish(&self, snapshot: &Snapshot) -> Result<(), Behind> {
        let (members, published) = (snapshot.members(), Arc::clone(&self.members.borrow()));
        if members == *published {
            return Ok(());
        }
        if members.epoch() <= published.epoch() {
            return Err(Behind {
                published: published.epoch(),
            });
        }
        let seen = Seen {
            epoch: members.epoch(),
            leases: snapshot.leases(),
        };
        self.seen.send_replace(Arc::new(seen));
        self.members.send_replace(Arc::new(members));
        Ok(())
    }

    pub(crate) fn count_corrupt(&self) {
        self.corrupt.fetch_add(1, Ordering::Relaxed);
    }

    /// Remembers a lease to end before the next joining. The oldest is forgotten first: it has ended by itself.
    pub(crate) fn orphan(&self, lease: i64) {
        let mut orphans = self.orphans.lock().unwrap_or_else(PoisonError::into_inner);
        if orphans.len() == ORPHANS_MAX {
            orphans.remove(0);
        }
        orphans.push(lease);
    }

    /// One of the leases to end.
    pub(crate) fn an_orphan(&self) -> Option<i64> {
        self.orphans
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .first()
            .copied()
    }

    /// This one has ended.
    pub(crate) fn forget(&self, lease: i64) {
        let mut orphans = self.orphans.lock().unwrap_or_else(PoisonError::into_inner);
        orphans.retain(|orphan| *orphan != lease);
    }
}
