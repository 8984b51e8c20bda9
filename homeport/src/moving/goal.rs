//! What is waited for, and how far it is. Pure: judged by a placement and by what the members say of themselves.

use crate::cluster::{Loads, owned};
use membership::{Member, MemberId, Members, Phase, Placement, Slot};
use std::sync::Arc;

/// Where slots are to go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Towards {
    /// From the member to all others.
    Others,
    /// From all others to the member.
    Itself,
}

/// What is waited for.
pub(crate) struct Goal {
    member: MemberId,
    towards: Towards,
    /// By number: whether a slot is the member's while it is active.
    share: Vec<bool>,
    /// Slots that have to move.
    slots: u64,
    /// People of the member when it began.
    users: u64,
    /// Whether it had begun before anybody watched.
    begun: bool,
}

/// How far it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Picture {
    pub(crate) epoch: u64,
    /// Slots that have to move, and that have.
    pub(crate) slots: u64,
    pub(crate) slots_moved: u64,
    /// People who are online where they are to be, and who are not there yet.
    pub(crate) users_moved: u64,
    pub(crate) users_left: u64,
    /// What is missing; nothing when it is done.
    pub(crate) missing: Vec<String>,
}

impl Goal {
    /// What a member is to come to, by how things are before it is told.
    pub(crate) fn new(member: &Member, towards: Towards, placement: &Placement, loads: &Loads) -> Self {
        let active = placement.members().iter().map(|other| {
            let mut other = other.clone();
            if other.id == member.id {
                other.phase = Phase::Active;
            }
            other
        });
        let active = Placement::new(Arc::new(Members::new(placement.epoch(), active)));
        let is_its = |slot| active.home_of_slot(slot).is_some_and(|home| home.id == member.id);
        let share: Vec<bool> = Slot::all().map(is_its).collect();
        let load = loads.get(member.id.as_str()).and_then(|load| load.as_ref().ok());
        let begun = match towards {
            Towards::Others => member.phase == Phase::Draining,
            Towards::Itself => member.phase != Phase::Draining,
        };
        let whole = share.iter().filter(|is_its| **is_its).count() as u64;
        let served = load.map_or(0, |load| u64::from(load.slots));
        let slots = match (towards, begun) {
            (_, false) => whole,
            (Towards::Others, true) => served,
            (Towards::Itself, true) => whole.saturating_sub(served),
        };
        Self {
            member: member.id.clone(),
            towards,
            share,
            slots,
            users: load.map_or(0, |load| u64::from(load.online)),
            begun,
        }
    }

    /// How many slots have to move.
    pub(crate) fn slots(&self) -> u64 {
        self.slots
    }

    /// How far it is. None when the member is none any more.
    pub(crate) fn look(&self, placement: &Placement, loads: &Loads) -> Option<Picture> {
        let member = placement.members().get(&self.member)?;
        let mut missing = Vec::new();
        let wanted = match self.towards {
            Towards::Others => Phase::Draining,
            Towards::Itself => Phase::Active,
        };
        if member.phase != wanted {
            missing.push(format!("{} is still {}", member.id, member.phase));
        }
        let pending = self.pending(placement, loads, &mut missing);
        let (online, online_elsewhere) = self.online(loads);
        let (users_moved, users_left) = match (self.towards, self.begun) {
            (Towards::Others, false) => (online_elsewhere, online),
            (Towards::Others, true) => (self.users.saturating_sub(online), online),
            (Towards::Itself, false) => (online, online_elsewhere),
            (Towards::Itself, true) => (online.saturating_sub(self.users), online_elsewhere),
        };
        let is_told = member.phase == wanted;
        Some(Picture {
            epoch: placement.epoch(),
            slots: self.slots,
            slots_moved: if is_told {
                self.slots.saturating_sub(pending)
            } else {
                0
            },
            users_moved,
            users_left,
            missing,
        })
    }

    /// Slots that are not yet where they are to be, with who is to do what.
    fn pending(&self, placement: &Placement, loads: &Loads, missing: &mut Vec<String>) -> u64 {
        let owned = owned(placement);
        let (mut to_take, mut to_give) = (0, 0);
        for member in placement.members().iter() {
            let id = member.id.as_str();
            let load = match loads.get(id) {
                Some(Ok(load)) => load,
                Some(Err(error)) => {
                    missing.push(format!("{id} does not answer ({error})"));
                    continue;
                }
                None => {
                    missing.push(format!("{id} has not been asked yet"));
                    continue;
                }
            };
            let owned = owned.get(id).copied().unwrap_or(0) as u64;
            let served = u64::from(load.slots);
            if owned > served {
                to_take += owned - served;
                missing.push(format!("{id} has yet to take {} slots over", owned - served));
            }
            if served > owned {
                to_give += served - owned;
                missing.push(format!("{id} has yet to give {} slots away", served - owned));
            }
            let is_drained = self.towards == Towards::Others && member.id == self.member;
            if is_drained && member.phase == Phase::Draining && owned > 0 {
                missing.push("no other member is active any more".to_owned());
            }
            if is_drained && load.messages_in_flight > 0 {
                missing.push(format!(
                    "{} messages of {id} wait for their clients",
                    load.messages_in_flight
                ));
            }
        }
        // What one has yet to give another has yet to take.
        to_take.max(to_give)
    }

    /// People at the member, and people of its share elsewhere.
    fn online(&self, loads: &Loads) -> (u64, u64) {
        let (mut here, mut elsewhere) = (0, 0);
        for (id, load) in loads {
            let Ok(load) = load else { continue };
            if id == self.member.as_str() {
                here = u64::from(load.online);
                continue;
            }
            let its = |slot: u16| self.share.get(usize::from(slot)).copied().unwrap_or(false);
            let counted = load.online_by_slot.iter().filter(|(slot, _)| its(*slot));
            elsewhere += counted.map(|(_, people)| u64::from(*people)).sum::<u64>();
        }
        (here, elsewhere)
    }
}

impl Picture {
    /// Whether there is nothing more to wait for.
    pub(crate) fn is_reached(&self) -> bool {
        self.missing.is_empty()
    }

    /// How far it is, for people.
    pub(crate) fn text(&self) -> String {
        format!(
            "{}/{} slots, {} people moved, {} left",
            self.slots_moved, self.slots, self.users_moved, self.users_left
        )
    }
}

#[cfg(test)]
#[path = "goal_tests.rs"]
mod tests;
