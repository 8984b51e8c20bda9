//! SCRAM-SHA-256 (RFC 5802, RFC 7677), for both ends, as values. Nothing here draws a nonce, and nothing here has an
//! account: whether a proof is right is decided where the verifiers are.
//!
//! There is no channel binding: the router ends TLS, or a proxy before it does.

mod client;
mod messages;

pub use client::{Conversation, Keys, ScramError, Unproved};
pub use messages::{ClientFinal, ClientFirst, ServerFinal, ServerFirst, auth_message};

#[cfg(test)]
#[path = "scram_tests.rs"]
mod tests;
