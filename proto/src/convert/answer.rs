//! Answers and refusals: the frame of an answer holds either.

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
        Ok(Answer::Authenticated(credential)) => Wire::Authenticated(v1::Authenticated {
            credential: v1::Credential::from(credential).into(),
        }),
        Ok(Answer::Outcome(outcome)) => Wire::Outcome(v1::Outcome::from(outcome).into()),
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
        Wire::Authenticated(v1::Authenticated { credential }) => {
            Ok(Answer::Authenticated(enumerated::<v1::Credential, _>(
                "Authenticated.credential",
                credential,
            )?))
        }
        Wire::Outcome(outcome) => Ok(Answer::Outcome(enumerated::<v1::Outcome, _>(
            "Answer.outcome",
            outcome,
        )?)),
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
        }
    }
}

impl From<Refusal> for v1::Refusal {
    fn from(refusal: Refusal) -> Self {
        let refusal = match refusal {
            Refusal::Fault(fault) => WireRefusal::Fault(Code::from(fault).into()),
            Refusal::Moved { epoch } => WireRefusal::MovedEpoch(epoch),
        };
        Self {
            refusal: Some(refusal),
        }
    }
}

impl TryFrom<v1::Refusal> for Refusal {
    type Error = Error;

    fn try_from(message: v1::Refusal) -> Result<Self, Error> {
        Ok(match message.refusal.ok_or(Error::Missing("Refusal.refusal"))? {
            WireRefusal::Fault(code) => Self::Fault(enumerated::<Code, _>("Refusal.fault", code)?),
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
            Fault::Depth => Self::FaultDepth,
            Fault::TooManyHops => Self::FaultTooManyHops,
            Fault::TooLarge => Self::FaultTooLarge,
            Fault::LeftConversation => Self::FaultLeftConversation,
            Fault::NotImplemented => Self::FaultNotImplemented,
            Fault::Busy => Self::FaultBusy,
            Fault::Unavailable => Self::FaultUnavailable,
            Fault::Internal => Self::FaultInternal,
        }
    }
}

impl TryFrom<Code> for Fault {
    type Error = Error;

    fn try_from(message: Code) -> Result<Self, Error> {
        match message {
            Code::FaultUnspecified => Err(Error::Missing("FaultCode")),
            Code::FaultBadRequest => Ok(Self::BadRequest),
            Code::FaultUnauthenticated => Ok(Self::Unauthenticated),
            Code::FaultForbidden => Ok(Self::Forbidden),
            Code::FaultNoSuchPrincipal => Ok(Self::NoSuchPrincipal),
            Code::FaultMethodNotAllowed => Ok(Self::MethodNotAllowed),
            Code::FaultNoSuchSubscription => Ok(Self::NoSuchSubscription),
            Code::FaultNotLoggedOn => Ok(Self::NotLoggedOn),
            Code::FaultDepth => Ok(Self::Depth),
            Code::FaultTooManyHops => Ok(Self::TooManyHops),
            Code::FaultTooLarge => Ok(Self::TooLarge),
            Code::FaultLeftConversation => Ok(Self::LeftConversation),
            Code::FaultNotImplemented => Ok(Self::NotImplemented),
            Code::FaultBusy => Ok(Self::Busy),
            Code::FaultUnavailable => Ok(Self::Unavailable),
            Code::FaultInternal => Ok(Self::Internal),
        }
    }
}
