//! Which member owns which slot: consistent hashing with bounded loads.
//!
//! The only file that names `consistent_hash_ring`, and the only one that knows how slots are dealt. Everything
//! in it is part of [`crate::PLACEMENT_VERSION`].
//!
//! Every member has virtual nodes on a ring of 2^64 positions, in proportion to its capacity. Slots lie evenly
//! around the same ring. They are dealt in the order of their numbers, each to the first member clockwise that
//! still has room, room being the even share by capacity and 5 % more. The bound keeps the promise of the cap;
//! the ring sees to it that a change of the members moves little else than the slots it must move. In the end the
//! slots that are lent (`loans.rs`) go to their borrowers.
//!
//! Slots may lie evenly because a slot's number is already a hash. That matters: scattered slots would add their
//! own noise to every member's share, and more of them would meet a full member. When one of 100 members with 512
//! virtual nodes each leaves, about a third more moves than must with scattered slots, a fifth more with even ones.

use crate::{Member, Members, Phase, SLOTS, Slot, loans};
use consistent_hash_ring::{Ring, RingBuilder};
use std::hash::{BuildHasher, Hash, Hasher};
use xxhash_rust::xxh3::xxh3_64;

/// Virtual nodes of a member with one unit of capacity. Fewer make shares on the bare ring so uneven that the
/// bound has to move many slots, more buy nothing.
const VIRTUAL_NODES_PER_UNIT: u64 = 512;

/// The unit of capacity in users: what one home server holds. Where every member is smaller, as in a trial with
/// a cap of 50, the largest member is the unit, or a handful of virtual nodes would have to do.
const UNIT: u32 = 10_000;

/// A bound on the virtual nodes of one member, whatever capacity it claims.
const VIRTUAL_NODES_MAX: u64 = 16 * VIRTUAL_NODES_PER_UNIT;

/// Room is 21/20 of the even share, as whole numbers so that every machine rounds alike.
const ROOM: (u64, u64) = (21, 20);

/// Stands for no member at all.
const NOBODY: u16 = u16::MAX;

/// Slots and the members that own them. A pure function of the members.
#[derive(Clone, PartialEq, Eq)]
pub struct Assignment {
    /// By slot number: the owner's position in the order of ids, or [`NOBODY`].
    owners: Box<[u16]>,
}

impl Assignment {
    /// Deals every slot to a member.
    ///
    /// Joining and active members receive slots; draining ones do not, unless all are draining, because a slot
    /// without an owner would be people without a home. Members without capacity never do. Without anybody to
    /// receive them, slots have no owner.
    #[must_use]
    pub fn compute(members: &Members) -> Self {
        let receivers = receivers(members);
        let mut owners = vec![NOBODY; usize::from(SLOTS)].into_boxed_slice();
        if !receivers.is_empty() {
            let mut room = rooms(&receivers);
            deal(&stretches(&receivers), &mut room, |slot, receiver| {
                owners[slot] = receivers[receiver].position
            });
            let mut receives = vec![false; members.len()];
            for receiver in &receivers {
                receives[usize::from(receiver.position)] = true;
            }
            loans::apply(members, &receives, &mut owners);
        }
        Self { owners }
    }

    /// The owner of a slot, as a position in the order of ids of the members it was computed from.
    pub(crate) fn owner(&self, slot: Slot) -> Option<u16> {
        let owner = self.owners[usize::from(slot.number())];
        (owner != NOBODY).then_some(owner)
    }
}

impl std::fmt::Debug for Assignment {
    /// Not the 16,384 owners.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Assignment").finish_non_exhaustive()
    }
}

/// A member that slots are dealt to.
pub(crate) struct Receiver<'a> {
    pub(crate) member: &'a Member,
    /// Where it is in the order of ids.
    position: u16,
}

pub(crate) fn receivers(members: &Members) -> Vec<Receiver<'_>> {
    let chosen = |draining: bool| -> Vec<Receiver<'_>> {
        members
            .iter()
            // There are no slots for more members than slots, and positions stay below `NOBODY`.
            .take(usize::from(SLOTS))
            .zip(0..)
            .filter(|(member, _)| member.capacity > 0 && (member.phase == Phase::Draining) == draining)
            .map(|(member, position)| Receiver { member, position })
            .collect()
    };
    let staying = chosen(false);
    if staying.is_empty() { chosen(true) } else { staying }
}

