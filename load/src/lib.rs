//! The load generator: thousands of clients in one process that do what clients do, on a cluster that runs somewhere.
//!
//! ```text
//! plan ──▶ run ──▶ floor · log-ons ──▶ scenario ──▶ report
//!                                        │   ▲
//!                          due, drawn from   │ answered, heard
//!                               the seed     │
//!                                        ▼   │
//!                                 users (attached)
//! ```
//!
//! Every message is checked where it arrives; latency counts from when something was due; what the server uses is read
//! from the operating system, and stands beside what a bare handler of POST costs in the same run. `docs/load.md` says
//! what each figure means.

mod alarm;
mod attached;
mod check;
mod error;
mod files;
pub mod floor;
mod messages;
mod people;
mod plan;
mod processes;
mod report;
mod router;
mod run;
mod timing;
mod usage;
mod world;

pub use error::Error;
pub use people::People;
pub use plan::{Pace, Plan, RATE_MAX, USERS_MAX, Via};
pub use report::Report;
pub use router::Router;
pub use run::{Show, Standing, run};
pub use timing::Piece;
pub use usage::{ProcessUse, Server};
