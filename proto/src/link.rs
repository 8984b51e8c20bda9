//! One link: a long-lived two-way stream of frames on which both ends may call.
//!
//! A call is a frame with an id; its answer repeats the id. Frames that wait together travel in one batch.
//! There are two lanes, so that a storm of presence cannot starve messages: the writer takes from the bulk
//! lane only when the other is empty. Both lanes, the calls that may be open and the calls being served are
//! bounded; a caller that meets a bound is told at once.

mod server;
pub(crate) mod stream;

pub use server::{LinkServer, Spawn};

use crate::op::{Answer, Call, Op, Refusal};
use crate::{PROTOCOL, convert, v1};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Frames that may wait in the lane of messages, requests and answers.
const LANE_FRAMES_MAX: usize = 16_384;
/// Frames that may wait in the lane of presence.
const BULK_FRAMES_MAX: usize = 4_096;
/// Calls of ours that may be open on one link.
const OPEN_CALLS_MAX: usize = 65_536;
/// The longest that any call may wait, whatever its deadline says.
const DEADLINE_MAX: Duration = Duration::from_secs(60);

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
}

/// What an end of a link does with calls.
#[async_trait]
pub trait Serve: Send + Sync + 'static {
    /// Answers a call that came on `link`.
    async fn serve(&self, link: &Link, call: Call) -> Result<Answer, Refusal>;

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

type Waiting = oneshot::Sender<Result<Answer, Refusal>>;

#[derive(Debug)]
struct Inner {
    peer: Peer,
    lane: mpsc::Sender<v1::Frame>,
    bulk: mpsc::Sender<v1::Frame>,
    open: Mutex<HashMap<u64, Waiting>>,
    next: AtomicU64,
    closed: CancellationToken,
}

/// The ends of the lanes that the writer empties.
#[derive(Debug)]
pub(crate) struct Lanes {
    pub(crate) lane: mpsc::Receiver<v1::Frame>,
    pub(crate) bulk: mpsc::Receiver<v1::Frame>,
}

impl Link {
    pub(crate) fn new(peer: Peer) -> (Self, Lanes) {
        let (lane, lane_end) = mpsc::channel(LANE_FRAMES_MAX);
        let (bulk, bulk_end) = mpsc::channel(BULK_FRAMES_MAX);
        let inner = Inner {
            peer,
            lane,
            bulk,
            open: Mutex::new(HashMap::new()),
            next: AtomicU64::new(1),
            closed: CancellationToken::new(),
        };
        (Self { inner: Arc::new(inner) }, Lanes { lane: lane_end, bulk: bulk_end })
    }

    /// Who is at the other end.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.inner.peer
    }

    /// Whether the stream has ended. Such a link never opens again.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.closed.is_cancelled()
    }

    /// Whether both handles are of the same stream.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// Asks, and waits for the answer at most as long as the call's deadline says.
    ///
    /// # Errors
    /// [`Error`] when there is no answer. A refusal is an answer.
    pub async fn call(&self, call: Call) -> Result<Result<Answer, Refusal>, Error> {
        let deadline = call.deadline.min(DEADLINE_MAX);
        let bulk = matches!(call.op, Op::SpreadChange { .. } | Op::DeliverChange { .. });
        let (send, receive) = oneshot::channel();
        let id = self.inner.next.fetch_add(1, Ordering::Relaxed);
        let _forget = Forget { inner: &self.inner, id };
        self.remember(id, send)?;
        let frame = v1::Frame { id, body: Some(v1::frame::Body::Call(convert::call_to_wire(call))) };
        let answered = async {
            if bulk {
                // Presence waits for room: its senders keep only the newest of each presentity meanwhile.
                self.inner.bulk.send(frame).await.map_err(|_| self.lost())?;
            } else {
                self.inner.lane.try_send(frame).map_err(|error| match error {
                    mpsc::error::TrySendError::Full(_) => Error::Full,
                    mpsc::error::TrySendError::Closed(_) => self.lost(),
                })?;
            }
            receive.await.map_err(|_| self.lost())
        };
        match tokio::time::timeout(deadline, answered).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::Deadline),
        }
    }

    fn remember(&self, id: u64, waiting: Waiting) -> Result<(), Error> {
        let mut open = self.inner.open();
        // Looked at under the lock that closing takes, so that no call can slip in after it.
        if self.is_closed() {
            return Err(self.lost());
        }
        if open.len() >= OPEN_CALLS_MAX {
            return Err(Error::Full);
        }
        open.insert(id, waiting);
        Ok(())
    }

    fn lost(&self) -> Error {
        Error::Lost(self.inner.peer.name.clone())
    }

    pub(crate) async fn send(&self, frame: v1::Frame) -> Result<(), Error> {
        self.inner.lane.send(frame).await.map_err(|_| self.lost())
    }

    pub(crate) fn answered(&self, id: u64, answer: Result<Answer, Refusal>) {
        let waiting = self.inner.open().remove(&id);
        if let Some(waiting) = waiting {
            // The caller may have stopped waiting: then nobody wants the answer.
            let _ = waiting.send(answer);
        }
    }

    pub(crate) fn close(&self) {
        self.inner.closed.cancel();
        self.inner.open().clear();
    }

    /// Ends the link: calls that are open get [`Error::Lost`], and the stream is ended.
    pub fn hang_up(&self) {
        self.close();
    }

    pub(crate) fn closed(&self) -> &CancellationToken {
        &self.inner.closed
    }
}

impl Inner {
    fn open(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Waiting>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets a call when its caller stops waiting, however that happens.
struct Forget<'a> {
    inner: &'a Inner,
    id: u64,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.inner.open().remove(&self.id);
    }
}

/// The first frame of an end.
pub(crate) fn hello(me: &Peer) -> v1::Frame {
    let role = match me.role {
        Role::Router => v1::Role::Router,
        Role::Home => v1::Role::Home,
    };
    let hello = v1::Hello { name: me.name.clone(), role: role.into(), protocol: PROTOCOL };
    v1::Frame { id: 0, body: Some(v1::frame::Body::Hello(hello)) }
}

/// Reads the first frame of the other end.
pub(crate) fn read_hello(frame: Option<v1::Frame>) -> Result<Peer, Error> {
    let Some(v1::Frame { body: Some(v1::frame::Body::Hello(hello)), .. }) = frame else {
        return Err(Error::Contract("the first frame is not a hello".into()));
    };
    if hello.protocol != PROTOCOL {
        let theirs = hello.protocol;
        return Err(Error::Contract(format!("it speaks version {theirs}, this process speaks {PROTOCOL}")));
    }
    let role = match v1::Role::try_from(hello.role) {
        Ok(v1::Role::Router) => Role::Router,
        Ok(v1::Role::Home) => Role::Home,
        Ok(v1::Role::Unspecified) | Err(_) => {
            return Err(Error::Contract("it has no role".into()));
        }
    };
    Ok(Peer { name: hello.name, role })
}
