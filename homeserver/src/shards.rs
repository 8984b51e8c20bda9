//! The way to a presentity: by its slot to the shard that owns it.

use crate::command::RouterName;
use crate::delivery::Telling;
use membership::Slot;
use proto::{Answer, AskContacts, Asker, Change, Proof, Refusal, ToWatch, WatchAnswer};
use rvp::{AttachmentId, Caller, Fault, Lifetime, Method, Principal, SubscriptionId};
use std::sync::Arc;
use store::{AccountChange, Durable};
use tokio::sync::{mpsc, oneshot};

/// Questions that may wait for one shard. Beyond that callers are told that the server is busy.
pub(crate) const MAILBOX_MAX: usize = 8_192;

/// Who waits for an answer.
pub(crate) type ReplyTo = oneshot::Sender<Result<Answer, Refusal>>;

/// What a shard is asked.
#[derive(Debug)]
pub(crate) enum Ask {
    /// One of RVP's methods.
    Request(Box<RequestAsk>),
    /// Whether credentials are right.
    Authenticate {
        principal: Principal,
        proof: Proof,
        reply: ReplyTo,
    },
    /// Somebody changed; tell these watchers, who are ours.
    SpreadChange {
        change: Arc<Change>,
        watchers: Vec<Principal>,
        tellings: Vec<Telling>,
    },
    /// What is known of somebody, for an operator.
    Explain { principal: Principal, reply: ReplyTo },
    /// A client cannot be reached any more.
    CallBackLost {
        principal: Principal,
        login: SubscriptionId,
    },
    /// What is hashed with somebody's password.
    ScramSalt { principal: Principal, reply: ReplyTo },
    /// A client's connection has ended.
    Detached {
        principal: Principal,
        login: SubscriptionId,
        attachment: AttachmentId,
        stays: Lifetime,
    },
    /// Somebody's contact list is read or changed.
    Contacts(Box<ContactsAsk>),
    /// Somebody watches several people.
    Watch(Box<WatchAsk>),
    /// A router may be gone, and the connections to it.
    RouterLost(RouterName),
    /// Accounts changed in the store.
    Accounts(Vec<AccountChange>),
    /// What the store holds for slots that have become ours, claimed at an epoch.
    Load { durables: Vec<Durable>, epoch: u64 },
    /// Slots that are not served any more: `ours[slot]` says which stay.
    Release {
        ours: Arc<Vec<bool>>,
        settled: oneshot::Sender<()>,
    },
}

/// A request on its way to a shard.
#[derive(Debug)]
pub(crate) struct RequestAsk {
    pub(crate) target: Principal,
    pub(crate) caller: Caller,
    pub(crate) router: RouterName,
    pub(crate) login: Option<SubscriptionId>,
    pub(crate) method: Method,
    /// The span that asks, so that what follows from it belongs to the same trace.
    pub(crate) span: tracing::Span,
    pub(crate) asker: Asker,
    pub(crate) reply: ReplyTo,
}

/// Where it is told what became of those who are to be watched: each once, by the place in the question.
pub(crate) type WatchReply = mpsc::Sender<Vec<(usize, WatchAnswer)>>;

/// People who are to be watched, on their way to a shard.
#[derive(Debug)]
pub(crate) struct WatchAsk {
    pub(crate) people: Vec<(usize, ToWatch)>,
    pub(crate) caller: Caller,
    pub(crate) router: RouterName,
    pub(crate) lifetime: Lifetime,
    /// The span that asks.
    pub(crate) span: tracing::Span,
    /// With room for as many as are asked for.
    pub(crate) reply: WatchReply,
}

impl WatchAsk {
    /// The same question about others.
    pub(crate) fn of(&self, people: Vec<(usize, ToWatch)>) -> Self {
        Self {
            people,
            caller: self.caller.clone(),
            router: self.router.clone(),
            lifetime: self.lifetime,
            span: self.span.clone(),
            reply: self.reply.clone(),
        }
    }

    /// Nobody of them is watched.
    pub(crate) fn refuse(self, fault: Fault) {
        let refused = |(place, _)| (place, Err(Refusal::Fault(fault)));
        // Whoever asked may have given up.
        let _ = self
            .reply
            .try_send(self.people.into_iter().map(refused).collect());
    }
}

/// A question about a contact list on its way to a shard.
#[derive(Debug)]
pub(crate) struct ContactsAsk {
    pub(crate) asked: AskContacts,
    pub(crate) reply: ReplyTo,
}

/// The mailboxes of all shards. Cloning copies pointers.
#[derive(Clone, Debug)]
pub(crate) struct Shards {
    mailboxes: Arc<[mpsc::Sender<Ask>]>,
}

impl Shards {
    /// So many shards, and the ends of their mailboxes.
    pub(crate) fn new(count: usize) -> (Self, Vec<mpsc::Receiver<Ask>>) {
        let (mailboxes, ends): (Vec<_>, Vec<_>) =
            (0..count.max(1)).map(|_| mpsc::channel(MAILBOX_MAX)).unzip();
        (
            Self {
                mailboxes: mailboxes.into(),
            },
            ends,
        )
    }

