//! People who are watched, several in one question.

use super::identity::{principal, url};
use super::subscription::{id, id_or_zero, optional_id};
use super::{Error, at_most, enumerated, every, messages, required};
use crate::v1;
use crate::v1::watch_answer::Result as Wire;
use crate::watch::{AskWatch, ToWatch, WATCH_MAX, WatchAnswer, Watching};
use rvp::{Caller, Lifetime};

impl From<AskWatch> for v1::Watch {
    fn from(asked: AskWatch) -> Self {
        Self {
            caller: Some(asked.caller.identity.into()),
            credential: v1::Credential::from(asked.caller.credential).into(),
            lifetime_seconds: asked.lifetime.0,
            people: messages(asked.people),
        }
    }
}

impl TryFrom<v1::Watch> for AskWatch {
    type Error = Error;

    fn try_from(message: v1::Watch) -> Result<Self, Error> {
        Ok(Self {
            caller: Caller {
                identity: required("Watch.caller", message.caller)?,
                credential: enumerated::<v1::Credential, _>("Watch.credential", message.credential)?,
            },
            lifetime: Lifetime(message.lifetime_seconds),
            people: at_most("Watch.people", WATCH_MAX, message.people)?,
        })
    }
}

impl From<ToWatch> for v1::ToWatch {
    fn from(person: ToWatch) -> Self {
        Self {
            target: url(&person.target),
            former: id_or_zero(person.former),
        }
    }
}

impl TryFrom<v1::ToWatch> for ToWatch {
    type Error = Error;

    fn try_from(message: v1::ToWatch) -> Result<Self, Error> {
        Ok(Self {
            target: principal("ToWatch.target", &message.target)?,
            former: optional_id("ToWatch.former", message.former)?,
        })
    }
}

/// The message of what became of each.
pub(super) fn answers(people: Vec<WatchAnswer>) -> v1::WatchAnswers {
    let answer = |answer: WatchAnswer| v1::WatchAnswer {
        result: Some(match answer {
            Ok(watching) => Wire::Watching(v1::Watching {
                subscription: watching.subscription.get(),
                properties: messages(watching.properties),
            }),
            Err(refusal) => Wire::Refusal(refusal.into()),
        }),
    };
    v1::WatchAnswers {
        people: people.into_iter().map(answer).collect(),
    }
}

/// What became of each, of a message.
pub(super) fn answers_of(message: v1::WatchAnswers) -> Result<Vec<WatchAnswer>, Error> {
    if message.people.len() > WATCH_MAX {
        return Err(Error::OutOfRange("WatchAnswers.people"));
    }
    message.people.into_iter().map(answer_of).collect()
}

fn answer_of(message: v1::WatchAnswer) -> Result<WatchAnswer, Error> {
    Ok(
        match message.result.ok_or(Error::Missing("WatchAnswer.result"))? {
            Wire::Watching(watching) => Ok(Watching {
                subscription: id("Watching.subscription", watching.subscription)?,
                properties: every(watching.properties)?,
            }),
            Wire::Refusal(refusal) => Err(refusal.try_into()?),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::{Answer, Call, Op};
    use crate::{convert, v1};
    use std::time::Duration;

    fn asked(people: usize) -> Result<Call, Error> {
        let alice = rvp::Principal::from_address("alice@im.example.com").unwrap();
        let call = Call {
            deadline: Duration::from_secs(1),
            epoch: 1,
            trace: None,
            op: Op::Watch(AskWatch {
                caller: Caller {
                    identity: rvp::Identity::Person(alice.clone()),
                    credential: rvp::Credential::Digest,
                },
                lifetime: Lifetime(60),
                people: vec![
                    ToWatch {
                        target: alice,
                        former: None
                    };
                    people
                ],
            }),
        };
        convert::call_from_wire(convert::call_to_wire(call))
    }

    #[test]
    fn so_many_are_asked_for_at_once_and_no_more() {
        assert!(asked(WATCH_MAX).is_ok());
        assert_eq!(asked(WATCH_MAX + 1), Err(Error::OutOfRange("Watch.people")));
    }

    #[test]
    fn an_answer_without_a_result_and_too_many_answers_are_refused() {
        let of = |people| {
            convert::answer_from_wire(v1::Answer {
                result: Some(v1::answer::Result::Watching(v1::WatchAnswers { people })),
            })
        };
        let none = v1::WatchAnswer { result: None };
        assert_eq!(of(vec![none.clone()]), Err(Error::Missing("WatchAnswer.result")));
        assert_eq!(
            of(vec![none; WATCH_MAX + 1]),
            Err(Error::OutOfRange("WatchAnswers.people"))
        );
        assert_eq!(of(Vec::new()), Ok(Ok(Answer::Watching(Vec::new()))));
    }
}
