//! The loop that owns some slots' presentities: take an event, apply it, carry out the effects.
//!
//! Nothing else touches a presentity, so there are no locks. What takes time (the store, other processes)
//! runs beside the loop and comes back as an event.

mod doing;

use crate::command::{Applied, Command, DeliveryId, Effect, Verdict};
use crate::delivery::Delivery;
use crate::expiry::Expiry;
use crate::ids::Ids;
use crate::metrics::Metrics;
use crate::presentity::Presentity;
use crate::shards::{Ask, ReplyTo, RequestAsk};
use daemon::Clock;
use doing::{Doing, Done};
use membership::Slot;
use proto::{Answer, Change, Proof, Refusal};
use rvp::{Fault, Principal, Reply, SubscriptionId};
use std::collections::HashMap;
use std::sync::Arc;
use store::{AccountChange, Durable, Store, Write, Writer};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// Questions about one principal that may wait until the store has said whether there is such a person.
const WAITING_FOR_STORE_MAX: usize = 64;

/// What a shard is made of.
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) writer: Writer,
    pub(crate) delivery: Delivery,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
    pub(crate) seed: u64,
}

/// Some slots' presentities, and what is under way for them.
pub(crate) struct Shard {
    parts: Parts,
    mailbox: mpsc::Receiver<Ask>,
    ids: Ids,
    presentities: HashMap<Principal, Presentity>,
    /// People who are another home's now, for as long as messages to them are on their way: their senders are
    /// answered from here.
    leaving: HashMap<Principal, Presentity>,
    expiry: Expiry,
    doing: Doing,
    /// Senders who wait for clients to acknowledge.
    senders: HashMap<(Principal, DeliveryId), ReplyTo>,
    /// Questions about people of whom the store is being asked.
    waiting: HashMap<Principal, Vec<Ask>>,
}

impl Shard {
    pub(crate) fn new(parts: Parts, mailbox: mpsc::Receiver<Ask>) -> Self {
        Self {
            ids: Ids::from_seed(parts.seed),
            parts,
            mailbox,
            presentities: HashMap::new(),
            leaving: HashMap::new(),
            expiry: Expiry::default(),
            doing: Doing::default(),
            senders: HashMap::new(),
            waiting: HashMap::new(),
        }
    }

