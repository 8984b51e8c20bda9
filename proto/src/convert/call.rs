//! Calls: the frame of a question, and the questions.

use super::contacts::deliver;
use super::identity::{principal, url};
use super::subscription::{id, id_or_zero, optional_id};
use super::{Error, at_most, enumerated, messages, required, text};
use crate::op::{CHANGES_MAX, Call, Op};
use crate::v1;
use crate::v1::call::Op as Wire;
use rvp::{Caller, Lifetime, Method, Reach};
use std::time::Duration;

/// The message of a call. A deadline travels in whole milliseconds, at most 2^32 of them: seven weeks.
#[must_use]
pub fn call_to_wire(call: Call) -> v1::Call {
    v1::Call {
        deadline_ms: u32::try_from(call.deadline.as_millis()).unwrap_or(u32::MAX),
        epoch: call.epoch,
        traceparent: call.trace.unwrap_or_default(),
        op: Some(call.op.into()),
    }
}

/// The call of a message.
///
/// # Errors
/// [`Error`] names the first field that is missing or holds what this version does not know.
pub fn call_from_wire(message: v1::Call) -> Result<Call, Error> {
    Ok(Call {
        deadline: Duration::from_millis(message.deadline_ms.into()),
        epoch: message.epoch,
        trace: Some(message.traceparent).filter(|trace| !trace.is_empty()),
        op: required("Call.op", message.op)?,
    })
}

impl From<Op> for Wire {
    fn from(op: Op) -> Self {
        match op {
            Op::Authenticate { principal, proof } => Self::Authenticate(v1::Authenticate {
                principal: url(&principal),
                proof: Some(proof.into()),
            }),
            Op::ScramSalt { principal } => Self::ScramSalt(v1::ScramSalt {
                principal: url(&principal),
            }),
            Op::Request {
                target,
                caller,
                login,
                method,
            } => Self::Request(v1::Request {
                target: url(&target),
                login: id_or_zero(login),
                caller: Some(caller.identity.into()),
                credential: v1::Credential::from(caller.credential).into(),
                method: Some((*method).into()),
            }),
            Op::SpreadChanges(changes) => Self::SpreadChanges(v1::SpreadChanges {
                changes: messages(changes),
            }),
            Op::DeliverMessage(deliver) => Self::DeliverMessage(deliver.into()),
            Op::DeliverChanges(changes) => Self::DeliverChanges(v1::DeliverChanges {
                changes: messages(changes),
            }),
            Op::CallBackLost { principal, login } => Self::CallBackLost(v1::CallBackLost {
                principal: url(&principal),
                login: login.get(),
            }),
            Op::Detached {
                principal,
                login,
                attachment,
                stays,
            } => Self::Detached(v1::Detached {
                principal: url(&principal),
                login: login.get(),
                attachment: attachment.to_string(),
                stays_seconds: stays.0,
            }),
            Op::Detach { client, why } => Self::Detach(v1::Detach {
                client: Some(client.into()),
                why: v1::DetachReason::from(why).into(),
            }),
            Op::Contacts(asked) => Self::Contacts(asked.into()),
            Op::DeliverContact { change, clients } => Self::DeliverContact(deliver(change, clients)),
            Op::Watch(asked) => Self::Watch(asked.into()),
            Op::Settle => Self::Settle(v1::Settle {}),
            Op::Members => Self::Members(v1::Members {}),
            Op::Load => Self::Load(v1::Load {}),
            Op::Explain { principal } => Self::Explain(v1::Explain {
                principal: url(&principal),
            }),
            Op::Drain => Self::Drain(v1::Drain {}),
            Op::Undrain => Self::Undrain(v1::Undrain {}),
        }
    }
}

impl TryFrom<Wire> for Op {
    type Error = Error;

    fn try_from(message: Wire) -> Result<Self, Error> {
        match message {
            Wire::Authenticate(authenticate) => Ok(Self::Authenticate {
                principal: principal("Authenticate.principal", &authenticate.principal)?,
                proof: required("Authenticate.proof", authenticate.proof)?,
            }),
            Wire::ScramSalt(asked) => Ok(Self::ScramSalt {
                principal: principal("ScramSalt.principal", &asked.principal)?,
            }),
            Wire::Request(request) => request.try_into(),
            Wire::SpreadChanges(spread) => Ok(Self::SpreadChanges(at_most(
                "SpreadChanges.changes",
                CHANGES_MAX,
                spread.changes,
            )?)),
            Wire::DeliverMessage(deliver) => deliver.try_into().map(Self::DeliverMessage),
            Wire::DeliverChanges(deliver) => Ok(Self::DeliverChanges(at_most(
                "DeliverChanges.changes",
                CHANGES_MAX,
                deliver.changes,
            )?)),
            Wire::CallBackLost(lost) => Ok(Self::CallBackLost {
                principal: principal("CallBackLost.principal", &lost.principal)?,
                login: id("CallBackLost.login", lost.login)?,
            }),
            Wire::Detached(detached) => detached.try_into(),
            Wire::Detach(detach) => Ok(Self::Detach {
                client: required("Detach.client", detach.client)?,
                why: enumerated::<v1::DetachReason, _>("Detach.why", detach.why)?,
            }),
            Wire::Contacts(asked) => asked.try_into().map(Self::Contacts),
            Wire::DeliverContact(deliver) => deliver.try_into(),
            Wire::Watch(asked) => asked.try_into().map(Self::Watch),
            Wire::Settle(v1::Settle {}) => Ok(Self::Settle),
            Wire::Members(v1::Members {}) => Ok(Self::Members),
            Wire::Load(v1::Load {}) => Ok(Self::Load),
            Wire::Explain(explain) => Ok(Self::Explain {
                principal: principal("Explain.principal", &explain.principal)?,
            }),
            Wire::Drain(v1::Drain {}) => Ok(Self::Drain),
            Wire::Undrain(v1::Undrain {}) => Ok(Self::Undrain),
        }
    }
}

impl TryFrom<v1::Detached> for Op {
    type Error = Error;

    fn try_from(message: v1::Detached) -> Result<Self, Error> {
        const ATTACHMENT: &str = "Detached.attachment";
        let reach = text(ATTACHMENT, &message.attachment, Reach::parse)?;
        Ok(Self::Detached {
            principal: principal("Detached.principal", &message.principal)?,
            login: id("Detached.login", message.login)?,
            attachment: reach.attachment().ok_or(Error::OutOfRange(ATTACHMENT))?,
            stays: Lifetime(message.stays_seconds),
        })
    }
}

impl TryFrom<v1::Request> for Op {
    type Error = Error;

    fn try_from(message: v1::Request) -> Result<Self, Error> {
        Ok(Self::Request {
            target: principal("Request.target", &message.target)?,
            caller: Caller {
                identity: required("Request.caller", message.caller)?,
                credential: enumerated::<v1::Credential, _>("Request.credential", message.credential)?,
            },
            login: optional_id("Request.login", message.login)?,
            method: Box::new(required::<_, Method>("Request.method", message.method)?),
        })
    }
}