    fn index(&self, principal: &Principal) -> usize {
        usize::from(Slot::of(principal).number()) % self.mailboxes.len()
    }

    /// Hands a question to the shard of a principal, if there is room.
    pub(crate) fn ask(&self, principal: &Principal, ask: Ask) -> Result<(), Fault> {
        self.mailboxes[self.index(principal)]
            .try_send(ask)
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => Fault::Busy,
                mpsc::error::TrySendError::Closed(_) => Fault::Unavailable,
            })
    }

    /// Hands those who are to be watched to their shards. Where there is no room they are refused.
    pub(crate) fn watch(&self, ask: &WatchAsk, people: Vec<(usize, ToWatch)>) {
        let parts = self.by_shard(people, |(_, person)| &person.target);
        for (shard, part) in parts.into_iter().enumerate().filter(|(_, part)| !part.is_empty()) {
            let ask = Ask::Watch(Box::new(ask.of(part)));
            let (Ask::Watch(refused), fault) = (match self.mailboxes[shard].try_send(ask) {
                Ok(()) => continue,
                Err(mpsc::error::TrySendError::Full(ask)) => (ask, Fault::Busy),
                Err(mpsc::error::TrySendError::Closed(ask)) => (ask, Fault::Unavailable),
            }) else {
                continue;
            };
            refused.refuse(fault);
        }
    }

    /// Tells every shard that a router may be gone, at once: what the router says next must not come before it.
    /// Returns the shards that have no room.
    pub(crate) fn router_lost(&self, router: &RouterName) -> Vec<usize> {
        let shards = self.mailboxes.iter().enumerate();
        let full = shards.filter(|(_, mailbox)| mailbox.try_send(Ask::RouterLost(router.clone())).is_err());
        full.map(|(shard, _)| shard).collect()
    }

    /// The same for these, when they have room.
    pub(crate) async fn router_lost_later(&self, router: &RouterName, shards: Vec<usize>) {
        for shard in shards {
            // One that is not there any more has nobody.
            let _ = self.send(shard, Ask::RouterLost(router.clone())).await;
        }
    }

    /// Hands changes, in their order, to the shards of their watchers, and waits until every router that reaches one of
    /// them has them.
    pub(crate) async fn spread(&self, changes: Vec<(Arc<Change>, Vec<Principal>)>) -> Result<(), Fault> {
        let (telling, told) = Telling::new();
        for (change, watchers) in changes {
            let parts = self.by_shard(watchers, |watcher| watcher).into_iter().enumerate();
            for (shard, watchers) in parts.filter(|(_, watchers)| !watchers.is_empty()) {
                let (change, tellings) = (Arc::clone(&change), vec![telling.clone()]);
                let ask = Ask::SpreadChange {
                    change,
                    watchers,
                    tellings,
                };
                self.send(shard, ask).await?;
            }
        }
        drop(telling);
        match told.await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(Fault::Unavailable),
        }
    }

    /// Hands what the store holds to the shards it belongs to.
    pub(crate) async fn load(&self, durables: Vec<Durable>, epoch: u64) -> Result<(), Fault> {
        let parts = self.by_shard(durables, |durable| &durable.account.principal);
        for (shard, part) in parts.into_iter().enumerate() {
            self.send(
                shard,
                Ask::Load {
                    durables: part,
                    epoch,
                },
            )
            .await?;
        }
        Ok(())
    }

    /// Tells the shards of changed accounts.
    pub(crate) async fn accounts(&self, changes: Vec<AccountChange>) -> Result<(), Fault> {
        let parts = self.by_shard(changes, |change| match change {
            AccountChange::Put(account) => &account.principal,
            AccountChange::Removed(principal) => principal,
        });
        for (shard, part) in parts.into_iter().enumerate() {
            if !part.is_empty() {
                self.send(shard, Ask::Accounts(part)).await?;
            }
        }
        Ok(())
    }

    /// Makes every shard forget the people of slots that are not served: `ours[slot]` says which are.
    /// Returns when everything that was changed of them is durable.
    pub(crate) async fn release(&self, ours: Vec<bool>) -> Result<(), Fault> {
        let ours = Arc::new(ours);
        let mut settling = Vec::new();
        for shard in 0..self.mailboxes.len() {
            let (settled, told) = oneshot::channel();
            self.send(
                shard,
                Ask::Release {
                    ours: Arc::clone(&ours),
                    settled,
                },
            )
            .await?;
            settling.push(told);
        }
        for told in settling {
            told.await.map_err(|_| Fault::Unavailable)?;
        }
        Ok(())
    }

    async fn send(&self, shard: usize, ask: Ask) -> Result<(), Fault> {
        self.mailboxes[shard]
            .send(ask)
            .await
            .map_err(|_| Fault::Unavailable)
    }

    fn by_shard<T>(&self, items: Vec<T>, principal: impl Fn(&T) -> &Principal) -> Vec<Vec<T>> {
        let mut parts: Vec<Vec<T>> = self.mailboxes.iter().map(|_| Vec::new()).collect();
        for item in items {
            parts[self.index(principal(&item))].push(item);
        }
        parts
    }
}
