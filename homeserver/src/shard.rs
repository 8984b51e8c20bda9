//! The loop that owns some slots' presentities: take an event, apply it, carry out the effects.
//!
//! Nothing else touches a presentity, so there are no locks. What takes time (the store, other processes)
//! runs beside the loop and comes back as an event.

mod changes;
mod commits;
mod contacts;
mod doing;
mod effects;
mod kept;
mod reads;
mod requests;
mod residents;
mod spreads;
mod unsaved;
mod watches;

pub(crate) use requests::is_log_on;

use crate::census::{Census, Counted};
use crate::command::{Command, DeliveryId, Effect, Ended, Verdict};
use crate::delivery::Delivery;
use crate::expiry::Expiry;
use crate::ids::Ids;
use crate::ledger::{Entry, Ledger};
use crate::metrics::Metrics;
use crate::presentity::Presentity;
use crate::served::Served;
use crate::shards::{Ask, ContactsAsk, ReplyTo};
use crate::{Archives, Offline};
use daemon::Clock;
use doing::Doing;
use futures_util::future::BoxFuture;
use membership::Slot;
use proto::Asker;
use reads::Reads;
use rvp::{Principal, Principals};
use spreads::Spreads;
use std::collections::{HashMap, VecDeque};
use std::pin::pin;
use std::sync::Arc;
use std::time::SystemTime;
use store::{Store, Writer};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use unsaved::Unsaved;

/// What a shard is made of.
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) writer: Writer,
    pub(crate) delivery: Delivery,
    pub(crate) served: Served,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
    pub(crate) census: Census,
    pub(crate) ledger: Ledger,
    pub(crate) offline: Arc<Offline>,
    /// What is archived, if anything is.
    pub(crate) archives: Option<Arc<Archives>>,
    pub(crate) seed: u64,
}

/// Some slots' presentities, and what is under way for them.
pub(crate) struct Shard {
    parts: Parts,
    mailbox: mpsc::Receiver<Ask>,
    ids: Ids,
    /// Boxed, so that the room that a map keeps for more is small; and found by a quick hash, since each of hundreds is
    /// looked for who is told of one change. Who is here is in the store: nobody can choose names that fall together.
    presentities: foldhash::HashMap<Principal, Box<Presentity>>,
    /// The addresses of those who are here and of their watchers, who are often the same.
    principals: Principals,
    /// People who are another home's now, for as long as messages to them are on their way: their senders are
    /// answered from here.
    leaving: HashMap<Principal, Box<Presentity>>,
    expiry: Expiry,
    doing: Doing,
    /// Changes that are told once they are durable.
    spreads: Spreads,
    /// What could not be made durable yet.
    unsaved: Unsaved,
    /// Senders who wait for clients to acknowledge.
    senders: foldhash::HashMap<(Principal, DeliveryId), Vec<(Asker, ReplyTo)>>,
    /// Questions about people of whom the store is being asked.
    waiting: HashMap<Principal, Vec<Ask>>,
    reads: Reads,
    /// People about whose contact list one question is under way, and those that wait for it.
    contacts: HashMap<Principal, VecDeque<Box<ContactsAsk>>>,
}

impl Shard {
    pub(crate) fn new(parts: Parts, mailbox: mpsc::Receiver<Ask>) -> Self {
        Self {
            ids: Ids::from_seed(parts.seed),
            parts,
            mailbox,
            presentities: foldhash::HashMap::default(),
            principals: Principals::default(),
            leaving: HashMap::new(),
            expiry: Expiry::default(),
            doing: Doing::default(),
            spreads: Spreads::default(),
            unsaved: Unsaved::default(),
            senders: foldhash::HashMap::default(),
            waiting: HashMap::new(),
            reads: Reads::default(),
            contacts: HashMap::new(),
        }
    }

    /// Runs until cancelled; then what is under way is finished, and nothing new is taken.
    pub(crate) async fn run(mut self, cancelled: CancellationToken) {
        let clock = Arc::clone(&self.parts.clock);
        let mut cancelled = pin!(cancelled.cancelled());
        // Both are kept, so that nothing is registered anew for each event.
        let (mut next, mut due) = (None, at(&*clock, None));
        loop {
            if next != self.expiry.next() {
                next = self.expiry.next();
                due = at(&*clock, next);
            }
            tokio::select! {
                () = &mut cancelled => break,
                Some(done) = self.doing.next() => self.done(done),
                Some(ask) = self.mailbox.recv() => self.ask(ask),
                () = &mut due => {
                    (next, due) = (None, at(&*clock, None));
                    self.lapse();
                }
                else => break,
            }
        }
        self.mailbox.close();
        while let Some(done) = self.doing.next().await {
            self.done(done);
        }
    }

