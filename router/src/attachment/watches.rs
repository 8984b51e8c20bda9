//! Whom a client watches. It lasts for as long as the connection, so it takes little room.

use rvp::{Principal, SubscriptionId};

/// Whom a client watches, and by which subscription.
#[derive(Clone, Debug, Default)]
pub(super) struct Watches {
    /// In the order of their addresses, which one seed repeats.
    all: Vec<(Principal, SubscriptionId)>,
}

impl Watches {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The subscription by which somebody is watched.
    pub(super) fn get(&self, whom: &Principal) -> Option<SubscriptionId> {
        let place = self.place(whom).ok()?;
        Some(self.all[place].1)
    }

    /// Somebody is watched by this subscription. Returns the one before.
    pub(super) fn insert(&mut self, whom: Principal, id: SubscriptionId) -> Option<SubscriptionId> {
        match self.place(&whom) {
            Ok(place) => Some(std::mem::replace(&mut self.all[place].1, id)),
            Err(place) => {
                if self.all.len() == self.all.capacity() {
                    // A quarter more in place of twice as much.
                    self.all.reserve_exact((self.all.len() / 4).max(2));
                }
                self.all.insert(place, (whom, id));
                None
            }
        }
    }

    pub(super) fn remove(&mut self, whom: &Principal) {
        if let Ok(place) = self.place(whom) {
            self.all.remove(place);
        }
    }

    fn place(&self, whom: &Principal) -> Result<usize, usize> {
        self.all.binary_search_by(|(watched, _)| watched.cmp(whom))
    }
}

impl IntoIterator for Watches {
    type Item = (Principal, SubscriptionId);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use allocation_counter::measure;

    fn person(number: u32) -> Principal {
        Principal::from_address(&format!("person{number}@im.example.com")).unwrap()
    }

    fn id(number: u32) -> SubscriptionId {
        SubscriptionId::new(number).unwrap()
    }

    #[test]
    fn whom_a_client_watches_is_found_replaced_and_left_out() {
        let mut watches = Watches::default();
        for number in [3, 1, 2] {
            assert_eq!(watches.insert(person(number), id(number)), None);
        }
        assert_eq!(watches.insert(person(2), id(7)), Some(id(2)));
        watches.remove(&person(3));
        watches.remove(&person(4));
        assert_eq!((watches.len(), watches.get(&person(2))), (2, Some(id(7))));
        assert_eq!(watches.get(&person(3)), None);
        let all: Vec<_> = watches.into_iter().collect();
        assert_eq!(all, [(person(1), id(1)), (person(2), id(7))]);
    }

    /// What a session holds for those whom its client watches, whose addresses all sessions have in common.
    #[test]
    fn twenty_watches_are_small() {
        let people: Vec<Principal> = (1..=20).map(person).collect();
        let mut watches = Watches::default();
        for (person, number) in people.iter().zip(1..) {
            watches.insert(person.clone(), id(number));
        }
        let freed = -measure(|| drop(watches)).bytes_current;
        println!("{freed} octets for twenty watches");
        assert!((20 * 20..=528).contains(&freed), "{freed}");
    }
}
