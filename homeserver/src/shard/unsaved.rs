//! What is in force and could not be made durable, because the store was away: it is tried again until it is, and is
//! told nobody before. Who asked for it was told that it failed; that it is done later is for the next question to find.

use crate::presentity::Piece;
use rvp::Principal;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long to wait before it is tried again.
pub(super) const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Everybody of whom something is not durable. Bounded by the people of a shard and what is kept of each.
#[derive(Debug, Default)]
pub(super) struct Unsaved {
    by_person: BTreeMap<Principal, Pieces>,
}

#[derive(Debug, Default)]
struct Pieces {
    pieces: BTreeSet<Piece>,
    /// The last commit that failed.
    failed: u64,
}

impl Unsaved {
    /// A commit of these pieces has failed. Says whether it is the first of anybody's, so that somebody must see to it.
    pub(super) fn failed(&mut self, principal: &Principal, commit: u64, pieces: &[Piece]) -> bool {
        let begins = self.by_person.is_empty();
        let person = self.by_person.entry(principal.clone()).or_default();
        person.pieces.extend(pieces);
        person.failed = person.failed.max(commit);
        begins
    }

    /// A commit of all pieces that were not durable has succeeded.
    pub(super) fn saved(&mut self, principal: &Principal, commit: u64) {
        if self
            .by_person
            .get(principal)
            .is_some_and(|person| person.failed < commit)
        {
            self.by_person.remove(principal);
        }
    }

    /// Whether everything is durable.
    pub(super) fn is_empty(&self) -> bool {
        self.by_person.is_empty()
    }

    /// Whether something of this person is not durable.
    pub(super) fn contains(&self, principal: &Principal) -> bool {
        self.by_person.contains_key(principal)
    }

    /// Who has another home, or none, is saved by nobody here. Says whether something was not durable.
    pub(super) fn forget(&mut self, principal: &Principal) -> bool {
        self.by_person.remove(principal).is_some()
    }

    /// Everybody, and what is not durable of them.
    pub(super) fn all(&self) -> Vec<(Principal, Vec<Piece>)> {
        let pieces = |person: &Pieces| person.pieces.iter().copied().collect();
        self.by_person
            .iter()
            .map(|(principal, person)| (principal.clone(), pieces(person)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_stays_until_a_later_commit_of_all_of_it_succeeds() {
        let alice = Principal::from_address("alice@im.example.com").unwrap();
        let mut unsaved = Unsaved::default();
        assert!(unsaved.failed(&alice, 3, &[Piece::Access]));
        assert!(!unsaved.failed(&alice, 5, &[Piece::Told, Piece::Access]));
        assert_eq!(unsaved.all(), [(alice.clone(), vec![Piece::Access, Piece::Told])]);
        unsaved.saved(&alice, 4);
        assert!(unsaved.contains(&alice), "one that failed later is not in it");
        unsaved.saved(&alice, 6);
        assert!(!unsaved.contains(&alice));
        assert!(unsaved.failed(&alice, 7, &[Piece::Told]));
        assert!(unsaved.forget(&alice));
        assert!(!unsaved.forget(&alice));
        assert_eq!(unsaved.all(), []);
    }
}
