//! The contract between routers and home servers.
//!
//! - [`op`]: what the two ends say to each other, as values; [`operator`]: what an operator is told;
//!   [`contacts`]: contact lists; [`watch`]: several people who are watched at once.
//! - [`convert`]: those values and the generated messages, each way.
//! - [`link`]: the long-lived two-way stream they travel on; [`links`]: one link for every member.

pub mod contacts;
pub mod convert;
pub mod link;
pub mod links;
pub mod op;
pub mod operator;
pub mod watch;

pub use contacts::{AskContacts, Contact, ContactChange, ContactsAction};
pub use link::{Asker, Beside, BesideGuard, CallId, Link, LinkServer, NotCalled, Peer, Role, Serve, Spawn};
pub use links::{Connect, Links};
pub use op::{
    Answer, Authenticated, CHANGES_MAX, Call, Change, ClientLogin, DeliverChange, DeliverMessage, Detach, Op,
    Outcome, Proof, Refusal, ScramSalt, SpreadChange,
};
pub use watch::{AskWatch, ToWatch, WatchAnswer, Watching};

/// The messages and the service as generated from `homeport/v1/*.proto`.
#[allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::too_many_lines,
    clippy::wildcard_imports,
    clippy::or_fun_call
)]
pub mod v1 {
    tonic::include_proto!("homeport.v1");
}

/// The version of this contract. A process refuses a peer with another one.
///
/// 1: the first. 2: routers and homes take deliveries and changes from a person's home only, by its epoch.
/// 4: clients are reached at listeners or by attachments. 5: several people are watched by one question.
/// 6: several changes are told by one. 7: a router tells senders itself what it sees their messages come to.
/// 8: attached clients are told of changes by their connections alone.
pub const PROTOCOL: u32 = 8;
