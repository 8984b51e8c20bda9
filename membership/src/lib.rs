//! Who is alive, and the placement that follows from it.
//!
//! Two questions, kept apart. *Who is alive* is [`Membership`]: home servers join under a lease, everybody
//! else watches the set of them, and every change of the set has a newer epoch. *Who is home to whom* is
//! [`Placement`], a pure function of that set, and a crate of its own. What that has is also named here, so that whoever
//! needs one has the other. [`Placements`] brings both together: it follows the members, and knows the placement of now.
//!
//! ```text
//! Membership ──▶ Members (at an epoch) ── Placement::new ──▶ Placement        Placements = the latest of these
//! ```
//!
//! [`EmbeddedMembership`] is for clusters in one process; [`EtcdMembership`] is for all others, and its text says what
//! is kept in etcd.
//!
//! Deliberately absent: users, presence, and links to the members (whoever opens links follows
//! [`Placements`]).

mod admission;
mod change;
mod embedded;
mod error;
mod etcd;
mod placements;

pub use admission::admit;
pub use change::MemberChange;
pub use embedded::EmbeddedMembership;
pub use error::{Error, Terminal};
pub use etcd::{Credentials, EtcdConfig, EtcdMembership, OnSilence, Spawn, TlsFiles};
pub use placement::{
    Assignment, LENT_MAX, Member, MemberId, Members, PLACEMENT_VERSION, PROTOCOL_VERSION, Phase, Placement,
    RingOrder, SLOTS, Slot,
};
pub use placements::Placements;

use async_trait::async_trait;
use std::sync::Arc;
use tokio::sync::watch;

/// The set of living home servers, as one process sees it.
///
/// What every implementation promises, and `tests/contract.rs` asks of it:
/// - every change of the set has a greater epoch than all before it;
/// - a watcher always ends up with the latest set, but may not see each set in between;
/// - when the source of truth cannot be reached, the last set stays in force and nobody disappears;
/// - two living members never share an id.
#[async_trait]
pub trait Membership: Send + Sync + 'static {
    /// Makes a home server part of the set, with the phase it names, for as long as its lease lives.
    ///
    /// # Errors
    /// [`Error::Terminal`] when [`admit`] refuses the member; [`Error::Retryable`] when the set could not be
    /// changed now.
    async fn join(&self, member: Member) -> Result<Box<dyn Joined>, Error>;

    /// Makes every epoch from now on greater than this one. The store fences by epoch, so a membership that has
    /// forgotten its history, as an etcd that was wiped or one in memory, must go on above what the store has
    /// seen. Does nothing where epochs are greater already.
    ///
    /// # Errors
    /// [`Error::Retryable`] when it could not be done now, [`Error::Terminal`] when this process may not.
    async fn raise(&self, epoch: u64) -> Result<(), Error>;

    /// Whether changes of the set arrive now: false until it was first read, and while its source of truth cannot
    /// be reached.
    fn connected(&self) -> watch::Receiver<bool>;

    /// The latest set and its successors. The first value is there at once; it is empty until somebody joined.
    fn members(&self) -> watch::Receiver<Arc<Members>>;
}

/// A home server's own membership.
///
/// Dropping it is not leaving: a process that dies does not say so, its lease ends. Whoever shuts down in
/// order calls [`Joined::leave`].
#[async_trait]
pub trait Joined: Send {
    /// Tells everybody what has changed about the member.
    ///
    /// # Errors
    /// [`Error::Terminal`] when the lease is lost, or more is lent than may be; [`Error::Retryable`] when the set
    /// could not be changed now.
    async fn update(&mut self, change: MemberChange) -> Result<(), Error>;

    /// Takes the member out of the set. Also succeeds when its lease is already lost, and then does not touch
    /// a successor of the same id.
    ///
    /// # Errors
    /// [`Error::Retryable`] when the set could not be changed now; the lease then ends by itself.
    async fn leave(self: Box<Self>) -> Result<(), Error>;

    /// Becomes true, for good, when the lease is lost: the others have or will soon have a set without this
    /// member, so it must stop serving and join again. Leaving in order does not set it.
    fn lost(&self) -> watch::Receiver<bool>;
}
