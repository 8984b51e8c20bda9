//! One copy of each address: whoever has many contacts is named in many places, and each message names people anew.

use crate::Principal;
use std::collections::HashSet;

/// From so many on it is looked which are still held by anybody.
const LOOKED_THROUGH_FROM: usize = 256;

/// The addresses that are held somewhere, a copy of each. Those that nobody holds any more go when as many have come as
/// were held when that was looked at last: so there are never more than twice as many as once were held at a time, and
/// looking costs little for each that comes.
#[derive(Debug, Default)]
pub struct Principals {
    held: HashSet<Principal>,
    /// How many may be here before they are looked through.
    room: usize,
}

impl Principals {
    /// The copy that everybody holds of an address. It is this one if nobody held any.
    pub fn shared(&mut self, principal: Principal) -> Principal {
        if let Some(held) = self.held.get(&principal) {
            return held.clone();
        }
        if self.held.len() >= self.room {
            self.held.retain(Principal::is_held_elsewhere);
            self.room = (2 * self.held.len()).max(LOOKED_THROUGH_FROM);
            self.held.shrink_to(self.room);
        }
        self.held.insert(principal.clone());
        principal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: usize) -> Principal {
        Principal::from_address(&format!("person{number}@im.example.com")).unwrap()
    }

    #[test]
    fn an_address_is_held_once() {
        let mut principals = Principals::default();
        let [first, second] = [(); 2].map(|()| principals.shared(person(1)));
        assert_eq!(first, second);
        assert!(std::ptr::eq(first.as_url(), second.as_url()));
        assert!(!std::ptr::eq(
            first.as_url(),
            principals.shared(person(2)).as_url()
        ));
    }

    #[test]
    fn what_nobody_holds_any_more_does_not_stay() {
        let mut principals = Principals::default();
        let held: Vec<Principal> = (0..LOOKED_THROUGH_FROM)
            .map(|number| principals.shared(person(number)))
            .collect();
        for number in 0..10 * LOOKED_THROUGH_FROM {
            principals.shared(person(held.len() + number));
            assert!(principals.held.len() <= 2 * held.len());
        }
        let same = |each: &Principal| std::ptr::eq(each.as_url(), principals.shared(each.clone()).as_url());
        assert!(held.iter().all(same), "those that are held are the same");
        drop(held);
        for number in 0..2 * LOOKED_THROUGH_FROM {
            principals.shared(person(number));
        }
        assert!(principals.held.len() <= LOOKED_THROUGH_FROM);
    }
}
