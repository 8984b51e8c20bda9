//! What another set of members would come to: who would have how many slots and people, and what would move.
//!
//! Pure: computed from two placements, which are what the cluster itself computes, and the people of each slot.

use membership::{Placement, Slot};
use serde::Serialize;
use std::collections::BTreeMap;

/// What would be different. The fields are what `--json` shows.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Outlook {
    /// Slots that would have another home, and people online in them.
    pub(crate) slots_moved: u64,
    pub(crate) users_moved: u64,
    /// The same from each to each.
    pub(crate) moves: Vec<Flow>,
    /// Every member of either set.
    pub(crate) members: Vec<Fill>,
}

/// What would go from one member to another.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Flow {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) slots: u64,
    pub(crate) users: u64,
}

/// A member before and after.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Fill {
    pub(crate) id: String,
    pub(crate) capacity: u32,
    /// Nothing where it is no member.
    pub(crate) before: Option<Share>,
    pub(crate) after: Option<Share>,
}

/// What a member has.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Share {
    pub(crate) slots: u64,
    /// People online.
    pub(crate) users: u64,
    /// People online in percent of the capacity, with one decimal.
    pub(crate) fill_percent: f64,
    /// Whether these are more than it lets in.
    pub(crate) over_capacity: bool,
}

impl Outlook {
    /// Compares two placements. `online` is how many people are online in each slot, by its number.
    pub(crate) fn new(before: &Placement, after: &Placement, online: &[u32]) -> Self {
        let moves = flows(before, after, online);
        let (had, will_have) = (shares(before, online), shares(after, online));
        let mut members: BTreeMap<&str, u32> = BTreeMap::new();
        for member in before.members().iter().chain(after.members().iter()) {
            members.insert(member.id.as_str(), member.capacity);
        }
        let fill = |(id, capacity): (&str, u32)| Fill {
            id: id.to_owned(),
            capacity,
            before: had.get(id).copied(),
            after: will_have.get(id).copied(),
        };
        Self {
            slots_moved: moves.iter().map(|flow| flow.slots).sum(),
            users_moved: moves.iter().map(|flow| flow.users).sum(),
            members: members.into_iter().map(fill).collect(),
            moves,
        }
    }

    /// Members that would have more people than they let in.
    pub(crate) fn over(&self) -> impl Iterator<Item = &Fill> {
        let over = |fill: &&Fill| fill.after.is_some_and(|share| share.over_capacity);
        self.members.iter().filter(over)
    }
}

fn flows(before: &Placement, after: &Placement, online: &[u32]) -> Vec<Flow> {
    let mut flows: BTreeMap<(&str, &str), (u64, u64)> = BTreeMap::new();
    for slot in Slot::all() {
        let (Some(from), Some(to)) = (before.home_of_slot(slot), after.home_of_slot(slot)) else {
            continue;
        };
        if from.id != to.id {
            let (slots, users) = flows.entry((from.id.as_str(), to.id.as_str())).or_default();
            *slots += 1;
            *users += users_of(online, slot);
        }
    }
    let flow = |((from, to), (slots, users)): ((&str, &str), (u64, u64))| Flow {
        from: from.to_owned(),
        to: to.to_owned(),
        slots,
        users,
    };
    flows.into_iter().map(flow).collect()
}

fn shares<'a>(placement: &'a Placement, online: &[u32]) -> BTreeMap<&'a str, Share> {
    let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for slot in Slot::all() {
        if let Some(home) = placement.home_of_slot(slot) {
            let (slots, users) = counts.entry(home.id.as_str()).or_default();
            *slots += 1;
            *users += users_of(online, slot);
        }
    }
    let share = |member: &'a membership::Member| {
        let id = member.id.as_str();
        let (slots, users) = counts.get(id).copied().unwrap_or_default();
        let share = Share {
            slots,
            users,
            fill_percent: crate::cluster::percent(users, member.capacity),
            over_capacity: users > u64::from(member.capacity),
        };
        (id, share)
    };
    placement.members().iter().map(share).collect()
}

fn users_of(online: &[u32], slot: Slot) -> u64 {
    online
        .get(usize::from(slot.number()))
        .copied()
        .map_or(0, u64::from)
}

#[cfg(test)]
#[path = "outlook_tests.rs"]
mod tests;
