//! One queue for each client, emptied in order with one call-back outstanding (spec 7.2). A client is known by its
//! listener: one that logs on again while something waits for its former login must not hear that last.
//!
//! A queue exists only while something waits in it: a router keeps nothing of a client that has nothing to
//! hear.

use super::post::{Posted, post};
use super::queue::{Item, Message, Queue};
use super::taken::Taken;
use crate::changes::News;
use crate::metrics::Metrics;
use async_trait::async_trait;
use daemon::{Network, OnError, Tasks};
use proto::{ClientLogin, DeliverMessage, Outcome};
use rvp::{ClientUrl, Principal, Reach, SubscriptionId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};
use tracing::Instrument;

/// Call-backs that may be open at once, over all clients.
const OPEN_MAX: usize = 2_048;
/// Before a refused connection is tried once more (spec 7.4: within five seconds).
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// Connections in a row that time out before a client is taken for gone (spec 7.4).
const TIMEOUTS_MAX: u8 = 3;
/// Clients that are remembered for having timed out.
const TIMED_OUT_MAX: usize = 20_000;

/// Who is told that a client cannot be reached any more.
#[async_trait]
pub(crate) trait Lost: Send + Sync + 'static {
    /// Tells the home of the login's person.
    async fn call_back_lost(&self, principal: &Principal, login: SubscriptionId);
}

/// All queues of a router. Cloning copies a pointer.
#[derive(Clone)]
pub(crate) struct Queues {
    inner: Arc<Inner>,
}

struct Inner {
    network: Arc<dyn Network>,
    lost: Arc<dyn Lost>,
    metrics: Metrics,
    tasks: Tasks,
    open: Semaphore,
    state: Mutex<State>,
    taken: Taken,
}

#[derive(Default)]
struct State {
    queues: HashMap<Listener, Queued>,
    timeouts: HashMap<Listener, u8>,
}

/// Whose client, and where it listens.
type Listener = (Principal, ClientUrl);

/// What waits for a client, and the login by which it was reached last.
struct Queued {
    login: SubscriptionId,
    queue: Queue,
}

impl Queues {
    pub(crate) fn new(
        network: Arc<dyn Network>,
        lost: Arc<dyn Lost>,
        metrics: Metrics,
        tasks: Tasks,
    ) -> Self {
        let (open, state) = (Semaphore::new(OPEN_MAX), Mutex::default());
        Self {
            inner: Arc::new(Inner {
                network,
                lost,
                metrics,
                tasks,
                open,
                state,
                taken: Taken::default(),
            }),
        }
    }

    /// Hands a message to its client, after what waits for it already, and says what became of it.
    pub(crate) async fn message(&self, message: DeliverMessage) -> Outcome {
        let (outcome, told) = oneshot::channel();
        let login = message.login.clone();
        let Reach::CallBack(url) = login.reach else {
            return Outcome::Unreachable;
        };
        let trace = daemon::trace::current();
        self.put((login.principal, url), login.login, |queue| {
            queue.put_message(Message {
                message,
                trace,
                outcome,
            })
        });
        // Where nobody says, the client may have taken it.
        told.await.unwrap_or(Outcome::Expired)
    }

    /// What clients have taken a moment ago, by whichever way they were reached.
    pub(crate) fn taken(&self) -> Taken {
        self.inner.taken.clone()
    }

    /// Whether a client of the person has taken a message: known when it has no client at this moment.
    pub(crate) async fn probe(&self, message: &DeliverMessage) -> Outcome {
        if self.inner.taken.settled(self.inner.taken.mark(message)).await {
            Outcome::Taken
        } else {
            Outcome::Rejected
        }
    }

    /// Queues a change for these clients.
    pub(crate) fn change(&self, news: &Arc<News>, clients: Vec<ClientLogin>) {
        for client in clients {
            if let Reach::CallBack(url) = client.reach {
                self.put((client.principal, url), client.login, |queue| {
                    queue.put_change(Arc::clone(news));
                });
            }
        }
    }

    fn put(&self, listener: Listener, login: SubscriptionId, put: impl FnOnce(&mut Queue)) {
        let begins = {
            let mut state = self.state();
            let mut begins = false;
            let queued = state.queues.entry(listener.clone()).or_insert_with(|| {
                begins = true;
                Queued {
                    login,
                    queue: Queue::default(),
                }
            });
            queued.login = login;
            put(&mut queued.queue);
            begins.then_some(listener)
        };
        if let Some(listener) = begins {
            let queues = self.clone();
            self.inner.tasks.spawn("call-back", OnError::Log, async move {
                queues.empty(&listener).await;
                Ok(())
            });
        }
    }

