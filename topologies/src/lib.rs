//! The layouts of a cluster as data.
//!
//! A topology file says how many people there are, under which domains, and which routers and home servers serve
//! them in which zones. It is the one source of all that. This crate reads such files and refuses what cannot
//! work, with the line, the key, what is wrong and what to write instead, and with everything it found at once.
//!
//! ```text
//! file ── section, read ──▶ values at their lines ── check (with sizing) ──▶ Topology, or Problems
//! ```
//!
//! Deliberately absent: anything that starts or configures a server. Whoever runs a topology reads the values.

mod check;
mod load;
mod name;
mod problem;
mod read;
mod section;
mod sizing;
mod topology;
mod value;

pub use ipnet::IpNet;
pub use load::{LoadError, builtin, builtin_names};
pub use problem::{Problem, Problems};
pub use topology::{
    Archive, CallBacks, ClientTls, Domain, HomeRole, Limits, Membership, Offline, OverrideError, Population,
    Profile, RouterRole, Scheme, Store, Topology, Trust, Zone,
};
