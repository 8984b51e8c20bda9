//! Numbers for subscriptions and views: random, so that an old one is not mistaken for a new one after a
//! restart, but only from the seed that is given.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rvp::{SubscriptionId, ViewId};

/// Draws ids. Equal seeds draw equal ids.
#[derive(Debug)]
pub(crate) struct Ids(SmallRng);

impl Ids {
    /// Ids drawn from a seed.
    pub(crate) fn from_seed(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }

    /// A subscription id for which `taken` says no.
    pub(crate) fn subscription(&mut self, taken: impl Fn(SubscriptionId) -> bool) -> SubscriptionId {
        loop {
            // Few ids are taken of two thousand million, so this ends at once.
            if let Some(id) = SubscriptionId::new(self.0.random_range(1..=i32::MAX.unsigned_abs()))
                && !taken(id)
            {
                return id;
            }
        }
    }

    /// A view id for which `taken` says no.
    pub(crate) fn view(&mut self, taken: impl Fn(ViewId) -> bool) -> ViewId {
        loop {
            if let Some(id) = ViewId::new(self.0.random_range(1..=i32::MAX.unsigned_abs()))
                && !taken(id)
            {
                return id;
            }
        }
    }
}
