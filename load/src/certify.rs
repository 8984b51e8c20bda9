//! Certifying a cluster: how far it may be loaded before a promise breaks. Pure: what to try next, what a measurement
//! means, and the report. Nothing here waits, or knows a clock; who measures is [`crate::Company`], and who asks it is
//! `homeport certify`.
//!
//! ```text
//! Schedule ──▶ Growth (people) ──▶ Ramp (messages a second) ──▶ storm · drain · kill ──▶ Certified ──▶ report
//!                   ▲  │              ▲  │                          │                        ▲
//!                   │  ▼              │  ▼                          ▼                        │
//!                 Promises: what held, and what broke ◀──────── Timeline ────────────────────┘
//! ```

mod certified;
mod drawings;
mod growth;
mod markdown;
mod over_time;
mod promises;
mod ramp;
#[cfg(test)]
mod sample;
mod schedule;
mod timeline;
mod verdict;

pub use certified::{Certified, Cluster, Disturbance, Machine, MessageStep, UserStep};
pub use growth::Growth;
pub use promises::Promises;
pub use ramp::{Ramp, Try};
pub use schedule::{Asked, Schedule};
pub use timeline::{Slot, Timeline};
pub use verdict::{Promise, Verdict};
