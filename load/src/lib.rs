//! The load generator: thousands of clients in one process that do what clients do, on a cluster that runs somewhere.
//!
//! ```text
//! plan ──▶ run ──▶ floor · log-ons ──▶ scenario (messages, changes, storm) ──▶ report
//!                                        │   ▲
//!                          due, drawn from   │ answered, heard
//!                               the seed     │
//!                                        ▼   │
//!                              users (attached, called)
//! ```
//!
//! Every message is checked where it arrives; latency counts from when something was due; what the server uses is read
//! from the operating system, and stands beside what a bare handler of POST costs in the same run. `docs/load.md` says
//! what each figure means.

mod alarm;
mod attached;
mod beside;
mod called;
pub mod certify;
mod changes;
mod chart;
mod check;
mod churn;
mod company;
mod error;
mod files;
mod findings;
pub mod floor;
mod messages;
mod patience;
mod people;
mod picture;
mod plan;
mod processes;
mod report;
mod rounds;
mod router;
mod rumours;
mod run;
mod scraped;
mod stage;
mod storm;
mod timing;
mod usage;
mod user;
mod world;

pub use beside::{Beside, BesideReport, beside};
pub use company::{Arrivals, Company, Return, Spell, Talk, Through, Until};
pub use error::Error;
pub use people::People;
pub use plan::{Pace, Plan, RATE_MAX, Scenario, USERS_MAX, Via};
pub use report::{Counts, Report, Times};
pub use rounds::{ROUNDS_MAX, Round, Rounds, RoundsReport, rounds};
pub use router::Router;
pub use run::{Show, Standing, run};
pub use storm::AT_ONCE;
pub use timing::{Outcome, Piece, Timed};
pub use usage::{ProcessUse, Server};
