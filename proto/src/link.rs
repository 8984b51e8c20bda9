//! One link: a long-lived two-way stream of frames on which both ends may call.
//!
//! A call is a frame with an id; its answer repeats the id. Frames that wait together travel in one batch.
//! There are two lanes, so that a storm of presence cannot starve messages: presence is written only when
//! nothing else waits. What waits and the calls that may be open are bounded; a caller that meets a bound is
//! told at once, except for presence, which waits for room.
//!
//! Calls of a lane are written in the order in which they are made, and begin to be served in the order in which they
//! come: up to the first point where serving one has to wait.
//!
//! An end may answer a call of its own itself, when a call of the other end has shown it the answer. It says so with
//! [`Answer::Told`], for which nobody waits: it goes with the next frame. The other end then sends no answer.

mod asker;
mod batches;
mod beside;
mod hello;
mod kept;
mod lanes;
mod later;
mod not_called;
mod server;
pub(crate) mod stream;
mod within;

pub use asker::{Asker, CallId};
pub(crate) use batches::Batches;
pub use beside::{Beside, BesideGuard};
pub(crate) use hello::read_hello;
pub(crate) use lanes::Lanes;
pub use not_called::NotCalled;
pub use server::{LinkServer, Spawn};

use crate::op::{Answer, Call, Op, Refusal};
use async_trait::async_trait;
use lanes::{Answered, Refused};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use within::Within;

/// The longest that any call may wait, whatever its deadline says.
const DEADLINE_MAX: Duration = Duration::from_secs(60);
/// Octets of one batch that are read at most: far more than is sent, since no frame alone is so large. The
/// largest is a change for ten thousand clients, each with its call-back: about twelve million octets.
pub(crate) const BATCH_OCTETS_MAX: usize = 64 * 1024 * 1024;

/// Which process is at an end of a link, and as what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Peer {
    /// Its name, unique within its role.
    pub name: String,
    /// Its role.
    pub role: Role,
}

/// What a process is to its peer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    /// It reaches clients.
    Router,
    /// It keeps presentities.
    Home,
    /// It asks for somebody who runs the cluster.
    Operator,
}

/// What an end of a link does with calls.
#[async_trait]
pub trait Serve: Send + Sync + 'static {
    /// Answers a call.
    ///
    /// What this does before it first waits is done in the order in which calls come, and holds up all that follow, so
    /// it must not take long. Calls that come over a connection are served by the link's one task, side by side. Those
    /// within a process are served by whoever makes them, so calls of different tasks may be served at the same time.
    ///
    /// It is dropped where it waits when the call's deadline has passed or the link has ended, and within a process also
    /// when nobody waits for the answer any more: what has to be done whoever waits is for a task of its own.
    async fn serve(&self, asker: Asker, call: Call) -> Result<Answer, Refusal>;

    /// A link is open: calls may go out on it.
    fn opened(&self, link: &Link) {
        let _ = link;
    }

    /// The link is gone.
    fn closed(&self, link: &Link) {
        let _ = link;
    }
}

/// Why a call has no answer. Whether the other end did what was asked is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The stream ended, or could not be opened.
    #[error("link to {0} is lost")]
    Lost(String),
    /// No answer before the deadline.
    #[error("no answer before the deadline")]
    Deadline,
    /// Too much is waiting on this link; nothing was sent.
    #[error("link is full")]
    Full,
    /// The other end speaks another version of the contract, or said something that is not in it.
    #[error("peer does not keep the contract: {0}")]
    Contract(String),
}

/// A handle to an open link. Cloning copies a pointer.
#[derive(Clone, Debug)]
pub struct Link {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    peer: Peer,
    way: Way,
}

/// How the other end is reached.
#[derive(Debug)]
enum Way {
    /// By frames, over a connection.
    Frames(Arc<Lanes>),
    /// In this process.
    Within(Within),
}

impl Link {
    pub(crate) fn new(peer: Peer, lanes: Arc<Lanes>) -> Self {
        Self::by(peer, Way::Frames(lanes))
    }

    fn by(peer: Peer, way: Way) -> Self {
        Self {
            inner: Arc::new(Inner { peer, way }),
        }
    }

    /// Who is at the other end.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.inner.peer
    }

    /// Whether the stream has ended. Such a link never opens again.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed().is_cancelled()
    }

    /// Whether both handles are of the same stream.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// Asks, and waits for the answer at most as long as the call's deadline says.
    ///
    /// A caller may stop waiting at any time: a call that waits to be written then is not sent any more, and one within a
    /// process is not served any further.
    ///
    /// # Errors
    /// [`Error`] when there is no answer. A refusal is an answer.
    pub async fn call(&self, call: Call) -> Result<Result<Answer, Refusal>, Error> {
        let deadline = call.deadline.min(DEADLINE_MAX);
        match tokio::time::timeout(deadline, self.ask(call)).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::Deadline),
        }
    }

    async fn ask(&self, call: Call) -> Result<Answered, Error> {
        let answer = match &self.inner.way {
            Way::Frames(lanes) => lanes.ask(call).await,
            Way::Within(within) => within.call(call).await,
        };
        answer.map_err(|refused| self.error(refused))
    }

    fn error(&self, refused: Refused) -> Error {
        match refused {
            Refused::Closed => Error::Lost(self.inner.peer.name.clone()),
            Refused::Full => Error::Full,
        }
    }

    /// Answers a call of this end in place of the other one. Says whether anybody waited for the answer; then the other
    /// end has to hear of it, as [`Answer::Told`].
    #[must_use]
    pub fn tell(&self, call: CallId, answer: Result<Answer, Refusal>) -> bool {
        match &self.inner.way {
            Way::Frames(lanes) => lanes.answered(call.0, answer),
            // Calls have no numbers there.
            Way::Within(_) => false,
        }
    }

    pub(crate) fn close(&self) {
        match &self.inner.way {
            Way::Frames(lanes) => lanes.close(),
            Way::Within(within) => within.close(),
        }
    }

    /// Ends the link: calls that are open get [`Error::Lost`], and the stream is ended.
    pub fn hang_up(&self) {
        self.close();
    }

    pub(crate) fn closed(&self) -> &CancellationToken {
        match &self.inner.way {
            Way::Frames(lanes) => lanes.closed(),
            Way::Within(within) => within.closed(),
        }
    }
}

/// Whether a call waits until there is room for it: presence does, whose senders keep only the newest of each presentity
/// meanwhile.
fn is_presence(op: &Op) -> bool {
    match op {
        Op::SpreadChanges(_) | Op::DeliverChanges(_) => true,
        Op::Authenticate { .. }
        | Op::ScramSalt { .. }
        | Op::Request { .. }
        | Op::DeliverMessage(_)
        | Op::CallBackLost { .. }
        | Op::Detached { .. }
        | Op::Detach { .. }
        | Op::Contacts(_)
        | Op::Watch(_)
        | Op::DeliverContact { .. }
        | Op::Settle
        | Op::Members
        | Op::Load
        | Op::Explain { .. }
        | Op::Drain
        | Op::Undrain => false,
    }
}
