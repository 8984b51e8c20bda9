//! Who cannot reach whom at the moment. Hosts ask here what turmoil does not tell them, and so do the membership
//! and the store, which are no hosts.

use crate::time::pass;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The membership, as an end of a partition.
pub(crate) const MEMBERS: &str = "members";
/// The store, as an end of a partition.
pub(crate) const STORE: &str = "store";

/// The faults of one run. Clones show the same.
#[derive(Clone, Default)]
pub(crate) struct Faults(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    cut: BTreeSet<(String, String)>,
    slow: BTreeMap<String, Duration>,
    /// Homes that stand still: what they want of the store, and its answers, wait.
    paused: BTreeSet<String>,
}

impl Faults {
    /// Nothing passes between these two from now on, or does again.
    pub(crate) fn set_cut(&self, one: &str, other: &str, cut: bool) {
        let pair = pair(one, other);
        let mut state = self.lock();
        if cut {
            state.cut.insert(pair)
        } else {
            state.cut.remove(&pair)
        };
    }

    /// Whether nothing passes between these two.
    pub(crate) fn is_cut(&self, one: &str, other: &str) -> bool {
        self.lock().cut.contains(&pair(one, other))
    }

    /// What a home wants of the store waits from now on, or does no longer.
    pub(crate) fn set_paused(&self, home: &str, paused: bool) {
        let mut state = self.lock();
        if paused {
            state.paused.insert(home.to_owned())
        } else {
            state.paused.remove(home)
        };
    }

    /// Returns when a home does not stand still.
    pub(crate) async fn resumed(&self, home: &str) {
        while self.lock().paused.contains(home) {
            pass(RESUME_EVERY).await;
        }
    }

    /// How long the store takes for a step that this home wants of it.
    pub(crate) fn set_store_delay(&self, home: &str, delay: Duration) {
        self.lock().slow.insert(home.to_owned(), delay);
    }

    /// How long the store takes for a step.
    pub(crate) fn store_delay(&self, home: &str) -> Duration {
        self.lock().slow.get(home).copied().unwrap_or(STORE_DELAY)
    }

    /// Mends everything. Returns between whom nothing passed.
    pub(crate) fn mend(&self) -> Vec<[String; 2]> {
        let state = std::mem::take(&mut *self.lock());
        state.cut.into_iter().map(<[String; 2]>::from).collect()
    }

    /// Returns when nothing passes between two for a while already: whoever waits then for something that was on
    /// its way waits in vain.
    pub(crate) async fn lost(&self, one: &str, other: &str) {
        while !self.is_cut(one, other) {
            pass(LOOK_EVERY).await;
        }
        pass(LOOK_EVERY).await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How often a home that stands still looks whether it goes on.
const RESUME_EVERY: Duration = Duration::from_millis(20);
/// How often a client looks whether its network is there.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long the store takes when nothing is wrong.
const STORE_DELAY: Duration = Duration::from_millis(1);

/// Two ends, whichever is named first.
pub(crate) fn pair(one: &str, other: &str) -> (String, String) {
    let (first, second) = if one < other { (one, other) } else { (other, one) };
    (first.to_owned(), second.to_owned())
}
