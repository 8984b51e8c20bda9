//! Which home has claimed which slot, and what is held against whom.

use std::collections::{BTreeMap, BTreeSet};
use store::{Claim, Error, Fenced, MOVES_MAX, Move, Write};

/// The claims of all slots.
#[derive(Default)]
pub(super) struct Claims {
    held: BTreeMap<u16, Held>,
    /// Of each slot, by epoch.
    moves: BTreeMap<u16, BTreeMap<u64, Move>>,
}

/// A claim that stands.
struct Held {
    member: String,
    epoch: u64,
    /// The newest epoch at which its member has said that it still stands.
    kept: u64,
}

impl Claims {
    /// Takes slots over, all or none.
    pub(super) fn claim(&mut self, claim: &Claim, slots: &[u16]) -> Result<(), Error> {
        let epoch = stored(claim.epoch);
        let against = slots
            .iter()
            .filter_map(|slot| self.held.get(slot))
            .filter(|held| held.kept > epoch || (held.kept == epoch && held.member != claim.member));
        if let Some(epoch) = against.map(|held| held.kept).max() {
            return Err(Error::Fenced { epoch });
        }
        for slot in slots {
            let member = claim.member.clone();
            let moves = self.moves.entry(*slot).or_default();
            moves.entry(epoch).or_insert_with(|| Move {
                member: member.clone(),
                epoch,
                at: claim.at,
            });
            while moves.len() > MOVES_MAX as usize {
                moves.pop_first();
            }
            self.held.insert(
                *slot,
                Held {
                    member,
                    epoch,
                    kept: epoch,
                },
            );
        }
        Ok(())
    }

    /// Says that claims still stand; returns the slots of those that do not.
    pub(super) fn keep(&mut self, claim: &Claim, held: &[(u16, u64)]) -> Vec<u16> {
        let mut taken = BTreeSet::new();
        for (slot, epoch) in held {
            match self.held.get_mut(slot) {
                Some(held) if held.member == claim.member && held.epoch == stored(*epoch) => {
                    held.kept = held.kept.max(stored(claim.epoch));
                }
                Some(_) | None => drop(taken.insert(*slot)),
            }
        }
        taken.into_iter().collect()
    }

    /// The newest epoch of all.
    pub(super) fn epoch(&self) -> u64 {
        self.held.values().map(|held| held.kept).max().unwrap_or(0)
    }

    /// The last claims of a slot, newest first.
    pub(super) fn moves(&self, slot: u16) -> Vec<Move> {
        let moves = self
            .moves
            .get(&slot)
            .into_iter()
            .flat_map(|moves| moves.values().rev());
        moves.cloned().collect()
    }

    /// Whether no newer claim stands against a write.
    pub(super) fn stands(&self, write: &Write) -> bool {
        self.held
            .get(&write.slot)
            .is_none_or(|held| stored(write.epoch) >= held.epoch)
    }

    /// The slots of writes against which newer claims stand, each once.
    pub(super) fn fenced(&self, writes: &[Write]) -> Vec<Fenced> {
        let late = writes
            .iter()
            .filter(|write| !self.stands(write))
            .map(|write| write.slot);
        let late: BTreeSet<u16> = late.collect();
        let fenced = late.into_iter().filter_map(|slot| {
            let epoch = self.held.get(&slot)?.epoch;
            Some(Fenced { slot, epoch })
        });
        fenced.collect()
    }
}

/// Epochs beyond what a signed number holds are one.
fn stored(epoch: u64) -> u64 {
    epoch.min(i64::MAX.unsigned_abs())
}
