//! Claims: which home took a slot over, and who may not write for it any more.

use std::time::SystemTime;

/// A home takes slots over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// Which home server, by its member id.
    pub member: String,
    /// The epoch of the placement that gave it the slots.
    ///
    /// Epochs from `i64::MAX` on are one to the store, because a database counts with signed numbers. None
    /// gets there: an epoch follows etcd's revisions, which are signed as well.
    pub epoch: u64,
    /// When, for people who ask. Nothing is decided by it.
    pub at: SystemTime,
}

/// A slot of which somebody has a newer claim, so that a write for it was left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fenced {
    /// Which slot.
    pub slot: u16,
    /// The epoch of the newest claim.
    pub epoch: u64,
}

/// A claim that once was made of a slot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Move {
    /// Which home server took the slot over, by its member id.
    pub member: String,
    /// At which epoch.
    pub epoch: u64,
    /// When it first claimed the slot at that epoch, by its clock.
    pub at: SystemTime,
}
