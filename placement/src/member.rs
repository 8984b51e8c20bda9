//! A home server as the others see it.

use crate::{PLACEMENT_VERSION, PROTOCOL_VERSION, Slot};
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The name of a home server, unique among the living: `home-1`. Cloning copies a pointer.
///
/// Placement hashes it, so a member that comes back under its old id gets most of its slots back. Any text can
/// be an id, because ids also arrive from outside to be looked up; `membership::admit` lets only names in.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MemberId(Arc<str>);

impl MemberId {
    /// Wraps a name.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for MemberId {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl Borrow<str> for MemberId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a member is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Owns slots, but is still taking them over from their homes before.
    Joining,
    /// Owns slots and serves them.
    Active,
    /// Is handing its slots over and owns none any more, unless nobody else could.
    Draining,
}

impl Phase {
    /// The phase as people and records spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Joining => "joining",
            Self::Active => "active",
            Self::Draining => "draining",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Slots that one member may lend at a time. What a home is over its even share is far less; and records stay
/// short.
pub const LENT_MAX: usize = 1_024;

/// A home server's record in the membership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub id: MemberId,
    /// Where its link listener is, `host:port`.
    pub address: String,
    /// The zone it runs in.
    pub zone: String,
    /// How many users it may hold online; its share of the slots follows this.
    pub capacity: u32,
    /// Where it is in its life.
    pub phase: Phase,
    /// Whether it has hardly any room, so that nobody should lend to it.
    pub full: bool,
    /// Slots of its own that another member is home to instead, at most [`LENT_MAX`]. A loan counts while this
    /// member would own the slot and the other one can.
    pub lent: BTreeMap<Slot, MemberId>,
    /// The [`PROTOCOL_VERSION`] of its code.
    pub protocol: u32,
    /// The [`PLACEMENT_VERSION`] of its code.
    pub placement: u32,
}

impl Member {
    /// A joining member that runs this code.
    pub fn new(id: MemberId, address: impl Into<String>, zone: impl Into<String>, capacity: u32) -> Self {
        Self {
            id,
            address: address.into(),
            zone: zone.into(),
            capacity,
            phase: Phase::Joining,
            full: false,
            lent: BTreeMap::new(),
            protocol: PROTOCOL_VERSION,
            placement: PLACEMENT_VERSION,
        }
    }
}
