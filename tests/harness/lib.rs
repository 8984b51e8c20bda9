//! Whole-cluster tests: a stage that runs a cluster in this process, clients as people really had them, and a
//! player for transcripts.
//!
//! - [`stage`]: home servers, routers, store and clock, to be started, stopped, crashed and started again.
//! - [`client`], [`listener`], [`wire`], [`documents`]: the clients, octet by octet.
//! - [`transcript`]: reads and plays the scripts in `transcripts/`.
//! - [`logs`]: runs a test and fails it when something complains that nobody expects to.

pub mod client;
pub mod clock;
pub mod documents;
pub mod listener;
pub mod logs;
pub mod network;
pub mod stage;
pub mod transcript;
pub mod wait;
pub mod wire;

pub use client::Client;
pub use logs::{Failure, Logs, run};
pub use stage::{Plan, Stage};
pub use wire::{Answer, Ask, Connection, Proof, Style};
