//! What waits for one destination: of each presentity only the newest change, with everybody who is to hear
//! of it. So an outbox never holds more than there are presentities, however slow its destination is.

use proto::Change;
use rvp::Principal;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Changes that wait, by presentity, in the order of their names.
type Waiting<R> = BTreeMap<Principal, (Change, BTreeSet<R>)>;

/// The outboxes of all destinations `D`, with recipients `R` there.
#[derive(Debug)]
pub(super) struct Outboxes<D, R> {
    /// A destination that is here is being emptied by somebody.
    open: Mutex<HashMap<D, Waiting<R>>>,
}

impl<D, R> Default for Outboxes<D, R> {
    fn default() -> Self {
        Self { open: Mutex::new(HashMap::new()) }
    }
}

impl<D: Eq + Hash + Clone, R: Ord + Clone> Outboxes<D, R> {
    /// Puts a change in. Returns true when nobody empties this outbox yet: then the caller must see to it.
    pub(super) fn put(&self, to: &D, change: &Change, recipients: impl IntoIterator<Item = R>) -> bool {
        let mut open = self.lock();
        let begins = !open.contains_key(to);
        let waiting = open.entry(to.clone()).or_default();
        merge(waiting, change, recipients);
        begins
    }

    /// Puts back what could not be sent, unless something newer waits. The outbox stays open.
    pub(super) fn put_back(&self, to: &D, change: &Change, recipients: BTreeSet<R>) {
        let mut open = self.lock();
        merge(open.entry(to.clone()).or_default(), change, recipients);
    }

    /// Takes a change out. None when there is none: then the outbox is closed, and nobody empties it.
    pub(super) fn take(&self, to: &D) -> Option<(Change, BTreeSet<R>)> {
        let mut open = self.lock();
        let taken = open.get_mut(to).and_then(BTreeMap::pop_first);
        match taken {
            Some((_, waiting)) => Some(waiting),
            None => {
                open.remove(to);
                None
            }
        }
    }

    /// Closes an outbox and drops what it holds. Returns it.
    pub(super) fn close(&self, to: &D) -> Vec<(Change, BTreeSet<R>)> {
        self.lock().remove(to).unwrap_or_default().into_values().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<D, Waiting<R>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The newer of two changes stands, and carries the properties of the older that it does not set.
fn merge<R: Ord>(waiting: &mut Waiting<R>, change: &Change, recipients: impl IntoIterator<Item = R>) {
    let (stands, told) =
        waiting.entry(change.presentity.clone()).or_insert_with(|| (change.clone(), BTreeSet::new()));
    if stands.version != change.version {
        let (newer, older) = if change.version > stands.version {
            (change.clone(), stands.clone())
        } else {
            (stands.clone(), change.clone())
        };
        let kept = older.properties.into_iter().filter(|old| {
            newer.properties.iter().all(|property| property.name() != old.name())
        });
        let mut properties = newer.properties.clone();
        properties.extend(kept);
        *stands = Change { properties, ..newer };
    }
    told.extend(recipients);
}

#[cfg(test)]
mod tests {
    use super::*;
    use rvp::{PresenceState, Property};

    fn change(version: u64, property: Property) -> Change {
        let presentity = Principal::from_address("alice@im.example.com").unwrap();
        Change { presentity, properties: vec![property], version }
    }

    #[test]
    fn a_newer_change_replaces_an_older_one_and_keeps_everybody_who_waits() {
        let outboxes: Outboxes<u8, &str> = Outboxes::default();
        let busy = change(2, Property::State(PresenceState::Busy));
        assert!(outboxes.put(&1, &busy, ["bob"]));
        assert!(!outboxes.put(&1, &change(1, Property::State(PresenceState::Away)), ["carol"]));
        assert!(!outboxes.put(&1, &change(3, Property::DisplayName("A".into())), ["bob"]));
        let (taken, told) = outboxes.take(&1).unwrap();
        assert_eq!(taken.version, 3);
        assert_eq!(
            taken.properties,
            vec![Property::DisplayName("A".into()), Property::State(PresenceState::Busy)]
        );
        assert_eq!(told, BTreeSet::from(["bob", "carol"]));
        assert_eq!(outboxes.take(&1), None);
        assert!(outboxes.put(&1, &busy, ["bob"]), "an emptied outbox begins anew");
    }

    #[test]
    fn what_could_not_be_sent_does_not_overtake_what_is_newer() {
        let outboxes: Outboxes<u8, &str> = Outboxes::default();
        let away = change(1, Property::State(PresenceState::Away));
        outboxes.put(&1, &away, ["bob"]);
        let (taken, told) = outboxes.take(&1).unwrap();
        outboxes.put(&1, &change(2, Property::State(PresenceState::Busy)), ["bob"]);
        outboxes.put_back(&1, &taken, told);
        let (latest, _) = outboxes.take(&1).unwrap();
        assert_eq!(latest.properties, vec![Property::State(PresenceState::Busy)]);
    }
}