    /// Runs until cancelled; then what is under way is finished, and nothing new is taken.
    pub(crate) async fn run(mut self, cancelled: CancellationToken) {
        let clock = Arc::clone(&self.parts.clock);
        loop {
            let next = self.expiry.next();
            let due = async {
                match next {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = cancelled.cancelled() => break,
                Some(done) = self.doing.next() => self.done(done),
                Some(ask) = self.mailbox.recv() => self.ask(ask),
                () = due => self.lapse(),
                else => break,
            }
        }
        self.mailbox.close();
        while let Some(done) = self.doing.next().await {
            self.done(done);
        }
    }

    fn ask(&mut self, ask: Ask) {
        match ask {
            Ask::Request(request) => self.request(request),
            Ask::Authenticate {
                principal,
                proof,
                reply,
            } => self.authenticate(principal, proof, reply),
            Ask::SpreadChange { change, watchers } => {
                for watcher in watchers {
                    self.watched(watcher, change.clone());
                }
            }
            Ask::CallBackLost { principal, login } => self.call_back_lost(principal, login),
            Ask::Accounts(changes) => self.accounts(changes),
            Ask::Load(durables) => durables.into_iter().for_each(|durable| self.load(durable)),
            Ask::Release { ours, settled } => self.release(&ours, settled),
        }
    }

    fn request(&mut self, ask: Box<RequestAsk>) {
        if !self.presentities.contains_key(&ask.target) {
            let target = ask.target.clone();
            return self.wait_for_store(target, Ask::Request(ask));
        }
        let RequestAsk {
            target,
            caller,
            router,
            method,
            span,
            reply,
        } = *ask;
        let _entered = span.entered();
        let name = method.name();
        let command = Command::Request {
            caller,
            router,
            method,
        };
        let Some((verdict, effects)) = self.apply(&target, command) else {
            return;
        };
        match verdict {
            Verdict::Now(answer) => {
                self.parts.metrics.request(name, answer.as_ref().err().copied());
                self.carry_out(&target, effects, Some((reply, answer)));
            }
            Verdict::Later(delivery) => {
                self.senders.insert((target.clone(), delivery), reply);
                self.carry_out(&target, effects, None);
            }
            Verdict::Nothing => self.carry_out(&target, effects, None),
        }
    }

    /// A watcher who is not here yet, because the slot has just become ours, must not miss the change.
    fn watched(&mut self, watcher: Principal, change: Change) {
        if self.presentities.contains_key(&watcher) {
            self.command(&watcher, Command::Change(change));
        } else {
            let watchers = vec![watcher.clone()];
            self.wait_for_store(watcher, Ask::SpreadChange { change, watchers });
        }
    }

    fn call_back_lost(&mut self, principal: Principal, login: SubscriptionId) {
        if self.presentities.contains_key(&principal) {
            self.command(&principal, Command::CallBackLost(login));
        } else {
            self.wait_for_store(principal.clone(), Ask::CallBackLost { principal, login });
        }
    }

    fn authenticate(&mut self, principal: Principal, proof: Proof, reply: ReplyTo) {
        let Some(presentity) = self.presentities.get(&principal) else {
            let target = principal.clone();
            return self.wait_for_store(
                target,
                Ask::Authenticate {
                    principal,
                    proof,
                    reply,
                },
            );
        };
        let verified = crate::authenticate::verify(presentity.account(), &proof);
        self.parts.metrics.authentication(verified.is_ok());
        let answer = verified.map(Answer::Authenticated).map_err(|rejected| {
            tracing::info!(reason = %rejected, "credentials rejected");
            Refusal::Fault(Fault::Unauthenticated)
        });
        // The router may have given up.
        let _ = reply.send(answer);
    }

    /// A command that nobody waits for.
    fn command(&mut self, principal: &Principal, command: Command) {
        if let Some((_, effects)) = self.apply(principal, command) {
            self.carry_out(principal, effects, None);
        }
    }

    fn apply(&mut self, principal: &Principal, command: Command) -> Option<(Verdict, Vec<Effect>)> {
        let presentity = self.presentities.get_mut(principal)?;
        let before = (presentity.is_logged_on(), presentity.watchers_len());
        let Applied { verdict, effects } = presentity.apply(self.parts.clock.now(), &mut self.ids, command);
        self.parts
            .metrics
            .moved(before, (presentity.is_logged_on(), presentity.watchers_len()));
        Some((verdict, effects))
    }

    /// Does what the core wants done. An answer waits until what is to be durable is durable.
    fn carry_out(
        &mut self,
        principal: &Principal,
        effects: Vec<Effect>,
        answer: Option<(ReplyTo, Result<Reply, Fault>)>,
    ) {
        let mut writes = Vec::new();
        for effect in effects {
            match effect {
                Effect::Persist(change) => {
                    let slot = Slot::of(principal).number();
                    writes.push(Write {
                        principal: principal.clone(),
                        slot,
                        change,
                    });
                }
                Effect::Spread(change, watchers) => self.parts.delivery.spread(&change, watchers),
                Effect::DeliverMessage(id, router, message) => {
                    let delivery = self.parts.delivery.clone();
                    let principal = principal.clone();
                    let handed_on = async move {
                        let outcome = delivery.message(&router, message).await;
                        Done::Delivered {
                            principal,
                            delivery: id,
                            outcome,
                        }
                    };
                    self.doing.push(handed_on.in_current_span());
                }
                Effect::DeliverChange(router, change, client) => {
                    self.parts.delivery.change(&router, &change, client);
                }
                Effect::Answer(id, result) => {
                    self.parts
                        .metrics
                        .request("NOTIFY", result.as_ref().err().copied());
                    if let Some(reply) = self.senders.remove(&(principal.clone(), id)) {
                        send(reply, result);
                    }
                }
                Effect::WakeAt(at) => self.expiry.wake_at(at, principal),
            }
        }
        if writes.is_empty() {
            if let Some((reply, result)) = answer {
                send(reply, result);
            }
            return;
        }
        let committed = self.parts.writer.submit(writes);
        self.doing.push(async move {
            Done::Committed {
                result: committed.await,
                answer,
            }
        });
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Committed { result, answer } => {
                let refused = result.err();
                if let Some(error) = &refused {
                    let error: &dyn std::error::Error = error;
                    tracing::error!(error, "state is not durable");
                }
                if let Some((reply, answer)) = answer {
                    send(
                        reply,
                        if refused.is_some() {
                            Err(Fault::Unavailable)
                        } else {
                            answer
                        },
                    );
                }
            }
            Done::Delivered {
                principal,
                delivery,
                outcome,
            } => {
                self.parts.metrics.delivered(outcome);
                self.outcome(&principal, Command::Outcome { delivery, outcome });
            }
            Done::Settled { result, settled } => match result {
                // Whoever asked may have given up.
                Ok(()) => drop(settled.send(())),
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(error, "state of people who leave is not durable");
                }
            },
            Done::Loaded { principal, result } => self.loaded(&principal, result),
        }
    }

    /// Keeps a question until the store has said whether there is such a person: an account that was
    /// made a moment ago must be able to log on.
    fn wait_for_store(&mut self, principal: Principal, ask: Ask) {
        let waiting = self.waiting.entry(principal.clone()).or_default();
        if waiting.len() >= WAITING_FOR_STORE_MAX {
            return refuse(ask, Fault::Busy);
        }
        waiting.push(ask);
        if waiting.len() == 1 {
            self.parts.metrics.account_read();
            let store = Arc::clone(&self.parts.store);
            self.doing.push(async move {
                let result = store.load_one(&principal).await;
                Done::Loaded { principal, result }
            });
        }
    }

    fn loaded(&mut self, principal: &Principal, result: Result<Option<Durable>, store::Error>) {
        let fault = match result {
            Ok(Some(durable)) => {
                self.load(durable);
                None
            }
            Ok(None) => Some(Fault::NoSuchPrincipal),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "the store cannot be read");
                Some(Fault::Unavailable)
            }
        };
        for ask in self.waiting.remove(principal).unwrap_or_default() {
            match fault {
                None => self.ask(ask),
                Some(fault) => refuse(ask, fault),
            }
        }
    }

    /// Takes a presentity in, unless it is here already, and ends at once what has ended meanwhile.
    fn load(&mut self, durable: Durable) {
        let principal = durable.account.principal.clone();
        if self.presentities.contains_key(&principal) {
            return;
        }
        let mut presentity = Presentity::load(durable);
        if let Some(former) = self.leaving.remove(&principal) {
            presentity.adopt_deliveries(former);
        }
        let now = (presentity.is_logged_on(), presentity.watchers_len());
        self.parts.metrics.moved((false, 0), now);
        self.presentities.insert(principal.clone(), presentity);
        self.command(&principal, Command::Lapse);
    }

    fn lapse(&mut self) {
        let now = self.parts.clock.now();
        while let Some(principal) = self.expiry.take_due(now) {
            self.command(&principal, Command::Lapse);
        }
    }

    fn accounts(&mut self, changes: Vec<AccountChange>) {
        for change in changes {
            match change {
                AccountChange::Put(account) => {
                    let principal = account.principal.clone();
                    self.command(&principal, Command::Account(account));
                }
                AccountChange::Removed(principal) => {
                    if let Some(account) = self.presentities.get(&principal).map(|p| p.account().clone()) {
                        // As if disabled first, so that watchers see the person go.
                        let gone = store::Account {
                            disabled: true,
                            ..account
                        };
                        self.command(&principal, Command::Account(Box::new(gone)));
                        self.forget(&principal);
                    }
                }
            }
        }
    }

    /// Forgets the people of slots that are another home's, and says so when what was changed of them is
    /// durable: writes are made in order, so that an empty one is durable last.
    fn release(&mut self, ours: &[bool], settled: oneshot::Sender<()>) {
        let mut lost: Vec<Principal> = self
            .presentities
            .keys()
            .filter(|principal| !ours[usize::from(Slot::of(principal).number())])
            .cloned()
            .collect();
        lost.sort_unstable();
        for principal in lost {
            self.forget(&principal);
        }
        let durable = self.parts.writer.submit(Vec::new());
        self.doing.push(async move {
            Done::Settled {
                result: durable.await,
                settled,
            }
        });
    }

    fn forget(&mut self, principal: &Principal) {
        if let Some(presentity) = self.presentities.remove(principal) {
            let before = (presentity.is_logged_on(), presentity.watchers_len());
            self.parts.metrics.moved(before, (false, 0));
            self.expiry.forget(principal);
            if presentity.awaits_clients() {
                self.leaving.insert(principal.clone(), presentity);
            }
        }
    }

    /// What became of a message, also if its recipient is no longer ours.
    fn outcome(&mut self, principal: &Principal, outcome: Command) {
        let Some(leaving) = self.leaving.get_mut(principal) else {
            return self.command(principal, outcome);
        };
        let effects = leaving
            .apply(self.parts.clock.now(), &mut self.ids, outcome)
            .effects;
        if !leaving.awaits_clients() {
            self.leaving.remove(principal);
        }
        self.carry_out(principal, effects, None);
    }
}

