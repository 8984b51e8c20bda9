//! What every server process does alike, and nothing that knows a role.
//!
//! - [`clock`] and [`network`] are the seams to the world outside: a role takes a [`Clock`] and a [`Network`],
//!   and a simulation hands it others than the real ones.
//! - [`tasks`] is the only place that spawns tasks; [`shutdown`] turns signals into one request to drain.
//! - [`telemetry`] and [`trace`] are the only places that know how logs and traces leave the process.
//! - [`config`] reads one file and the environment into a role's own type.
//! - [`readiness`] and [`admin`] tell an operator how the process is; an [`OpenGuard`] counts what is open in it.
//! - [`mod@panic`] logs what should never happen; [`memory`] says how the system gives memory.
//!
//! [`mod@run`] is the life of a process: configuration, telemetry, the admin listener, its role, ready; it ends in
//! the opposite order, with [`Telemetry::flush`] last.

pub mod admin;
pub mod clock;
pub mod config;
pub mod memory;
pub mod network;
pub mod open_guard;
pub mod panic;
pub mod readiness;
pub mod run;
pub mod shutdown;
pub mod tasks;
pub mod telemetry;
pub mod trace;

pub use admin::AdminState;
pub use clock::{Clock, SystemClock};
pub use network::{Io, Listener, Network, Stream, TokioNetwork};
pub use open_guard::OpenGuard;
pub use readiness::Readiness;
pub use run::{Failed, Role, Surroundings, run};
pub use shutdown::Shutdown;
pub use tasks::{Failure, Group, OnError, Spawner, Tasks};
pub use telemetry::{Telemetry, TelemetryConfig};
