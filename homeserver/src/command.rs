//! The vocabulary of the core: what it is told, and what it wants done.

use proto::{Change, ClientLogin, DeliverMessage, Detach, Outcome};
use rvp::{AttachmentId, Caller, Fault, Lifetime, Method, Principal, Reply, SubscriptionId};
use std::sync::Arc;
use std::time::SystemTime;
use store::{Account, ArchiveEntry, KeptMessage};

/// The name of a router, by which a login's client is reached.
pub(crate) type RouterName = Arc<str>;

/// What a presentity is told.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    /// One of RVP's seven methods, from a caller who showed this credential through this router.
    Request {
        /// Who asks, with what proof.
        caller: Caller,
        /// Through which router.
        router: RouterName,
        /// Which login of the caller asks, where that is known.
        login: Option<SubscriptionId>,
        /// What.
        method: Method,
    },
    /// What became of a message at one of the person's clients.
    Outcome {
        /// Which message.
        delivery: DeliveryId,
        /// What became of it.
        outcome: Outcome,
    },
    /// The client of a login cannot be reached any more (spec 7.4).
    CallBackLost(SubscriptionId),
    /// The connection by which a login is reached has ended, or is about to.
    Detached {
        /// Of which login.
        login: SubscriptionId,
        /// Which connection.
        attachment: AttachmentId,
        /// How long the login stays without one.
        stays: Lifetime,
    },
    /// A router may be gone, and the connections to it.
    RouterLost(RouterName),
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
    /// What became of an [`Effect::Keep`] or [`Effect::Archive`].
    Written {
        /// Which.
        ticket: Ticket,
        /// What became of it.
        written: Written,
    },
    /// What an [`Effect::ReadKept`] has found; none when the store could not be read.
    Read {
        /// Which.
        ticket: Ticket,
        /// Messages that wait, by ascending number.
        messages: Option<Vec<KeptMessage>>,
    },
}

/// A question to the store, unique for the presentity as long as the process lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct Ticket(pub(crate) u64);

/// What became of a write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Written {
    /// It is durable.
    Durable,
    /// Nobody knows: most likely it is not.
    Failed,
    /// It was left out, since another home has the person.
    Fenced,
}

/// A message on its way to a presentity's clients, unique for the presentity as long as the process lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct DeliveryId(pub(crate) u64);

/// Whether a client may have taken a message already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Taken {
    /// None has.
    No,
    /// One may have, in an attempt of which nobody knows what became: routers are asked first.
    Perhaps,
}

/// The answer to a command, if it can be given yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// At once; but not before what the effects persist is durable.
    Now(Result<Reply, Fault>),
    /// When clients have acknowledged, or the message is stored: an [`Effect::Ended`] follows.
    Later(DeliveryId),
    /// This is a message that came before and is still on its way: answer it as that one.
    Again(DeliveryId),
    /// This is a message that came before: answer it as then.
    Known(Reply),
    /// Nobody asked.
    Nothing,
}

/// How a message ended. A home's ledger has the same words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ended {
    /// As many clients took it as `RVP-Ack-Type` asks.
    Delivered,
    /// No client could be reached, and it is kept.
    Stored,
    /// It was not delivered, and the sender is told why.
    Refused(Fault),
    /// Its time ran out first; the sender is told.
    Expired(Fault),
    /// Nobody was handed it, because the person has another home: whoever asked asks there.
    Moved,
}

/// How a kept message has gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum KeptEnded {
    /// A client took it.
    Taken,
    /// It was kept for as long as the domain keeps messages.
    Expired,
}

/// What the core wants done.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Effect {
    /// Make this durable.
    Persist(store::Change),
    /// Tell these watchers, at their homes, and come back with [`Command::Told`].
    Spread(Change, Vec<Principal>),
    /// Hand a message to a client, and come back with [`Command::Outcome`].
    DeliverMessage(DeliveryId, RouterName, DeliverMessage, Taken),
    /// Tell a router that a connection is not a client's any more.
    Detach(RouterName, ClientLogin, Detach),
    /// Make this durable, and come back with [`Command::Written`].
    Keep(Ticket, store::Change),
    /// Make these durable, all or none, and come back with [`Command::Written`].
    Archive(Ticket, Vec<ArchiveEntry>),
    /// Read kept messages with numbers above this one, and come back with [`Command::Read`]. Not before what is to
    /// be persisted is durable and whoever asked is answered: a client that logs on is to hear that first.
    ReadKept(Ticket, u64),
    /// A message that was stored, and was counted as that, has gone.
    KeptEnded(KeptEnded),
    /// A message has ended; answer whoever waits for it.
    Ended(DeliveryId, Ended),
    /// A message whose sender does not wait for clients was handed to them; answer whoever waits for that.
    HandedOn(DeliveryId),
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
