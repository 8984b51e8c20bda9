//! What an operator is told by a home server, as values. See `op` for the questions.

use rvp::{PresenceState, Principal, Reach, SubscriptionId};
use std::time::Duration;

/// Watchers that are listed of one person at most; their number is always told.
pub const WATCHERS_LISTED_MAX: usize = 1_000;

/// The members that a home knows, at an epoch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownMembers {
    /// The epoch of the set.
    pub epoch: u64,
    /// Everybody, in order of their ids.
    pub members: Vec<KnownMember>,
}

/// A member's record. This crate does not know the membership, so it is spelled out here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownMember {
    /// Its name.
    pub id: String,
    /// Where its link listener is.
    pub address: String,
    /// The zone it runs in.
    pub zone: String,
    /// People online that it is meant for.
    pub capacity: u32,
    /// Where it is in its life.
    pub phase: MemberPhase,
    /// Whether it has hardly any room.
    pub full: bool,
    /// Slots that it lends, and to whom.
    pub lent: Vec<Loan>,
    /// Which language its links speak.
    pub protocol: u32,
    /// Which way of placing people it computes.
    pub placement: u32,
}

/// Where a member is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MemberPhase {
    /// It takes its slots over.
    Joining,
    /// It serves them.
    Active,
    /// It hands them over.
    Draining,
}

/// Slots that are lent to one member.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Loan {
    /// To whom.
    pub to: String,
    /// Which.
    pub slots: Vec<u16>,
}

/// How a home is at this moment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HomeLoad {
    /// People with at least one login.
    pub online: u32,
    /// Logins.
    pub sessions: u32,
    /// Property subscriptions.
    pub subscriptions: u32,
    /// Slots that are served.
    pub slots: u32,
    /// Messages that wait for their clients.
    pub messages_in_flight: u32,
    /// Requests answered in each of the last seconds, on average.
    pub requests_per_second: u32,
    /// People online by slot, ascending, without slots that have none.
    pub online_by_slot: Vec<(u16, u32)>,
}

/// What a home knows of one of its people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explained {
    /// The person's slot.
    pub slot: u16,
    /// The epoch by which this home answers.
    pub epoch: u64,
    /// This home.
    pub home: String,
    /// The state that watchers are told.
    pub state: PresenceState,
    /// Whether the account is disabled.
    pub disabled: bool,
    /// Clients that are logged on.
    pub sessions: Vec<Session>,
    /// Who watches, at most [`WATCHERS_LISTED_MAX`] of them.
    pub watchers: Vec<Watcher>,
    /// How many watch.
    pub watchers_count: u32,
    /// How many messages wait for the person.
    pub kept_count: u32,
    /// Which homes took the slot over, the last one first.
    pub moves: Vec<SlotMove>,
}

/// A client that is logged on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// Its login.
    pub login: SubscriptionId,
    /// The router it logged on through.
    pub router: String,
    /// How it is reached.
    pub reach: Reach,
    /// When it ends unless it is renewed; whole seconds.
    pub ends_in: Duration,
}

/// Somebody who watches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Watcher {
    /// Who.
    pub principal: Principal,
    /// When it ends unless it is renewed; whole seconds.
    pub ends_in: Duration,
}

/// A home that has taken a slot over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SlotMove {
    /// The home.
    pub member: String,
    /// At which epoch.
    pub epoch: u64,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at_ms: u64,
}
