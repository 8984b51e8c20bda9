//! Reaching clients that listen: which call-backs are permitted, and the queues to them.

mod policy;
mod post;
mod queue;
mod queues;
mod taken;

pub(crate) use policy::contains;
pub use policy::{OwnListeners, Policy};
pub(crate) use queues::{Lost, Queues};
pub(crate) use taken::{InHand, Mark, Taken};
