//! Changes that watchers are told once they are durable: what a home tells and loses would be told by nobody again, and
//! believed for as long.

use proto::Change;
use rvp::Principal;
use std::collections::VecDeque;

/// The changes that wait for a commit, of each person in their order. Bounded by the commits under way.
#[derive(Debug, Default)]
pub(super) struct Spreads {
    waiting: foldhash::HashMap<Principal, VecDeque<Waiting>>,
    last_commit: u64,
}

#[derive(Debug)]
struct Waiting {
    commit: u64,
    spread: Spread,
}

/// A change, whom to tell, and since which epoch this home has the person who changed.
#[derive(Debug)]
pub(super) struct Spread {
    pub(super) change: Change,
    pub(super) watchers: Vec<Principal>,
    pub(super) epoch: u64,
}

impl Spreads {
    /// A commit begins, and these changes wait for it. Returns its number.
    pub(super) fn begin(&mut self, principal: &Principal, spreads: Vec<Spread>) -> u64 {
        self.last_commit += 1;
        self.wait(principal, spreads);
        self.last_commit
    }

    /// Changes that wait for nothing of their own: returns those that need not wait for earlier ones either.
    pub(super) fn follow(&mut self, principal: &Principal, spreads: Vec<Spread>) -> Vec<Spread> {
        if !self.waiting.contains_key(principal) {
            return spreads;
        }
        self.wait(principal, spreads);
        Vec::new()
    }

    fn wait(&mut self, principal: &Principal, spreads: Vec<Spread>) {
        if spreads.is_empty() {
            return;
        }
        let commit = self.last_commit;
        let waiting = self.waiting.entry(principal.clone()).or_default();
        waiting.extend(spreads.into_iter().map(|spread| Waiting { commit, spread }));
    }

    /// What waited for a commit that has ended, or for one before: commits end in their order, even where this is
    /// heard of in another one.
    pub(super) fn end(&mut self, principal: &Principal, commit: u64) -> Vec<Spread> {
        let Some(waiting) = self.waiting.get_mut(principal) else {
            return Vec::new();
        };
        let ended = waiting.partition_point(|each| each.commit <= commit);
        let ended: Vec<Spread> = waiting.drain(..ended).map(|each| each.spread).collect();
        if waiting.is_empty() {
            self.waiting.remove(principal);
        }
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alice() -> Principal {
        Principal::from_address("alice@im.example.com").unwrap()
    }

    fn spread(version: u64) -> Vec<Spread> {
        let change = Change {
            presentity: alice(),
            properties: Vec::new(),
            version,
        };
        vec![Spread {
            change,
            watchers: Vec::new(),
            epoch: 1,
        }]
    }

    fn versions(spreads: Vec<Spread>) -> Vec<u64> {
        spreads.into_iter().map(|spread| spread.change.version).collect()
    }

    #[test]
    fn changes_are_told_in_their_order_however_commits_are_heard_of() {
        let mut spreads = Spreads::default();
        let first = spreads.begin(&alice(), spread(1));
        let second = spreads.begin(&alice(), spread(2));
        assert_eq!(versions(spreads.follow(&alice(), spread(3))), [0; 0]);
        let third = spreads.begin(&alice(), spread(4));
        assert_eq!(versions(spreads.end(&alice(), second)), [1, 2, 3]);
        assert_eq!(versions(spreads.end(&alice(), first)), [0; 0]);
        assert_eq!(versions(spreads.end(&alice(), third)), [4]);
        assert_eq!(versions(spreads.follow(&alice(), spread(5))), [5]);
        assert!(spreads.waiting.is_empty());
    }
}
