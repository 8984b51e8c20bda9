//! The unit of ownership: one of 16,384 shares of all people.

use rvp::Principal;
use std::fmt;
use xxhash_rust::xxh3::xxh3_64;

/// How many slots there are. Part of [`crate::PLACEMENT_VERSION`].
///
/// A power of two, so that slots lie evenly around the ring; enough that each of 100 members has more than 160,
/// which keeps its share of people within a few percent; few enough to list in a message.
pub const SLOTS: u16 = 16_384;

/// A share of all people. Everybody in it has the same home, moves together and is stored together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(u16);

impl Slot {
    /// The slot of a person: a fixed hash of the canonical URL, equal in every process and release.
    #[must_use]
    pub fn of(principal: &Principal) -> Self {
        let share = xxh3_64(principal.as_url().as_bytes()) % u64::from(SLOTS);
        Self(u16::try_from(share).expect("a remainder of 16,384 fits 16 bits"))
    }

    /// The slot with this number, if there is one.
    #[must_use]
    pub fn new(number: u16) -> Option<Self> {
        (number < SLOTS).then_some(Self(number))
    }

    /// Its number, below [`SLOTS`].
    #[must_use]
    pub fn number(self) -> u16 {
        self.0
    }

    /// Every slot, by number.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        (0..SLOTS).map(Self)
    }
}

impl From<Slot> for u16 {
    fn from(slot: Slot) -> Self {
        slot.0
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_person_have_one_slot() {
        let slot = |url| Slot::of(&Principal::from_url(url).unwrap());
        let alice = slot("http://im.example.com/instmsg/aliases/alice");
        assert_eq!(alice, slot("HTTP://IM.Example.COM:80/instmsg/aliases/ALICE/"));
        assert_ne!(alice, slot("http://im.example.com/instmsg/aliases/bob"));
    }

    #[test]
    fn the_hash_is_the_one_that_was_published() {
        // XXH3-64 of nothing, from its reference implementation: guards against another hash by the same name.
        assert_eq!(xxh3_64(b""), 0x2d06_8005_38d3_94c2);
    }

    #[test]
    fn there_is_no_slot_beyond_the_last() {
        assert_eq!(Slot::new(SLOTS - 1).map(Slot::number), Some(SLOTS - 1));
        assert_eq!(Slot::new(SLOTS), None);
        assert_eq!(Slot::all().len(), usize::from(SLOTS));
    }
}