fn send(reply: ReplyTo, result: Result<Reply, Fault>) {
    // Whoever asked may have given up.
    let _ = reply.send(result.map(Answer::Reply).map_err(Refusal::Fault));
}

fn refuse(ask: Ask, fault: Fault) {
    let fault = Err(Refusal::Fault(fault));
    match ask {
        // Who claims to be somebody who is not here is asked for proof, as a wrong password would be: a client
        // whose log-on is answered 404 hangs (spec 3.2).
        Ask::Request(request) if request.caller.identity.person() == Some(&request.target) => {
            drop(request.reply.send(hide_nobody(fault)));
        }
        Ask::Request(request) => drop(request.reply.send(fault)),
        // Somebody who is not here is told the same as somebody with a wrong password.
        Ask::Authenticate { reply, .. } => drop(reply.send(hide_nobody(fault))),
        Ask::SpreadChange { .. }
        | Ask::CallBackLost { .. }
        | Ask::Accounts(_)
        | Ask::Load(_)
        | Ask::Release { .. } => {}
    }
}

fn hide_nobody(answer: Result<Answer, Refusal>) -> Result<Answer, Refusal> {
    answer.map_err(|refusal| match refusal {
        Refusal::Fault(Fault::NoSuchPrincipal) => Refusal::Fault(Fault::Unauthenticated),
        other @ (Refusal::Fault(_) | Refusal::Moved { .. }) => other,
    })
}
