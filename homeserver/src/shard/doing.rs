//! What is under way beside a shard's loop, and comes back to it.

use super::contacts::Listed;
use super::watches::Watch;
use crate::command::{DeliveryId, Ticket};
use crate::presentity::Piece;
use crate::shards::{ContactsAsk, ReplyTo, WatchReply};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use membership::Slot;
use proto::Outcome;
use rvp::{Fault, Principal, Reply};
use store::{Durable, KeptMessage};
use tokio::sync::oneshot;

/// Something that was under way and is finished.
pub(super) enum Done {
    /// Writes are durable, or cannot be made so.
    Committed {
        commit: Commit,
        result: Result<(), store::Error>,
        answer: Option<(ReplyTo, Result<Reply, Fault>)>,
        /// What is to be read afterwards.
        reads: Option<KeptRead>,
    },
    /// The same of people who are watched by one question.
    Watched {
        commits: Vec<(Watch, Result<(), store::Error>)>,
        reply: WatchReply,
    },
    /// A kept message, or that one has gone, is durable, or cannot be made so.
    Written {
        principal: Principal,
        claim: (Slot, u64),
        ticket: Ticket,
        result: Result<(), store::Error>,
    },
    /// The store has said which messages it keeps.
    Read {
        principal: Principal,
        ticket: Ticket,
        result: Result<Vec<KeptMessage>, store::Error>,
    },
    /// Everything that was changed of people who left is durable.
    Settled {
        result: Result<(), store::Error>,
        settled: oneshot::Sender<()>,
    },
    /// A change has reached everybody, or somebody not.
    Told {
        principal: Principal,
        version: u64,
        everybody: bool,
    },
    /// A message's outcome at one client.
    Delivered {
        principal: Principal,
        delivery: DeliveryId,
        outcome: Outcome,
    },
    /// A router was told that a connection is not a client's any more, or could not be told.
    Detached,
    /// A question about somebody's contact list, of whom this home had that claim.
    Contacts {
        ask: Box<ContactsAsk>,
        epoch: u64,
        listed: Listed,
    },
    /// Clients were told of a changed contact, or could not be told.
    ContactsTold(Principal),
    /// It is time to try again to make durable what could not be made so.
    SaveAgain,
    /// The store has said what it holds of these people.
    Loaded {
        people: Vec<Principal>,
        result: Result<Vec<Durable>, store::Error>,
    },
}

/// Kept messages that are to be read.
pub(super) struct KeptRead {
    pub(super) principal: Principal,
    pub(super) ticket: Ticket,
    pub(super) after: u64,
}

/// Writes of what has changed of somebody.
pub(super) struct Commit {
    pub(super) principal: Principal,
    /// The epoch at which the person's slot was claimed.
    pub(super) epoch: u64,
    /// Grows with every commit of a shard.
    pub(super) number: u64,
    /// What was changed.
    pub(super) pieces: Vec<Piece>,
    /// Whether it is of all that could not be made durable before.
    pub(super) again: bool,
}

/// The work under way. Bounded by what leads to it: messages by each person's deliveries, writes and
/// loads by the questions that are taken from the mailbox and wait for them.
#[derive(Default)]
pub(super) struct Doing(FuturesUnordered<BoxFuture<'static, Done>>);

impl Doing {
    pub(super) fn push(&mut self, work: impl Future<Output = Done> + Send + 'static) {
        self.0.push(Box::pin(work));
    }

    /// The next that is finished; none when nothing is under way.
    pub(super) async fn next(&mut self) -> Option<Done> {
        self.0.next().await
    }
}
