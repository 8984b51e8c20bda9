//! Answers and refusals: the frame of an answer holds either.

use super::contacts::{list, list_of};
use super::watch::{answers, answers_of};
use super::{Error, enumerated};
use crate::op::{Answer, Outcome, Refusal};
use crate::v1;
use crate::v1::FaultCode as Code;
use crate::v1::answer::Result as Wire;
use crate::v1::refusal::Refusal as WireRefusal;
use rvp::Fault;

/// The message of an answer or a refusal.
#[must_use]
pub fn answer_to_wire(answer: Result<Answer, Refusal>) -> v1::Answer {
    let result = match answer {
        Ok(Answer::Done) => Wire::Done(v1::Done {}),
        Ok(Answer::Reply(reply)) => Wire::Reply(reply.into()),
        Ok(Answer::Authenticated(authenticated)) => Wire::Authenticated(authenticated.into()),
        Ok(Answer::ScramSalt(salt)) => Wire::Salt(salt.into()),
        Ok(Answer::Outcome(outcome)) => Wire::Outcome(v1::Outcome::from(outcome).into()),
        Ok(Answer::Told) => Wire::Told(v1::Told {}),
        Ok(Answer::Members(members)) => Wire::Members(members.into()),
        Ok(Answer::Load(load)) => Wire::Load(load.into()),
        Ok(Answer::Contacts(contacts)) => Wire::Contacts(list(contacts)),
        Ok(Answer::Watching(people)) => Wire::Watching(answers(people)),
        Ok(Answer::Explained(explained)) => Wire::Explained((*explained).into()),
        Err(refusal) => Wire::Refusal(refusal.into()),
    };
    v1::Answer { result: Some(result) }
}

/// The answer or refusal of a message.
///
/// # Errors
/// [`Error`] names the first field that is missing or holds what this version does not know.
pub fn answer_from_wire(message: v1::Answer) -> Result<Result<Answer, Refusal>, Error> {
    Ok(match message.result.ok_or(Error::Missing("Answer.result"))? {
        Wire::Done(v1::Done {}) => Ok(Answer::Done),
        Wire::Reply(reply) => Ok(Answer::Reply(reply.try_into()?)),
        Wire::Authenticated(authenticated) => Ok(Answer::Authenticated(authenticated.try_into()?)),
        Wire::Salt(salt) => Ok(Answer::ScramSalt(salt.try_into()?)),
        Wire::Outcome(outcome) => Ok(Answer::Outcome(enumerated::<v1::Outcome, _>(
            "Answer.outcome",
            outcome,
        )?)),
        Wire::Told(v1::Told {}) => Ok(Answer::Told),
        Wire::Members(members) => Ok(Answer::Members(members.try_into()?)),
        Wire::Load(load) => Ok(Answer::Load(load.try_into()?)),
        Wire::Contacts(contacts) => Ok(Answer::Contacts(list_of(contacts)?)),
        Wire::Watching(people) => Ok(Answer::Watching(answers_of(people)?)),
        Wire::Explained(explained) => Ok(Answer::Explained(Box::new(explained.try_into()?))),
        Wire::Refusal(refusal) => Err(refusal.try_into()?),
    })
}

impl From<Outcome> for v1::Outcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Taken => Self::Taken,
            Outcome::Left => Self::Left,
            Outcome::Rejected => Self::Rejected,
            Outcome::Unreachable => Self::Unreachable,
            Outcome::Busy => Self::Busy,
            Outcome::Moved => Self::Moved,
            Outcome::Expired => Self::Expired,
        }
    }
}

impl TryFrom<v1::Outcome> for Outcome {
    type Error = Error;

    fn try_from(message: v1::Outcome) -> Result<Self, Error> {
        match message {
            v1::Outcome::Unspecified => Err(Error::Missing("Outcome")),
            v1::Outcome::Taken => Ok(Self::Taken),
            v1::Outcome::Left => Ok(Self::Left),
            v1::Outcome::Rejected => Ok(Self::Rejected),
            v1::Outcome::Unreachable => Ok(Self::Unreachable),
            v1::Outcome::Busy => Ok(Self::Busy),
            v1::Outcome::Moved => Ok(Self::Moved),
            v1::Outcome::Expired => Ok(Self::Expired),
        }
    }
}

