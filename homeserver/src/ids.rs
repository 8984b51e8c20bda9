//! Numbers for subscriptions and views: random, so that an old one is not mistaken for a new one after a
//! restart, but only from the seed that is given. And versions of changes, which grow.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rvp::{SubscriptionId, ViewId};

/// Changes of one epoch that have versions of their own; so many in one epoch take a shard years.
const VERSIONS_PER_EPOCH: u64 = 1 << 24;

/// Draws ids. Equal seeds draw equal ids.
#[derive(Debug)]
pub(crate) struct Ids {
    random: SmallRng,
    last_version: u64,
}

impl Ids {
    /// Ids drawn from a seed.
    pub(crate) fn from_seed(seed: u64) -> Self {
        let random = SmallRng::seed_from_u64(seed);
        Self {
            random,
            last_version: 0,
        }
    }

    /// A subscription id for which `taken` says no.
    pub(crate) fn subscription(&mut self, taken: impl Fn(SubscriptionId) -> bool) -> SubscriptionId {
        loop {
            // Few ids are taken of two thousand million, so this ends at once.
            if let Some(id) = SubscriptionId::new(self.random.random_range(1..=i32::MAX.unsigned_abs()))
                && !taken(id)
            {
                return id;
            }
        }
    }

    /// The version of a change of somebody who was taken over at this epoch: above all before it, here and at
    /// the homes before, since each of them took the person over at an earlier epoch. No clock is in it, so a
    /// home whose clock is behind is not taken for one that is late.
    pub(crate) fn version(&mut self, epoch: u64) -> u64 {
        let first = epoch.saturating_mul(VERSIONS_PER_EPOCH);
        self.last_version = first.max(self.last_version.saturating_add(1));
        self.last_version
    }

    /// A view id for which `taken` says no.
    pub(crate) fn view(&mut self, taken: impl Fn(ViewId) -> bool) -> ViewId {
        loop {
            if let Some(id) = ViewId::new(self.random.random_range(1..=i32::MAX.unsigned_abs()))
                && !taken(id)
            {
                return id;
            }
        }
    }
}
