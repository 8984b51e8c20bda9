//! Several people who are watched by one question: each is judged alone, and what changes of all of them is made durable
//! together.

use super::Shard;
use super::doing::{Commit, Done};
use super::effects::Begun;
use crate::command::{Command, Effect, Verdict};
use crate::shards::{Ask, WatchAsk, WatchReply};
use proto::{Refusal, ToWatch, WatchAnswer, Watching};
use rvp::method::{Propfind, Subscribe};
use rvp::property::PropertyName;
use rvp::{CallBack, Fault, Method, Principal, Property, Reply, SubscriptionId, SubscriptionKind};

/// Somebody who is watched once that is durable.
pub(super) struct Watch {
    commit: Commit,
    /// The place in the question.
    place: usize,
    answer: WatchAnswer,
}

impl Shard {
    pub(super) fn watch(&mut self, mut ask: WatchAsk) {
        let _entered = ask.span.clone().entered();
        let (mut answered, mut watches, mut submissions) = (Vec::new(), Vec::new(), Vec::new());
        let watcher = ask.caller.identity.person().cloned();
        let watcher = watcher.map(|watcher| self.principals.shared(watcher));
        for (place, person) in std::mem::take(&mut ask.people) {
            if !self.presentities.contains_key(&person.target) {
                let alone = Ask::Watch(Box::new(ask.of(vec![(place, person.clone())])));
                self.wait_for_store(person.target, alone);
                continue;
            }
            let mut effects = Vec::new();
            let answer = self.watch_one((&ask, watcher.as_ref()), &person, &mut effects);
            self.parts
                .metrics
                .request("SUBSCRIBE", answer.as_ref().err().copied());
            let answer = answer.map_err(Refusal::Fault);
            let Begun {
                since,
                changes,
                spreads,
                reads,
            } = self.begin_to_carry_out(&person.target, effects);
            self.read_kept(reads);
            let Some(epoch) = since.filter(|_| !changes.is_empty()) else {
                for spread in self.spreads.follow(&person.target, spreads) {
                    self.spread(&person.target, spread);
                }
                answered.push((place, answer));
                continue;
            };
            let commit = self.begin_commit((&person.target, epoch), &changes, spreads);
            submissions.push(self.writes(&commit, changes));
            watches.push(Watch {
                commit,
                place,
                answer,
            });
        }
        tell(&ask.reply, answered);
        if watches.is_empty() {
            return;
        }
        let (committed, reply) = (self.parts.writer.submit_together(submissions), ask.reply);
        self.doing.push(async move {
            let commits = watches.into_iter().zip(committed.await).collect();
            Done::Watched { commits, reply }
        });
    }

    pub(super) fn watches_committed(
        &mut self,
        commits: Vec<(Watch, Result<(), store::Error>)>,
        reply: &WatchReply,
    ) {
        let mut answered = Vec::with_capacity(commits.len());
        for (watch, result) in commits {
            let refusal = self.ended_commit(&watch.commit, result);
            answered.push((watch.place, refusal.map_or(watch.answer, Err)));
        }
        tell(reply, answered);
    }

    /// Watches by the subscription of before where it is still there, so that nothing new is made.
    fn watch_one(
        &mut self,
        (ask, watcher): (&WatchAsk, Option<&Principal>),
        person: &ToWatch,
        effects: &mut Vec<Effect>,
    ) -> Result<Watching, Fault> {
        if let Some(id) = person.former
            && let Some(properties) = self.watched_before(ask, &person.target, id, effects)
        {
            return Ok(Watching {
                subscription: id,
                properties,
            });
        }
        // Changes are told to people.
        let Some(watcher) = watcher else {
            return Err(Fault::BadRequest);
        };
        let subscribe = Subscribe::New {
            kind: SubscriptionKind::Property,
            call_back: CallBack::Principal(watcher.clone()),
            lifetime: ask.lifetime,
        };
        let reply = self.one(ask, &person.target, Method::Subscribe(subscribe), effects)?;
        let Reply::Subscribed { id, properties, .. } = reply else {
            return Err(Fault::Internal);
        };
        Ok(Watching {
            subscription: id,
            properties: properties.map(|each| each.found).unwrap_or_default(),
        })
    }

    fn watched_before(
        &mut self,
        ask: &WatchAsk,
        target: &Principal,
        id: SubscriptionId,
        effects: &mut Vec<Effect>,
    ) -> Option<Vec<Property>> {
        let refresh = Subscribe::Refresh {
            id,
            lifetime: ask.lifetime,
        };
        self.one(ask, target, Method::Subscribe(refresh), effects).ok()?;
        let names = vec![
            PropertyName::State,
            PropertyName::DisplayName,
            PropertyName::Email,
        ];
        match self.one(ask, target, Method::Propfind(Propfind::Named(names)), effects) {
            Ok(Reply::Properties(properties)) if !properties.found.is_empty() => Some(properties.found),
            Ok(_) | Err(_) => None,
        }
    }

    /// Applies one method of those that are answered at once.
    fn one(
        &mut self,
        ask: &WatchAsk,
        target: &Principal,
        method: Method,
        effects: &mut Vec<Effect>,
    ) -> Result<Reply, Fault> {
        let command = Command::Request {
            router: self
                .router_kept(target, &method)
                .unwrap_or_else(|| ask.router.clone()),
            caller: ask.caller.clone(),
            login: None,
            method,
        };
        let (verdict, more) = self.apply(target, command).ok_or(Fault::Internal)?;
        effects.extend(more);
        match verdict {
            Verdict::Now(answer) => answer,
            Verdict::Later(_) | Verdict::Again(_) | Verdict::Known(_) | Verdict::Nothing => {
                Err(Fault::Internal)
            }
        }
    }
}

fn tell(reply: &WatchReply, answered: Vec<(usize, WatchAnswer)>) {
    if !answered.is_empty() {
        // Whoever asked may have given up.
        let _ = reply.try_send(answered);
    }
}