impl From<Refusal> for v1::Refusal {
    fn from(refusal: Refusal) -> Self {
        let (refusal, seconds) = match refusal {
            Refusal::Fault(fault @ Fault::LogOnLater { seconds }) => {
                (WireRefusal::Fault(Code::from(fault).into()), seconds)
            }
            Refusal::Fault(fault) => (WireRefusal::Fault(Code::from(fault).into()), 0),
            Refusal::Moved { epoch } => (WireRefusal::MovedEpoch(epoch), 0),
        };
        Self {
            refusal: Some(refusal),
            seconds: seconds.into(),
        }
    }
}

impl TryFrom<v1::Refusal> for Refusal {
    type Error = Error;

    fn try_from(message: v1::Refusal) -> Result<Self, Error> {
        Ok(match message.refusal.ok_or(Error::Missing("Refusal.refusal"))? {
            WireRefusal::Fault(code) => {
                let code = Code::try_from(code).map_err(|_| Error::OutOfRange("Refusal.fault"))?;
                Self::Fault(fault(code, message.seconds)?)
            }
            WireRefusal::MovedEpoch(epoch) => Self::Moved { epoch },
        })
    }
}

impl From<Fault> for Code {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::BadRequest => Self::FaultBadRequest,
            Fault::Unauthenticated => Self::FaultUnauthenticated,
            Fault::Forbidden => Self::FaultForbidden,
            Fault::NoSuchPrincipal => Self::FaultNoSuchPrincipal,
            Fault::MethodNotAllowed => Self::FaultMethodNotAllowed,
            Fault::NoSuchSubscription => Self::FaultNoSuchSubscription,
            Fault::NotLoggedOn => Self::FaultNotLoggedOn,
            Fault::KeptFull => Self::FaultKeptFull,
            Fault::Depth => Self::FaultDepth,
            Fault::TooManyHops => Self::FaultTooManyHops,
            Fault::TooLarge => Self::FaultTooLarge,
            Fault::LeftConversation => Self::FaultLeftConversation,
            Fault::NotImplemented => Self::FaultNotImplemented,
            Fault::Busy => Self::FaultBusy,
            Fault::Unavailable => Self::FaultUnavailable,
            Fault::Internal => Self::FaultInternal,
            Fault::Full => Self::FaultFull,
            Fault::LogOnLater { .. } => Self::FaultLogOnLater,
        }
    }
}

/// The fault of a code; the seconds count for one of them only.
fn fault(code: Code, seconds: u32) -> Result<Fault, Error> {
    Ok(match code {
        Code::FaultUnspecified => return Err(Error::Missing("Refusal.fault")),
        Code::FaultBadRequest => Fault::BadRequest,
        Code::FaultUnauthenticated => Fault::Unauthenticated,
        Code::FaultForbidden => Fault::Forbidden,
        Code::FaultNoSuchPrincipal => Fault::NoSuchPrincipal,
        Code::FaultMethodNotAllowed => Fault::MethodNotAllowed,
        Code::FaultNoSuchSubscription => Fault::NoSuchSubscription,
        Code::FaultNotLoggedOn => Fault::NotLoggedOn,
        Code::FaultKeptFull => Fault::KeptFull,
        Code::FaultDepth => Fault::Depth,
        Code::FaultTooManyHops => Fault::TooManyHops,
        Code::FaultTooLarge => Fault::TooLarge,
        Code::FaultLeftConversation => Fault::LeftConversation,
        Code::FaultNotImplemented => Fault::NotImplemented,
        Code::FaultBusy => Fault::Busy,
        Code::FaultUnavailable => Fault::Unavailable,
        Code::FaultInternal => Fault::Internal,
        Code::FaultFull => Fault::Full,
        Code::FaultLogOnLater => Fault::LogOnLater {
            seconds: u16::try_from(seconds).map_err(|_| Error::OutOfRange("Refusal.seconds"))?,
        },
    })
}
