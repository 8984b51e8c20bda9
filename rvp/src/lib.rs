//! RVP, the instant-messaging and presence protocol of Exchange 2000, as values.
//!
//! Everything here is parsing and writing: text and octets in, values out, and back. There is no I/O,
//! no clock and no runtime, so all of it can be tested and fuzzed by itself. Section numbers in the
//! documentation (`spec 3.2`) are those of the protocol description the project follows; see
//! `docs/protocol.md`.

pub mod access;
pub mod call_back;
pub mod credentials;
mod error;
mod fault;
pub mod header;
mod identity;
pub mod limits;
mod message_id;
pub mod method;
pub mod mime;
mod multistatus;
pub mod notification;
mod principal;
mod principals;
pub mod property;
mod reach;
pub mod reply;
pub mod request;
pub mod subscription;
mod xml;

pub use access::AccessList;
pub use call_back::{CallBack, ClientUrl};
pub use error::ParseError;
pub use fault::Fault;
pub use identity::{Caller, Credential, Identity};
pub use message_id::MessageId;
pub use method::Method;
pub use mime::Mime;
pub use principal::{Domain, Principal};
pub use principals::Principals;
pub use property::{PresenceState, Property, ViewId};
pub use reach::{AttachmentId, Reach};
pub use reply::Reply;
pub use request::Request;
pub use subscription::{Lifetime, SubscriptionId, SubscriptionKind};
