//! What waits for one destination: for each recipient only the newest change of each presentity. So an outbox
//! never holds more than there are recipients of presentities, however slow its destination is.
//!
//! Changes of one presentity are not for everybody alike: somebody who is blocked is told offline while the
//! others are told busy. So a change is kept with its own recipients, and replaces an older one only for them.

use proto::Change;
use rvp::Principal;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Changes that wait: by presentity in the order of their names, and of each in the order of versions.
type Waiting<R> = BTreeMap<Principal, BTreeMap<u64, (Change, BTreeSet<R>)>>;

/// The outboxes of all destinations `D`, with recipients `R` there.
#[derive(Debug)]
pub(super) struct Outboxes<D, R> {
    /// A destination that is here is being emptied by somebody.
    open: Mutex<HashMap<D, Waiting<R>>>,
}

impl<D, R> Default for Outboxes<D, R> {
    fn default() -> Self {
        Self {
            open: Mutex::new(HashMap::new()),
        }
    }
}

impl<D: Eq + Hash + Clone, R: Ord + Clone> Outboxes<D, R> {
    /// Puts a change in. Returns true when nobody empties this outbox yet: then the caller must see to it.
    pub(super) fn put(&self, to: &D, change: &Change, recipients: impl IntoIterator<Item = R>) -> bool {
        let mut open = self.lock();
        let begins = !open.contains_key(to);
        merge(
            open.entry(to.clone()).or_default(),
            change,
            recipients.into_iter().collect(),
        );
        begins
    }

    /// Puts back what could not be sent, unless something newer waits. The outbox stays open.
    pub(super) fn put_back(&self, to: &D, change: &Change, recipients: BTreeSet<R>) {
        merge(self.lock().entry(to.clone()).or_default(), change, recipients);
    }

    /// Takes a change out. None when there is none: then the outbox is closed, and nobody empties it.
    pub(super) fn take(&self, to: &D) -> Option<(Change, BTreeSet<R>)> {
        let mut open = self.lock();
        let taken = open.get_mut(to).and_then(take_first);
        if taken.is_none() {
            open.remove(to);
        }
        taken
    }

    /// Closes an outbox and drops what it holds. Returns how many changes these were.
    pub(super) fn close(&self, to: &D) -> usize {
        self.lock()
            .remove(to)
            .unwrap_or_default()
            .values()
            .map(BTreeMap::len)
            .sum()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<D, Waiting<R>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take_first<R>(waiting: &mut Waiting<R>) -> Option<(Change, BTreeSet<R>)> {
    let mut first = waiting.first_entry()?;
    let taken = first.get_mut().pop_first().map(|(_, taken)| taken);
    if first.get().is_empty() {
        first.remove();
    }
    taken
}

/// Whoever waits for an older change that says nothing else waits for the newer one instead.
fn merge<R: Ord + Clone>(waiting: &mut Waiting<R>, change: &Change, mut recipients: BTreeSet<R>) {
    let versions = waiting.entry(change.presentity.clone()).or_default();
    for (_, newer) in versions.range(change.version + 1..) {
        if covers(&newer.0, change) {
            recipients.retain(|recipient| !newer.1.contains(recipient));
        }
    }
    for (_, older) in versions.range_mut(..change.version) {
        if covers(change, &older.0) {
            older.1.retain(|recipient| !recipients.contains(recipient));
        }
    }
    if !recipients.is_empty() {
        let of_version = versions.entry(change.version);
        of_version
            .or_insert_with(|| (change.clone(), BTreeSet::new()))
            .1
            .extend(recipients);
    }
    versions.retain(|_, (_, recipients)| !recipients.is_empty());
    if versions.is_empty() {
        waiting.remove(&change.presentity);
    }
}

/// Whether the newer change sets every property that the older one sets.
fn covers(newer: &Change, older: &Change) -> bool {
    older
        .properties
        .iter()
        .all(|old| newer.properties.iter().any(|new| new.name() == old.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rvp::{PresenceState, Property};

    fn change(version: u64, property: Property) -> Change {
        let presentity = Principal::from_address("alice@im.example.com").unwrap();
        Change {
            presentity,
            properties: vec![property],
            version,
        }
    }

    fn state(version: u64, state: PresenceState) -> Change {
        change(version, Property::State(state))
    }

    #[test]
    fn a_newer_change_replaces_an_older_one_for_who_is_told_both() {
        let outboxes: Outboxes<u8, &str> = Outboxes::default();
        assert!(outboxes.put(&1, &state(1, PresenceState::Away), ["bob", "carol"]));
        assert!(!outboxes.put(&1, &state(2, PresenceState::Busy), ["bob", "carol"]));
        assert_eq!(
            outboxes.take(&1),
            Some((state(2, PresenceState::Busy), BTreeSet::from(["bob", "carol"])))
        );
        assert_eq!(outboxes.take(&1), None);
        assert!(
            outboxes.put(&1, &state(3, PresenceState::Away), ["bob"]),
            "an emptied outbox begins anew"
        );
    }

    #[test]
    fn nobody_is_told_a_change_that_was_for_others() {
        let outboxes: Outboxes<u8, &str> = Outboxes::default();
        outboxes.put(&1, &state(1, PresenceState::Busy), ["bob", "carol"]);
        outboxes.put(&1, &state(2, PresenceState::Offline), ["bob"]);
        outboxes.put(&1, &state(3, PresenceState::Away), ["carol"]);
        assert_eq!(
            outboxes.take(&1),
            Some((state(2, PresenceState::Offline), BTreeSet::from(["bob"])))
        );
        assert_eq!(
            outboxes.take(&1),
            Some((state(3, PresenceState::Away), BTreeSet::from(["carol"])))
        );
        assert_eq!(outboxes.take(&1), None);
    }

    #[test]
    fn changes_of_different_properties_do_not_replace_each_other() {
        let outboxes: Outboxes<u8, &str> = Outboxes::default();
        let name = change(2, Property::DisplayName("A".into()));
        outboxes.put(&1, &state(1, PresenceState::Busy), ["bob"]);
        outboxes.put(&1, &name, ["bob"]);
        assert_eq!(
            outboxes.take(&1),
            Some((state(1, PresenceState::Busy), BTreeSet::from(["bob"])))
        );
        assert_eq!(outboxes.take(&1), Some((name, BTreeSet::from(["bob"]))));
    }

    #[test]
    fn what_could_not_be_sent_does_not_overtake_what_is_newer() {
        let outboxes: Outboxes<u8, &str> = Outboxes::default();
        outboxes.put(&1, &state(1, PresenceState::Away), ["bob", "carol"]);
        let (taken, told) = outboxes.take(&1).unwrap();
        outboxes.put(&1, &state(2, PresenceState::Busy), ["bob"]);
        outboxes.put_back(&1, &taken, told);
        assert_eq!(
            outboxes.take(&1),
            Some((state(1, PresenceState::Away), BTreeSet::from(["carol"])))
        );
        assert_eq!(
            outboxes.take(&1),
            Some((state(2, PresenceState::Busy), BTreeSet::from(["bob"])))
        );
        assert_eq!(outboxes.take(&1), None);
        assert_eq!(outboxes.close(&1), 0);
    }
}
