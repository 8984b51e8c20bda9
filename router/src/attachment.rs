//! Attachments: clients that hold a connection open (`docs/attachment.md`).
//!
//! The walk of a frame: `upgrade` or `events` lets a connection in, `socket` reads the frame from its `wire`, `log_on` finds out who says it,
//! `session` and `incoming` take it, `requests` makes of it what RVP clients ask too, and asks the home. The walk of a message: a home
//! calls on a link, `Attachments` finds the connection, `outbox` keeps it until there is room, `session` writes it and
//! takes the acknowledgement.
//!
//! What a router knows of a client it knows by the connection: when that ends, nothing is left. The login is at the home
//! and stays for the client to come back, to whichever router.

#[cfg(test)]
mod alone;
mod announce;
mod contacts;
mod events;
mod gathering;
mod incoming;
mod lanes;
mod leaving;
mod log_on;
mod origin;
mod outbox;
mod requests;
mod session;
mod socket;
mod token;
mod translate;
mod turns;
mod upgrade;
mod watch;
mod watches;
mod wire;

pub(crate) use announce::Announcing;
pub(crate) use events::{events, frames};
pub(crate) use token::Tokens;
pub(crate) use turns::TOGETHER as TOLD_TOGETHER;
pub(crate) use upgrade::upgrade;

use crate::call_back::Taken;
use crate::canonical::Canonical;
use crate::changes::News;
use crate::forward::Forward;
use crate::metrics::Metrics;
use crate::strangers::Strangers;
use announce::Numbers;
use attachment::limits::{ACKNOWLEDGE_WITHIN, UNACKNOWLEDGED_MAX};
use attachment::{CloseCode, ServerFrame};
use daemon::{Clock, Group};
use leaving::Leaving;
use outbox::{Outbox, Waiting};
use proto::{Change, ClientLogin, ContactChange, DeliverMessage, Detach, Op, Outcome};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rvp::{AttachmentId, Domain, Lifetime, Principal, Principals, SubscriptionId};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use translate::{Told, told};
use turns::Turns;

/// How many connections are found before others may look for theirs.
const FOUND_TOGETHER: usize = 256;

/// What attachments need. Cloning copies a pointer.
#[derive(Clone)]
pub(crate) struct Attachments {
    inner: Arc<Inner>,
}

/// What attachments are given.
pub(crate) struct Parts {
    pub(crate) canonical: Canonical,
    pub(crate) domains: Vec<Domain>,
    pub(crate) origins: Vec<String>,
    pub(crate) resume_within: Duration,
    pub(crate) forward: Forward,
    pub(crate) tokens: Tokens,
    pub(crate) taken: Taken,
    pub(crate) clock: Arc<dyn Clock>,
    /// From here come the numbers of connections, and when clients are to come back.
    pub(crate) seed: u64,
    pub(crate) metrics: Metrics,
    /// Connections of clients.
    pub(crate) connections: Group,
    /// What is to be said of them after they have ended.
    pub(crate) farewells: Group,
    /// Cancelled when the router is about to stop.
    pub(crate) stop: CancellationToken,
}

struct Inner {
    parts: Parts,
    strangers: Strangers,
    /// By a quick hash: their numbers are random, and ours.
    open: Mutex<foldhash::HashMap<AttachmentId, Arc<Attached>>>,
    /// The addresses of those who are here and of whom they watch, who are often the same.
    principals: Mutex<Principals>,
    numbers: Numbers,
    streams: events::Streams,
    leaving: Leaving,
    turns: Turns,
    random: Mutex<SmallRng>,
}

/// A client's connection, as others see it.
pub(crate) struct Attached {
    id: AttachmentId,
    principal: Principal,
    /// Known once the home has it.
    login: OnceLock<SubscriptionId>,
    outbox: Outbox,
    /// By which opening of a link to which home that one was told of the connection.
    announced: AtomicU64,
}

