//! Who is watched. One frame may name many people: each is judged alone, waits for what was asked of the same person
//! before, and is asked for together with the others of the same home.

use super::lanes::Asked;
use super::requests::{Asker, Finished, Then, WATCH_LIFETIME, presence};
use super::session::{Session, refused};
use super::translate::why;
use attachment::limits::{PIECE_MAX, WATCH_MANY_MAX, WATCHED_MAX};
use attachment::{ServerFrame, Watch, WatchResult, Watched, Why};
use proto::ToWatch;
use proto::watch::WATCH_MAX;
use rvp::{Fault, Principal, SubscriptionId};
use std::collections::BTreeSet;
use std::sync::Arc;

// All that a frame names may have one home.
const _: () = assert!(WATCH_MANY_MAX <= WATCH_MAX, "one question holds a frame");

/// What a frame asks. Its parts share it: with the last of them it is answered.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Question {
    request: u32,
    /// Whether it is answered as one about many, though it be about one.
    many: bool,
}

impl Question {
    /// Of a frame that names one person.
    pub(super) fn one(request: u32) -> Arc<Self> {
        Arc::new(Self { request, many: false })
    }

    /// Of a frame that names several.
    pub(super) fn many(request: u32) -> Arc<Self> {
        Arc::new(Self { request, many: true })
    }
}

/// A part of a question: one person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Part {
    question: Arc<Question>,
    index: u32,
    /// What the client was told of before.
    subscription: Option<SubscriptionId>,
}

impl Part {
    /// The only one of a question.
    #[cfg(test)]
    pub(super) fn alone(request: u32) -> Self {
        Self {
            question: Question::one(request),
            index: 0,
            subscription: None,
        }
    }
}

/// What became of a part.
pub(super) struct Answered {
    /// Who is not asked for any more; none for who never was.
    person: Option<Principal>,
    part: Part,
    result: Result<(SubscriptionId, WatchResult), (Why, Option<u32>)>,
}

impl Session {
    /// Begins to watch these people, or says why not.
    pub(super) fn begin_to_watch(&mut self, question: Arc<Question>, people: Vec<Watch>) {
        self.lanes.question_begins();
        let (mut begun, mut refused, mut named) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (index, watch) in (0..).zip(people) {
            let part = Part {
                question: Arc::clone(&question),
                index,
                subscription: watch.subscription.and_then(SubscriptionId::new),
            };
            match self.may_watch(&watch, &mut named) {
                Ok(person) => match self.lanes.begin(&person, Asked::Watch(part)) {
                    Some(Asked::Watch(part)) => begun.push((person, part)),
                    // It waits for what was asked of the person before.
                    Some(Asked::Frame(_)) | None => {}
                },
                Err(reason) => {
                    let retry_after = reason.may_pass().then_some(Fault::RETRY_AFTER_SECONDS.into());
                    refused.push(Answered {
                        person: None,
                        part,
                        result: Err((reason, retry_after)),
                    });
                }
            }
        }
        // Else it would seem to have a part more.
        drop(question);
        if !refused.is_empty() {
            self.open.push(Box::pin(std::future::ready(finished(refused))));
        }
        self.ask_to_watch(begun);
    }

    fn may_watch(&self, watch: &Watch, named: &mut BTreeSet<Principal>) -> Result<Principal, Why> {
        watch.check().map_err(|_| Why::Malformed)?;
        let canonical = &self.asker.shared.parts().canonical;
        let person = canonical.address(&watch.who).ok_or(Why::NobodyThere)?;
        if !named.insert(person.clone()) {
            return Err(Why::Malformed);
        }
        let is_one_more = self.watches.get(&person).is_none();
        if is_one_more && self.watches.len() + self.lanes.watches() >= WATCHED_MAX {
            return Err(Why::Busy);
        }
        Ok(person)
    }