    /// Does what is asked, or begins to.
    pub(crate) fn ask(&mut self, ask: Ask) {
        match ask {
            Ask::Request(request) => self.request(request),
            Ask::Authenticate {
                principal,
                proof,
                reply,
            } => self.authenticate(principal, proof, reply),
            Ask::Explain { principal, reply } => self.explain(principal, reply),
            Ask::SpreadChange {
                change,
                watchers,
                tellings,
            } => self.changed(&change, watchers, &tellings),
            Ask::CallBackLost { principal, login } => self.call_back_lost(principal, login),
            Ask::ScramSalt { principal, reply } => self.scram_salt(principal, reply),
            Ask::Detached {
                principal,
                login,
                attachment,
                stays,
            } => {
                let detached = Command::Detached {
                    login,
                    attachment,
                    stays,
                };
                // Of somebody who is not here yet the store says nothing of a connection.
                self.command(&principal, detached);
            }
            Ask::Contacts(ask) => self.contacts(ask),
            Ask::Watch(ask) => self.watch(*ask),
            Ask::RouterLost(router) => self.router_lost(&router),
            Ask::Accounts(changes) => self.accounts(changes),
            Ask::Load { durables, epoch } => {
                durables.into_iter().for_each(|durable| self.load(durable, epoch));
            }
            Ask::Release { ours, settled } => self.release(&ours, settled),
        }
    }

    /// A command that nobody waits for.
    fn command(&mut self, principal: &Principal, command: Command) {
        if let Some((_, effects)) = self.apply(principal, command) {
            self.carry_out(principal, effects, None);
        }
    }

    fn apply(&mut self, principal: &Principal, command: Command) -> Option<(Verdict, Vec<Effect>)> {
        self.apply_from(None, principal, command)
    }

    /// Applies a command to somebody who counted for that much before, if that is to be another than it is.
    fn apply_from(
        &mut self,
        before: Option<Counted>,
        principal: &Principal,
        command: Command,
    ) -> Option<(Verdict, Vec<Effect>)> {
        let now = self.parts.clock.now();
        let presentity = self.presentities.get_mut(principal)?;
        let before = before.unwrap_or_else(|| counted(presentity));
        let is_message = matches!(
            &command,
            Command::Request {
                method: rvp::Method::Notify(_),
                ..
            }
        );
        let (open, kept) = (presentity.in_flight(), presentity.kept_len());
        let applied = presentity.apply(now, &mut self.ids, command);
        let in_flight = difference(open, presentity.in_flight());
        let (kept, after) = (difference(kept, presentity.kept_len()), counted(presentity));
        // Most commands change nothing that is counted.
        if kept != 0 {
            self.parts.metrics.kept_by(kept);
        }
        if after != before {
            self.parts.census.count(Slot::of(principal), before, after);
        }
        let mut entry = entry(in_flight, &applied.effects);
        if is_message {
            match &applied.verdict {
                Verdict::Now(Ok(_)) | Verdict::Later(_) => entry.accepted = 1,
                Verdict::Now(Err(fault)) => {
                    entry.accepted = 1;
                    entry.ended.push(Ended::Refused(*fault));
                }
                // It was accepted when it came first.
                Verdict::Again(_) | Verdict::Known(_) => self.parts.metrics.repeated(),
                Verdict::Nothing => {}
            }
        }
        self.parts.ledger.enter(&entry);
        Some((applied.verdict, applied.effects))
    }
}

/// When there is something to do, if ever.
fn at(clock: &dyn Clock, next: Option<SystemTime>) -> BoxFuture<'_, ()> {
    match next {
        Some(next) => clock.sleep_until(next),
        None => Box::pin(std::future::pending()),
    }
}

/// What a command did to messages that were open, and what became of them.
fn entry(in_flight: i64, effects: &[Effect]) -> Entry {
    let mut entry = Entry {
        in_flight,
        ..Entry::default()
    };
    for effect in effects {
        if let Effect::Ended(_, ended) = effect {
            entry.ended.push(*ended);
        }
    }
    entry
}

fn difference(before: usize, now: usize) -> i64 {
    let small = |count| i64::try_from(count).unwrap_or(i64::MAX);
    small(now) - small(before)
}

fn counted(presentity: &Presentity) -> Counted {
    Counted {
        online: presentity.is_logged_on(),
        sessions: presentity.sessions(),
        watchers: presentity.watchers_len(),
    }
}