    async fn empty(&self, listener: &Listener) {
        while let Some((login, item)) = self.take(listener) {
            // Nobody waits for it any more: its sender was told that it is not delivered.
            if matches!(&item, Item::Message(message) if message.outcome.is_closed()) {
                continue;
            }
            let mark = match &item {
                Item::Message(message) => Some(self.inner.taken.mark(&message.message)),
                Item::Change(_) => None,
            };
            let item = match item {
                Item::Message(message) if mark.is_some_and(|mark| self.inner.taken.knows(mark)) => {
                    let _ = message.outcome.send(Outcome::Taken);
                    continue;
                }
                other @ (Item::Message(_) | Item::Change(_)) => other,
            };
            let in_hand = mark.and_then(|mark| self.inner.taken.begin(mark));
            let posted = self.post((listener, login), &item).await;
            let gone = self.is_gone(listener, posted);
            self.inner.metrics.call_back(label(posted));
            match item {
                Item::Message(message) => {
                    let outcome = outcome(posted);
                    if outcome == Outcome::Taken
                        && let Some(mark) = mark
                    {
                        self.inner.taken.put(mark);
                    }
                    // Whoever sent it may have given up.
                    let _ = message.outcome.send(outcome);
                }
                // It is not known whether the client is there: until that is decided, what is newest waits.
                Item::Change(news) if posted == Posted::NotConnected && !gone => {
                    self.put_back(listener, news).await;
                }
                Item::Change(_) => {}
            }
            drop(in_hand);
            if gone {
                let left = self.state().queues.remove(listener);
                left.map(|left| left.queue).unwrap_or_default().give_up();
                self.inner.lost.call_back_lost(&listener.0, login).await;
                return;
            }
        }
    }

    async fn put_back(&self, listener: &Listener, news: Arc<News>) {
        if let Some(queued) = self.state().queues.get_mut(listener) {
            queued.queue.put_change(news);
        }
        let cancelled = self.inner.tasks.cancelled();
        let _ = tokio::time::timeout(RETRY_AFTER, cancelled.cancelled()).await;
    }

    /// The next item. None when nothing waits: then the queue is gone, and nobody empties it.
    fn take(&self, listener: &Listener) -> Option<(SubscriptionId, Item)> {
        let mut state = self.state();
        let queued = state.queues.get_mut(listener)?;
        let Some(item) = queued.queue.next() else {
            state.queues.remove(listener);
            return None;
        };
        let login = match &item {
            Item::Message(message) => message.message.login.login,
            Item::Change(_) => queued.login,
        };
        Some((login, item))
    }

    async fn post(&self, ((principal, url), login): (&Listener, SubscriptionId), item: &Item) -> Posted {
        let span = tracing::debug_span!("notify.deliver");
        if let Item::Message(message) = item {
            daemon::trace::set_parent(&span, message.trace.as_deref());
        }
        async {
            let _permit = self.inner.open.acquire().await;
            let _counted = self.inner.metrics.call_back_open();
            let request = || item.request(url, principal, login);
            let posted = post(self.inner.network.as_ref(), url, request()).await;
            if posted != Posted::Refused {
                return posted;
            }
            let cancelled = self.inner.tasks.cancelled();
            let _ = tokio::time::timeout(RETRY_AFTER, cancelled.cancelled()).await;
            post(self.inner.network.as_ref(), url, request()).await
        }
        .instrument(span)
        .await
    }

    /// Whether the client is taken for gone: nobody listens, or it has not been reached several times.
    fn is_gone(&self, listener: &Listener, posted: Posted) -> bool {
        let mut state = self.state();
        match posted {
            Posted::Refused => {
                state.timeouts.remove(listener);
                true
            }
            Posted::NotConnected => {
                if state.timeouts.len() >= TIMED_OUT_MAX && !state.timeouts.contains_key(listener) {
                    return false;
                }
                let timeouts = state.timeouts.entry(listener.clone()).or_default();
                *timeouts += 1;
                let gone = *timeouts >= TIMEOUTS_MAX;
                if gone {
                    state.timeouts.remove(listener);
                }
                gone
            }
            Posted::Answered(_) | Posted::NoAnswer => {
                state.timeouts.remove(listener);
                false
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a client's answer means for the sender (spec 7.3).
fn outcome(posted: Posted) -> Outcome {
    match posted {
        Posted::Answered(status) if status.is_success() => Outcome::Taken,
        Posted::Answered(http::StatusCode::INTERNAL_SERVER_ERROR) => Outcome::Left,
        Posted::Answered(_) => Outcome::Rejected,
        Posted::NoAnswer => Outcome::Expired,
        Posted::Refused | Posted::NotConnected => Outcome::Unreachable,
    }
}

fn label(posted: Posted) -> &'static str {
    match posted {
        Posted::Answered(status) if status.is_success() => "taken",
        Posted::Answered(_) => "rejected",
        Posted::Refused => "refused",
        Posted::NotConnected => "not_connected",
        Posted::NoAnswer => "no_answer",
    }
}
