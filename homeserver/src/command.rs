//! The vocabulary of the core: what it is told, and what it wants done.

use proto::{Change, ClientLogin, DeliverMessage, Outcome};
use rvp::{Caller, Fault, Method, Principal, Reply, SubscriptionId};
use std::time::SystemTime;
use store::Account;

/// The name of a router, by which a login's client is reached.
pub(crate) type RouterName = std::sync::Arc<str>;

/// What a presentity is told.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    /// One of RVP's seven methods, from a caller who showed this credential through this router.
    Request {
        /// Who asks, with what proof.
        caller: Caller,
        /// Through which router.
        router: RouterName,
        /// What.
        method: Method,
    },
    /// Somebody whom this person watches has changed.
    Change(Change),
    /// What became of a message at one of the person's clients.
    Outcome {
        /// Which message.
        delivery: DeliveryId,
        /// What became of it.
        outcome: Outcome,
    },
    /// The client of a login cannot be reached any more (spec 7.4).
    CallBackLost(SubscriptionId),
    /// The account was changed.
    Account(Box<Account>),
    /// Time has passed: end what has ended.
    Lapse,
    /// It is known whom a change has reached.
    Told {
        /// The version of the change.
        version: u64,
        /// Whether it, or something newer in its place, has reached everybody it was for.
        everybody: bool,
    },
}

/// A message on its way to a presentity's clients, unique for the presentity as long as the process lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct DeliveryId(pub(crate) u64);

/// The answer to a command, if it can be given yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// At once; but not before what the effects persist is durable.
    Now(Result<Reply, Fault>),
    /// When clients have acknowledged: an [`Effect::Ended`] follows.
    Later(DeliveryId),
    /// Nobody asked.
    Nothing,
}

/// How a message ended. A home's ledger has the same words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ended {
    /// As many clients took it as `RVP-Ack-Type` asks.
    Delivered,
    /// It was not delivered, and the sender is told why.
    Refused(Fault),
    /// Its time ran out first; the sender is told.
    Expired(Fault),
    /// Nobody was handed it, because the person has another home: whoever asked asks there.
    Moved,
}

/// What the core wants done.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Effect {
    /// Make this durable.
    Persist(store::Change),
    /// Tell these watchers, at their homes, and come back with [`Command::Told`].
    Spread(Change, Vec<Principal>),
    /// Hand a message to a client, and come back with [`Command::Outcome`].
    DeliverMessage(DeliveryId, RouterName, DeliverMessage),
    /// Hand a change to a client.
    DeliverChange(RouterName, Change, ClientLogin),
    /// A message has ended; answer whoever waits for it.
    Ended(DeliveryId, Ended),
    /// Come back with [`Command::Lapse`] at this time at the latest.
    WakeAt(SystemTime),
}

/// What a command led to.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Applied {
    /// The answer.
    pub(crate) verdict: Verdict,
    /// What to do, in this order.
    pub(crate) effects: Vec<Effect>,
}
