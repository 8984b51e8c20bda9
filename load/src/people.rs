//! Who the users are, and who has to do with whom: drawn from the seed alone, so that a run can be had again.

use crate::Error;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rvp::Principal;
use std::collections::HashMap;
use std::sync::Arc;

/// Where the number is in a pattern of addresses.
const NUMBER: &str = "{number}";

/// Everybody of a run, by number from 0.
#[derive(Clone, Debug)]
pub struct People {
    people: Arc<[Principal]>,
    addresses: Arc<[String]>,
    numbers: Arc<HashMap<String, u32>>,
}

impl People {
    /// So many people, whose addresses are the pattern with a number in place of `{number}`.
    ///
    /// # Errors
    /// [`Error::Plan`] says what is wrong with the pattern.
    pub fn new(pattern: &str, count: u32) -> Result<Self, Error> {
        if !pattern.contains(NUMBER) {
            let wrong = format!(
                "{pattern:?} names one person: write {NUMBER} where the number is, load{NUMBER}@im.example.com"
            );
            return Err(Error::Plan(wrong));
        }
        let person = |number: u32| {
            let address = pattern.replace(NUMBER, &number.to_string());
            Principal::from_address(&address)
                .map_err(|error| Error::Plan(format!("{address:?} is no address: {error}")))
        };
        let people = (0..count).map(person).collect::<Result<Vec<_>, _>>()?;
        let addresses: Vec<String> = people.iter().map(Principal::address).collect();
        let numbers = addresses.iter().cloned().zip(0..).collect();
        Ok(Self {
            people: people.into(),
            addresses: addresses.into(),
            numbers: Arc::new(numbers),
        })
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.people.len()).unwrap_or(u32::MAX)
    }

    /// All, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Principal> {
        self.people.iter()
    }

    pub(crate) fn person(&self, number: u32) -> &Principal {
        &self.people[number as usize]
    }

    /// Whose address it is.
    pub(crate) fn number(&self, address: &str) -> Option<u32> {
        self.numbers.get(address).copied()
    }

    pub(crate) fn address(&self, number: u32) -> &str {
        &self.addresses[number as usize]
    }
}

/// Who does something next, and with whom.
pub(crate) struct Draw {
    rng: StdRng,
    writers: u32,
    count: u32,
}

impl Draw {
    /// Of so many, the first of whom write to all.
    pub(crate) fn new(seed: u64, writers: u32, count: u32) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
            writers,
            count,
        }
    }

    /// Somebody who writes.
    pub(crate) fn one(&mut self) -> u32 {
        self.rng.random_range(0..self.writers)
    }

    /// Somebody, and somebody else.
    pub(crate) fn pair(&mut self) -> (u32, u32) {
        let from = self.one();
        let step = self.rng.random_range(1..self.count);
        (from, (from + step) % self.count)
    }
}

/// How far around the circle of all those are whom everybody watches: as many as that, others than themselves, and
/// everybody is watched by as many.
pub(crate) fn steps(seed: u64, count: u32, contacts: u32) -> Vec<u32> {
    // Drawn apart from everything else that is drawn from the seed.
    let mut rng = StdRng::seed_from_u64(seed.wrapping_add(1));
    let others = count.saturating_sub(1);
    let drawn = rand::seq::index::sample(&mut rng, others as usize, contacts.min(others) as usize);
    let mut steps: Vec<u32> = drawn
        .iter()
        .filter_map(|step| u32::try_from(step + 1).ok())
        .collect();
    steps.sort_unstable();
    steps
}

/// Everybody, in an order of the seed.
pub(crate) fn order(seed: u64, count: u32) -> Vec<u32> {
    let mut all: Vec<u32> = (0..count).collect();
    all.shuffle(&mut StdRng::seed_from_u64(seed));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_pattern_has_a_place_for_the_number() {
        let people = People::new("load{number}@im.example.com", 3).unwrap();
        assert_eq!(people.address(2), "load2@im.example.com");
        assert_eq!(people.count(), 3);
        assert_eq!(people.number("load1@im.example.com"), Some(1));
        assert_eq!(people.number("load3@im.example.com"), None);
        let said = |pattern| People::new(pattern, 2).unwrap_err().to_string();
        assert!(said("load@im.example.com").contains("{number}"));
        assert!(said("load{number}").contains("is no address"));
    }

    #[test]
    fn a_seed_draws_the_same_people_again_and_never_one_with_themselves() {
        let drawn = |seed| {
            let mut draw = Draw::new(seed, 5, 5);
            (0..200).map(|_| draw.pair()).collect::<Vec<_>>()
        };
        let mut some = Draw::new(7, 3, 5);
        let (from, to): (BTreeSet<u32>, BTreeSet<u32>) = (0..200).map(|_| some.pair()).unzip();
        assert!(from.into_iter().eq(0..3) && to.into_iter().eq(0..5));
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
        assert!(
            drawn(7)
                .iter()
                .all(|(from, to)| from != to && *from < 5 && *to < 5)
        );
    }

    #[test]
    fn everybody_watches_as_many_others_and_is_watched_by_as_many() {
        let steps = steps(3, 12, 4);
        let mut watchers = [0; 12];
        for who in 0..12 {
            for other in steps.iter().map(|step| (who + step) % 12) {
                assert_ne!(other, who);
                watchers[other as usize] += 1;
            }
        }
        assert_eq!(watchers, [4; 12]);
        assert_eq!(super::steps(3, 3, 10), [1, 2], "there are no more");
        let mut all = order(3, 12);
        assert_ne!(all, order(4, 12));
        all.sort_unstable();
        assert!(all.into_iter().eq(0..12));
    }
}
