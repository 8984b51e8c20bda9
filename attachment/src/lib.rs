//! The attachment as values: what a client and a router say to each other on a connection that the client holds
//! open. `docs/attachment.md` describes it for people.
//!
//! A frame is one JSON object with a `type`, [`ClientFrame`] towards the router and [`ServerFrame`] towards the
//! client. Frames are read and written here, and nothing else is done: no I/O, no clock, no randomness, no runtime.
//! Addresses are texts, as people write them: `alice@im.example.com`. Whether they mean somebody is for the router
//! to say.

mod client;
mod close;
mod contact;
mod error;
mod format;
mod frame;
pub mod limits;
mod many;
mod message;
mod often;
pub mod scram;
mod server;
mod state;
mod why;

pub use client::{ClientFrame, Proof};
pub use close::{CloseCode, Next};
pub use contact::{Contact, ContactsAction, ContactsChange};
pub use error::FrameError;
pub use format::Format;
pub use many::{Watch, WatchResult, Watched};
pub use message::{Kind, Message, Receipt, Received};
pub use server::{Presence, ServerFrame, Welcome};
pub use state::State;
pub use why::Why;

/// The path of the WebSocket on a router.
pub const PATH: &str = "/instmsg/attach";
/// The path of the event stream, for where a WebSocket does not get through.
pub const EVENTS_PATH: &str = "/instmsg/attach/events";
/// The path to which a client of an event stream posts its frames.
pub const FRAMES_PATH: &str = "/instmsg/attach/frames";
/// The subprotocol of the WebSocket. A new one is made when a frame changes so that an older peer would take it for
/// something else.
pub const SUBPROTOCOL: &str = "homeport.v1";
