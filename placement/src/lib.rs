//! Who is home to whom: a pure function of the members.
//!
//! Every process computes the same [`Placement`] from the same [`Members`], so nothing about users is stored or agreed
//! upon anywhere. How processes come to know the same members is `membership`'s business.
//!
//! ```text
//! Principal ── Slot::of ──▶ Slot ── Assignment ──▶ Member        Placement = Assignment + its Members
//!                                      ▲
//!                                   Members (at an epoch)
//! ```
//!
//! A crate of its own because it is computed over and over where whole days of a cluster are simulated. So it is compiled
//! to run for tests too, and what waits for members or speaks to etcd is not.
//!
//! Deliberately absent: waiting, clocks, chance, I/O and errors; and whoever keeps the present placement, which is
//! `membership`'s too. That crate has everything here under its own name, so nobody else depends on this one.

mod assignment;
mod loans;
mod member;
mod members;
mod placement;
mod ring_order;
mod slot;
mod version;

pub use assignment::Assignment;
pub use member::{LENT_MAX, Member, MemberId, Phase};
pub use members::Members;
pub use placement::Placement;
pub use ring_order::RingOrder;
pub use slot::{SLOTS, Slot};
pub use version::{PLACEMENT_VERSION, PROTOCOL_VERSION};
