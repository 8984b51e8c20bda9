//! Which home has claimed which slot, and what is held against whom.

use membership::SLOTS;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::SystemTime;
use store::{Claim, Error, Fenced, MOVES_MAX, Move, Write};

/// The claims of all slots. A place for each: a seed claims all of them again and again.
pub(super) struct Claims {
    held: Vec<Option<Held>>,
    /// Of each slot, by epoch.
    moves: Vec<Vec<Moved>>,
}

/// A claim that stands.
struct Held {
    member: Arc<str>,
    epoch: u64,
    /// The newest epoch at which its member has said that it still stands.
    kept: u64,
}

/// A claim as it was made.
struct Moved {
    member: Arc<str>,
    epoch: u64,
    at: SystemTime,
}

impl Default for Claims {
    fn default() -> Self {
        let slots = || 0..SLOTS;
        Self {
            held: slots().map(|_| None).collect(),
            moves: slots().map(|_| Vec::new()).collect(),
        }
    }
}

impl Claims {
    /// Takes slots over, all or none.
    pub(super) fn claim(&mut self, claim: &Claim, slots: &[u16]) -> Result<(), Error> {
        let epoch = stored(claim.epoch);
        let against = slots
            .iter()
            .filter_map(|slot| self.of(*slot))
            .filter(|held| held.kept > epoch || (held.kept == epoch && *held.member != *claim.member));
        if let Some(epoch) = against.map(|held| held.kept).max() {
            return Err(Error::Fenced { epoch });
        }
        let member: Arc<str> = claim.member.as_str().into();
        for slot in slots {
            let moves = &mut self.moves[usize::from(*slot)];
            if let Err(place) = moves.binary_search_by_key(&epoch, |moved| moved.epoch) {
                let (member, at) = (member.clone(), claim.at);
                moves.insert(place, Moved { member, epoch, at });
            }
            if moves.len() > MOVES_MAX as usize {
                moves.remove(0);
            }
            self.held[usize::from(*slot)] = Some(Held {
                member: member.clone(),
                epoch,
                kept: epoch,
            });
        }
        Ok(())
    }

    fn of(&self, slot: u16) -> Option<&Held> {
        self.held.get(usize::from(slot))?.as_ref()
    }

    /// Says that claims still stand; returns the slots of those that do not.
    pub(super) fn keep(&mut self, claim: &Claim, held: &[(u16, u64)]) -> Vec<u16> {
        let mut taken = BTreeSet::new();
        for (slot, epoch) in held {
            match self.held.get_mut(usize::from(*slot)) {
                Some(Some(held)) if *held.member == *claim.member && held.epoch == stored(*epoch) => {
                    held.kept = held.kept.max(stored(claim.epoch));
                }
                _ => drop(taken.insert(*slot)),
            }
        }
        taken.into_iter().collect()
    }

    /// The newest epoch of all.
    pub(super) fn epoch(&self) -> u64 {
        self.held
            .iter()
            .flatten()
            .map(|held| held.kept)
            .max()
            .unwrap_or(0)
    }

    /// The last claims of a slot, newest first.
    pub(super) fn moves(&self, slot: u16) -> Vec<Move> {
        let moves = self.moves.get(usize::from(slot)).into_iter().flatten().rev();
        let moves = moves.map(|moved| Move {
            member: moved.member.to_string(),
            epoch: moved.epoch,
            at: moved.at,
        });
        moves.collect()
    }

    /// Whether no newer claim stands against a write.
    pub(super) fn stands(&self, write: &Write) -> bool {
        self.of(write.slot)
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
            let epoch = self.of(slot)?.epoch;
            Some(Fenced { slot, epoch })
        });
        fenced.collect()
    }
}

/// Epochs beyond what a signed number holds are one.
fn stored(epoch: u64) -> u64 {
    epoch.min(i64::MAX.unsigned_abs())
}