    /// Asks each home for its people: one that does not answer keeps nobody else waiting.
    pub(super) fn ask_to_watch(&mut self, people: Vec<(Principal, Part)>) {
        let with_former = people.into_iter().map(|(person, part)| {
            let former = part.subscription.or_else(|| self.watches.get(&person));
            (person, part, former)
        });
        let people: Vec<_> = with_former.collect();
        let homes = self
            .asker
            .shared
            .parts()
            .forward
            .by_home(people, |(person, ..)| person);
        for people in homes {
            let asker = self.asker.clone();
            self.open.push(Box::pin(asker.watch(people)));
        }
    }

    /// What the client is told; what waited is begun.
    pub(super) fn watched(&mut self, answered: Vec<Answered>) -> Vec<ServerFrame> {
        let (mut one, mut many, mut ended, mut number) = (Vec::new(), Vec::new(), None, 0);
        for Answered { person, part, result } in answered {
            if let (Some(person), Ok((id, _))) = (&person, &result) {
                self.is_watched(person, *id);
            }
            if let Some(person) = person {
                let is_own = person == self.asker.me;
                if let Some(asked) = self.lanes.finish_watch(&person, is_own) {
                    self.ask(person, asked);
                }
            }
            let result = match result {
                Ok((_, watching)) => watching,
                Err((why, retry_after)) => WatchResult::Refused { why, retry_after },
            };
            number = part.question.request;
            if part.question.many {
                many.push(Watched {
                    index: part.index,
                    result,
                });
            } else {
                one.push(alone(number, result));
            }
            ended = ended.or_else(|| Arc::into_inner(part.question));
        }
        let pieces = many.chunks(PIECE_MAX).map(|piece| ServerFrame::WatchingMany {
            request: number,
            people: piece.to_vec(),
        });
        let mut frames: Vec<ServerFrame> = pieces.collect();
        frames.append(&mut one);
        if let Some(Question { request, many }) = ended {
            self.lanes.question_ends();
            frames.extend(many.then_some(ServerFrame::Done { request }));
        }
        frames
    }

    fn is_watched(&mut self, person: &Principal, id: SubscriptionId) {
        let person = self.asker.shared.shared(person.clone());
        let former = self.watches.insert(person.clone(), id);
        if let Some(former) = former.filter(|former| *former != id) {
            let asker = self.asker.clone();
            self.open.push(Box::pin(asker.drop_watch(person, former)));
        }
    }
}

impl Asker {
    /// Watches these people, each by a subscription of before where it is still there.
    async fn watch(self, people: Vec<(Principal, Part, Option<SubscriptionId>)>) -> Finished {
        let to_watch = people.iter().map(|(person, _, former)| ToWatch {
            target: person.clone(),
            former: *former,
        });
        let (to_watch, forward) = (to_watch.collect(), &self.shared.parts().forward);
        self.shared.step().await;
        let answers = forward.watch(&self.caller(), WATCH_LIFETIME, to_watch).await;
        self.shared.step().await;
        let each = people.into_iter().zip(answers);
        let answered = each.map(|((person, part, _), answer)| {
            let result = match answer {
                Ok(watching) => {
                    let id = watching.subscription;
                    let presence = presence(&person, &watching.properties);
                    let subscription = id.get();
                    let watching = WatchResult::Watching {
                        subscription,
                        presence,
                    };
                    Ok((id, watching))
                }
                Err(fault) => Err(why(fault)),
            };
            Answered {
                person: Some(person),
                part,
                result,
            }
        });
        finished(answered.collect())
    }
}

fn finished(answered: Vec<Answered>) -> Finished {
    Finished {
        target: None,
        frames: Vec::new(),
        then: Then::Watched(answered),
    }
}

/// The answer to a question about one.
fn alone(request: u32, result: WatchResult) -> ServerFrame {
    match result {
        WatchResult::Watching {
            subscription,
            presence,
        } => ServerFrame::Watching {
            request,
            subscription,
            presence,
        },
        WatchResult::Refused { why, retry_after } => refused(request, why, retry_after),
    }
}
