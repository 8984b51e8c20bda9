//! Who the users are, and who has to do with whom: drawn from the seed alone, so that a run can be had again.

use crate::Error;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rvp::Principal;

/// Where the number is in a pattern of addresses.
const NUMBER: &str = "{n}";

/// Everybody of a run, by number from 0.
#[derive(Clone, Debug)]
pub struct People {
    people: Vec<Principal>,
    addresses: Vec<String>,
}

impl People {
    /// So many people, whose addresses are the pattern with a number in place of `{n}`.
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
        let addresses = people.iter().map(Principal::address).collect();
        Ok(Self { people, addresses })
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

    pub(crate) fn address(&self, number: u32) -> &str {
        &self.addresses[number as usize]
    }
}

/// Who does something next, and with whom.
pub(crate) struct Draw {
    rng: StdRng,
    count: u32,
}

impl Draw {
    pub(crate) fn new(seed: u64, count: u32) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
            count,
        }
    }

    /// Somebody.
    pub(crate) fn one(&mut self) -> u32 {
        self.rng.random_range(0..self.count)
    }

    /// Somebody, and somebody else.
    pub(crate) fn pair(&mut self) -> (u32, u32) {
        let from = self.one();
        let step = self.rng.random_range(1..self.count);
        (from, (from + step) % self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_a_place_for_the_number() {
        let people = People::new("load{n}@im.example.com", 3).unwrap();
        assert_eq!(people.address(2), "load2@im.example.com");
        assert_eq!(people.count(), 3);
        let said = |pattern| People::new(pattern, 2).unwrap_err().to_string();
        assert!(said("load@im.example.com").contains("{n}"));
        assert!(said("load{n}").contains("is no address"));
    }

    #[test]
    fn a_seed_draws_the_same_people_again_and_never_one_with_themselves() {
        let drawn = |seed| {
            let mut draw = Draw::new(seed, 5);
            (0..200).map(|_| draw.pair()).collect::<Vec<_>>()
        };
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
        assert!(
            drawn(7)
                .iter()
                .all(|(from, to)| from != to && *from < 5 && *to < 5)
        );
    }
}