/// How many slots each receiver may own. Together more than there are slots, whatever the capacities.
fn rooms(receivers: &[Receiver<'_>]) -> Vec<u64> {
    let capacity = |receiver: &Receiver<'_>| u64::from(receiver.member.capacity);
    let total: u64 = receivers.iter().map(capacity).sum();
    let room = |receiver| (ROOM.0 * u64::from(SLOTS) * capacity(receiver)).div_ceil(ROOM.1 * total);
    receivers.iter().map(room).collect()
}

/// A stretch of the ring that ends at `end` and belongs to one receiver.
pub(crate) struct Stretch {
    pub(crate) end: u64,
    /// Its place among the receivers.
    pub(crate) receiver: usize,
}

/// The whole ring, clockwise from position 0; the last stretch ends at the last position.
pub(crate) fn stretches(receivers: &[Receiver<'_>]) -> Vec<Stretch> {
    let ring = ring(receivers);
    let stretch = |at: consistent_hash_ring::Resident<'_, VirtualNode>| Stretch {
        end: *at.keys().end(),
        receiver: at.node().receiver,
    };
    ring.resident_ranges().map(stretch).collect()
}

fn ring(receivers: &[Receiver<'_>]) -> Ring<VirtualNode, PositionHasher> {
    let largest = receivers
        .iter()
        .map(|receiver| receiver.member.capacity)
        .max()
        .unwrap_or(UNIT);
    let unit = u64::from(largest.min(UNIT));
    let mut nodes = Vec::new();
    for (index, receiver) in receivers.iter().enumerate() {
        let wanted = VIRTUAL_NODES_PER_UNIT * u64::from(receiver.member.capacity) / unit;
        let id = receiver.member.id.as_str().as_bytes();
        let mut key = [id, &[0; 9]].concat();
        for number in 0..wanted.clamp(1, VIRTUAL_NODES_MAX) {
            // The zero between id and number, which no id contains, keeps two ids from sharing keys.
            key[id.len() + 1..].copy_from_slice(&number.to_le_bytes());
            nodes.push(VirtualNode {
                position: xxh3_64(&key),
                receiver: index,
            });
        }
    }
    // The library keeps its nodes in a sorted list. In any other order than this one, building would be quadratic.
    nodes.sort_unstable_by_key(|node| (node.position, node.receiver));
    RingBuilder::new(PositionHasher::default())
        .vnodes(1)
        .nodes_iter(nodes)
        .build()
}

/// Where a slot lies on the ring.
pub(crate) fn position(slot: Slot) -> u64 {
    u64::from(slot.number()) * (u64::MAX / u64::from(SLOTS) + 1)
}

/// Gives every slot to the first receiver clockwise of it that still has room.
fn deal(ring: &[Stretch], room: &mut [u64], mut give: impl FnMut(usize, usize)) {
    let mut start = 0;
    for slot in Slot::all() {
        let position = position(slot);
        // The last stretch ends at the last position, so this stops before the end of the list.
        while ring[start].end < position {
            start += 1;
        }
        let clockwise = ring[start..].iter().chain(&ring[..start]);
        let taker = clockwise
            .map(|stretch| stretch.receiver)
            .find(|receiver| room[*receiver] > 0);
        let taker = taker.expect("all rooms together are larger than the number of slots");
        room[taker] -= 1;
        give(usize::from(slot.number()), taker);
    }
}

/// A point of the ring that belongs to a receiver. Its position is a hash already.
#[derive(Clone, PartialEq, Eq)]
struct VirtualNode {
    position: u64,
    receiver: usize,
}

impl Hash for VirtualNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.position.to_le_bytes());
    }
}

/// The ring's hasher, in place of the library's default: positions pass through, since they come from XXH3.
///
/// After an insertion the library also hashes the position itself, as a number, and removes the node it finds
/// there; that number goes through XXH3 and finds nothing.
#[derive(Clone, Default)]
struct PositionHasher(u64);

impl BuildHasher for PositionHasher {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        Self::default()
    }
}

impl Hasher for PositionHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes
            .try_into()
            .map_or_else(|_| xxh3_64(bytes), u64::from_le_bytes);
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = xxh3_64(&number.to_le_bytes());
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
#[path = "assignment_tests.rs"]
mod tests;