impl Attachments {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            inner: Arc::new(Inner {
                random: Mutex::new(SmallRng::seed_from_u64(parts.seed)),
                parts,
                strangers: Strangers::default(),
                open: Mutex::default(),
                principals: Mutex::default(),
                numbers: Numbers::default(),
                streams: events::Streams::default(),
                leaving: Leaving::default(),
                turns: Turns::new(),
            }),
        }
    }

    fn parts(&self) -> &Parts {
        &self.inner.parts
    }

    /// Those who have not shown yet who they are.
    pub(crate) fn strangers(&self) -> &Strangers {
        &self.inner.strangers
    }

    fn leaving(&self) -> &Leaving {
        &self.inner.leaving
    }

    /// Waits until so many clients may be told something.
    pub(crate) async fn turn(&self, clients: usize) {
        self.inner.turns.turn(clients).await;
    }

    /// Waits until somebody who logs on, or begins to watch others, may go a step further.
    async fn step(&self) {
        self.inner.turns.turn(turns::STEP).await;
    }

    /// Hands a message to its client, and says what became of it. What the client did not acknowledge in time it was
    /// not handed: it comes again, and the client knows it.
    pub(crate) async fn message(&self, message: DeliverMessage) -> Outcome {
        let known = match self.put_message(&message) {
            Ok(known) => known,
            Err(outcome) => return outcome,
        };
        // Its document is not needed any more.
        drop(message);
        match tokio::time::timeout(ACKNOWLEDGE_WITHIN, known).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) | Err(_) => Outcome::Unreachable,
        }
    }

    /// Queues a message. Returns what tells of its outcome, or the outcome where it is known at once.
    fn put_message(&self, message: &DeliverMessage) -> Result<oneshot::Receiver<Outcome>, Outcome> {
        let attached = self.find(&message.login).ok_or(Outcome::Unreachable)?;
        let mark = self.parts().taken.mark(message);
        if self.parts().taken.knows(mark) {
            return Err(Outcome::Taken);
        }
        let told = told(message);
        if matches!(told, Told::Nothing) {
            return Err(Outcome::Rejected);
        }
        let (outcome, known) = oneshot::channel();
        let has_room = attached.outbox.put_message(Waiting { mark, told, outcome });
        has_room.then_some(known).ok_or(Outcome::Unreachable)
    }

    /// Whether all of these connections that are here are of people of whom this is so.
    pub(crate) fn are_all_of(&self, connections: &[AttachmentId], such: impl Fn(&Principal) -> bool) -> bool {
        connections.chunks(FOUND_TOGETHER).all(|connections| {
            let open = self.open();
            let mut here = connections.iter().filter_map(|id| open.get(id));
            here.all(|attached| such(&attached.principal))
        })
    }

    /// Queues a change for the clients of these connections, who are as few as one turn is for. One that is not here any
    /// more reads everything when it comes back.
    pub(crate) fn change(&self, news: &Arc<News>, connections: &[AttachmentId]) {
        let open = self.open();
        for attached in connections.iter().filter_map(|id| open.get(id)) {
            attached.outbox.put_change(Arc::clone(news));
        }
    }

    /// Queues what another client of these clients' person changed of the contact list.
    pub(crate) fn contact(&self, change: &ContactChange, clients: &[ClientLogin]) {
        for client in clients {
            if let Some(attached) = self.find(client) {
                attached.outbox.put_contact(change.clone());
            }
        }
    }

    /// A connection is not its client's any more.
    pub(crate) fn detach(&self, client: &ClientLogin, why: Detach) {
        if let Some(attached) = self.find(client) {
            attached.outbox.close(match why {
                Detach::Resumed => CloseCode::Resumed,
                Detach::Ended => CloseCode::SessionOver,
            });
        }
    }

    fn find(&self, client: &ClientLogin) -> Option<Arc<Attached>> {
        let attached = self.open().get(&client.reach.attachment()?).cloned()?;
        (attached.principal == client.principal).then_some(attached)
    }

    /// Makes a connection known, before its home is told of it: what the home hands over at once is to find it.
    fn begin(&self, principal: Principal) -> Arc<Attached> {
        let principal = self.shared(principal);
        let attached = Arc::new(Attached {
            id: AttachmentId::new(self.random().random()),
            announced: AtomicU64::new(self.number_of(&principal)),
            principal,
            login: OnceLock::new(),
            outbox: Outbox::default(),
        });
        self.open().insert(attached.id, Arc::clone(&attached));
        attached
    }

    /// A connection has ended: what waits for it goes back to where it came from.
    fn end(&self, attached: &Attached) {
        self.open().remove(&attached.id);
        attached.outbox.give_up();
    }

    /// Tells the home that a client's connection has ended, and for how long its login is to stay.
    fn tell_detached(&self, attached: &Attached, login: SubscriptionId, stays: Duration) {
        let (forward, principal) = (self.parts().forward.clone(), attached.principal.clone());
        let op = Op::Detached {
            principal: principal.clone(),
            login,
            attachment: attached.id,
            stays: Lifetime(u32::try_from(stays.as_secs()).unwrap_or(u32::MAX)),
        };
        self.parts().farewells.spawn(async move {
            if let Err(fault) = forward.ask(&principal, op).await {
                // The home finds out when it is told of no connection, or when the login ends.
                tracing::info!(
                    fault = fault.label(),
                    "a home was not told of an ended attachment"
                );
            }
            Ok(())
        });
    }

    /// The copy of an address that all connections have in common.
    fn shared(&self, principal: Principal) -> Principal {
        let principals = self.inner.principals.lock();
        principals
            .unwrap_or_else(PoisonError::into_inner)
            .shared(principal)
    }

    fn random(&self) -> MutexGuard<'_, SmallRng> {
        self.inner.random.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> MutexGuard<'_, foldhash::HashMap<AttachmentId, Arc<Attached>>> {
        self.inner.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The frame of a change, as it is written; none for one of which a client shows nothing.
fn presence(change: &Change) -> Option<String> {
    let presence = requests::presence(&change.presentity, &change.properties);
    let says = presence.state.is_some() || presence.display_name.is_some() || presence.email.is_some();
    says.then(|| ServerFrame::Presence(presence).write())
}

/// Whether one more message may be written before an earlier one is acknowledged.
fn has_room(unacknowledged: usize) -> bool {
    unacknowledged < UNACKNOWLEDGED_MAX
}
