//! Whole-cluster tests: clusters in this process and in many, clients as people really had them, and a player for
//! transcripts.
//!
//! - [`cluster`]: what a cluster is to scripts and clients; [`accounts`]: its people.
//! - [`stage`]: home servers, routers, store and clock in this process, to be started, stopped, crashed and started
//!   again.
//! - [`processes`]: the same from the real programs, with a real etcd.
//! - [`client`], [`listener`], [`wire`], [`documents`]: the clients, octet by octet.
//! - [`attached`]: clients that hold a connection open.
//! - [`load`]: people who go on whatever happens, and know what should have been heard.
//! - [`insist`]: senders who send again until they are told, with a third of the recipients not there.
//! - [`transcript`]: reads and plays the scripts in `transcripts/`.
//! - [`logs`]: runs a test and fails it when something complains that nobody expects to.

pub mod accounts;
pub mod attached;
pub mod client;
pub mod clock;
pub mod cluster;
pub mod documents;
pub mod insist;
pub mod listener;
pub mod load;
pub mod logs;
pub mod network;
pub mod processes;
pub mod stage;
pub mod transcript;
pub mod wait;
pub mod wire;

pub use attached::Attached;
pub use client::Client;
pub use cluster::{Cluster, Plan};
pub use insist::{Crowd, Insisted, Insisting};
pub use load::Load;
pub use logs::{Failure, Logs, run};
pub use processes::Processes;
pub use stage::Stage;
pub use wire::{Answer, Ask, Connection, Proof, Style};
