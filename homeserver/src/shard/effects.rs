//! Does what the core wants done, and takes up what comes of it.

use super::Shard;
use super::doing::{Done, KeptRead};
use super::spreads::Spread;
use crate::command::{Command, DeliveryId, Effect, Ended, Taken};
use crate::shards::ReplyTo;
use proto::{Answer, ClientLogin, DeliverMessage, Detach, Refusal};
use rvp::notification::AckType;
use rvp::{Fault, Principal, Reply};
use std::sync::Arc;
use tracing::Instrument;

/// Effects that are carried out but for what waits for the store.
pub(super) struct Begun {
    /// Since which epoch the person is here.
    pub(super) since: Option<u64>,
    /// What is to be durable.
    pub(super) changes: Vec<store::Change>,
    /// What is told then.
    pub(super) spreads: Vec<Spread>,
    /// What is read then.
    pub(super) reads: Option<KeptRead>,
}

impl Shard {
    /// Does what the core wants done. An answer waits until what is to be durable is durable.
    pub(super) fn carry_out(
        &mut self,
        principal: &Principal,
        effects: Vec<Effect>,
        answer: Option<(ReplyTo, Result<Reply, Fault>)>,
    ) {
        let Begun {
            since,
            changes,
            spreads,
            reads,
        } = self.begin_to_carry_out(principal, effects);
        // Whoever is not here any more changes nothing that must survive.
        let Some(epoch) = since.filter(|_| !changes.is_empty()) else {
            for spread in self.spreads.follow(principal, spreads) {
                self.spread(principal, spread);
            }
            if let Some((reply, result)) = answer {
                send(reply, result.map_err(Refusal::Fault));
            }
            return self.read_kept(reads);
        };
        self.commit((principal, epoch), changes, spreads, (answer, reads));
    }

    /// Does what does not wait for the store, and says what does.
    pub(super) fn begin_to_carry_out(&mut self, principal: &Principal, effects: Vec<Effect>) -> Begun {
        let (mut changes, mut spreads, mut reads) = (Vec::new(), Vec::new(), None);
        let since = self.presentities.get(principal).map(|each| each.epoch());
        for effect in effects {
            match effect {
                Effect::Persist(change) => changes.push(change),
                Effect::Spread(change, watchers) => spreads.push(Spread {
                    change,
                    watchers,
                    epoch: since.unwrap_or(0),
                }),
                Effect::DeliverMessage(id, router, message, taken) => {
                    self.deliver((principal.clone(), id), &router, message, taken);
                }
                Effect::Detach(router, client, why) => self.detach(&router, client, why),
                Effect::Keep(ticket, change) => self.keep(principal, ticket, vec![change]),
                Effect::Archive(ticket, entries) => {
                    let changes = entries.into_iter().map(store::Change::Archive);
                    self.keep(principal, ticket, changes.collect());
                }
                Effect::ReadKept(ticket, after) => {
                    let principal = principal.clone();
                    reads = Some(KeptRead {
                        principal,
                        ticket,
                        after,
                    });
                }
                Effect::KeptEnded(ended) => self.parts.metrics.kept_ended(ended),
                Effect::Ended(id, ended) => self.ended(principal, id, ended),
                Effect::HandedOn(id) => self.answer_senders(principal, id, &Ok(Reply::Notified)),
                Effect::WakeAt(at) => self.expiry.wake_at(at, principal),
            }
        }
        Begun {
            since,
            changes,
            spreads,
            reads,
        }
    }

    pub(super) fn spread(&mut self, principal: &Principal, spread: Spread) {
        let version = spread.change.version;
        let told = self
            .parts
            .delivery
            .spread(&Arc::new(spread.change), spread.watchers, spread.epoch);
        let principal = principal.clone();
        self.doing.push(async move {
            Done::Told {
                principal,
                version,
                everybody: told.await,
            }
        });
    }

    fn detach(&mut self, router: &str, client: ClientLogin, why: Detach) {
        let (delivery, router) = (self.parts.delivery.clone(), router.to_owned());
        self.doing.push(async move {
            delivery.detach(&router, client, why).await;
            Done::Detached
        });
    }

    fn deliver(
        &mut self,
        (principal, id): (Principal, DeliveryId),
        router: &str,
        message: DeliverMessage,
        taken: Taken,
    ) {
        let (delivery, router) = (self.parts.delivery.clone(), router.to_owned());
        // For the other kinds of acknowledgement the core decides: one client may not be enough, or was not asked for.
        let is_enough = message.ack == AckType::DeepOr;
        let waiting = self.senders.get(&(principal.clone(), id)).filter(|_| is_enough);
        let sender = waiting
            .and_then(|waiting| waiting.first())
            .map(|(asker, _)| asker.clone());
        let handed_on = async move {
            let outcome = delivery.message(&router, message, (taken, sender)).await;
            Done::Delivered {
                principal,
                delivery: id,
                outcome,
            }
        };
        self.doing.push(handed_on.in_current_span());
    }

    /// A message has ended: its sender is told, if it still waits.
    fn ended(&mut self, principal: &Principal, id: DeliveryId, ended: Ended) {
        let answer = match ended {
            Ended::Delivered => Ok(Reply::Notified),
            Ended::Stored => Ok(Reply::Stored),
            Ended::Refused(fault) | Ended::Expired(fault) => Err(Refusal::Fault(fault)),
            Ended::Moved => Err(Refusal::Moved {
                epoch: self.parts.delivery.epoch(),
            }),
        };
        self.answer_senders(principal, id, &answer);
    }

    fn answer_senders(&mut self, principal: &Principal, id: DeliveryId, answer: &Result<Reply, Refusal>) {
        let Some(waiting) = self.senders.remove(&(principal.clone(), id)) else {
            return;
        };
        let fault = match &answer {
            Err(Refusal::Fault(fault)) => Some(*fault),
            Err(Refusal::Moved { .. }) => Some(Fault::Unavailable),
            Ok(_) => None,
        };
        for (_, reply) in waiting {
            self.parts.metrics.request("NOTIFY", fault);
            send(reply, answer.clone());
        }
    }

    pub(super) fn done(&mut self, done: Done) {
        match done {
            Done::Committed {
                commit,
                result,
                answer,
                reads,
            } => {
                self.committed(&commit, result, answer);
                self.read_kept(reads);
            }
            Done::Watched { commits, reply } => self.watches_committed(commits, &reply),
            Done::Written {
                principal,
                claim,
                ticket,
                result,
            } => self.written(&principal, claim, ticket, result),
            Done::Read {
                principal,
                ticket,
                result,
            } => self.has_read(&principal, ticket, result),
            Done::Delivered {
                principal,
                delivery,
                outcome,
            } => {
                self.parts.metrics.delivered(outcome);
                self.outcome(&principal, Command::Outcome { delivery, outcome });
            }
            Done::Told {
                principal,
                version,
                everybody,
            } => self.command(&principal, Command::Told { version, everybody }),
            Done::Settled { result, settled } => match result {
                // Whoever asked may have given up.
                Ok(()) => drop(settled.send(())),
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(error, "state of people who leave is not durable");
                }
            },
            Done::Loaded { people, result } => self.loaded(people, result),
            Done::Contacts { ask, epoch, listed } => self.contacts_listed(*ask, epoch, listed),
            Done::ContactsTold(principal) => self.next_contacts(&principal),
            Done::Detached => {}
            Done::SaveAgain => self.save_again(),
        }
    }
}

pub(super) fn send(reply: ReplyTo, result: Result<Reply, Refusal>) {
    // Whoever asked may have given up.
    let _ = reply.send(result.map(Answer::Reply));
}
