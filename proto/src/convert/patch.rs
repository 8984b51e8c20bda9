//! PROPPATCH: what to set, and what became of it.

use super::identity::{principal, url};
use super::{Error, at_most, enumerated, messages, required};
use crate::v1;
use crate::v1::patch::Patch as Wire;
use http::StatusCode;
use rvp::limits::PROPERTIES_MAX;
use rvp::method::Proppatch;
use rvp::method::proppatch::{Patch, Patched, StatePatch};
use rvp::property::{Lease, PropertyName};
use rvp::{Lifetime, ViewId};

impl From<Proppatch> for v1::Proppatch {
    fn from(proppatch: Proppatch) -> Self {
        Self {
            patches: messages(proppatch.patches),
        }
    }
}

impl TryFrom<v1::Proppatch> for Proppatch {
    type Error = Error;

    fn try_from(message: v1::Proppatch) -> Result<Self, Error> {
        const FIELD: &str = "Proppatch.patches";
        if message.patches.is_empty() {
            return Err(Error::Missing(FIELD));
        }
        Ok(Self {
            patches: at_most(FIELD, PROPERTIES_MAX, message.patches)?,
        })
    }
}

impl From<Patch> for v1::Patch {
    fn from(patch: Patch) -> Self {
        let patch = match patch {
            Patch::State(patch) => Wire::State(patch.into()),
            Patch::DisplayName(text) => Wire::DisplayName(text),
            Patch::Other(name) => Wire::Other(name.into()),
            Patch::UnknownState => Wire::UnknownState(v1::UnknownState {}),
        };
        Self { patch: Some(patch) }
    }
}

impl TryFrom<v1::Patch> for Patch {
    type Error = Error;

    fn try_from(message: v1::Patch) -> Result<Self, Error> {
        Ok(match message.patch.ok_or(Error::Missing("Patch.patch"))? {
            Wire::State(patch) => Self::State(patch.try_into()?),
            Wire::DisplayName(text) => Self::DisplayName(text),
            Wire::Other(name) => Self::Other(name.try_into()?),
            Wire::UnknownState(v1::UnknownState {}) => Self::UnknownState,
        })
    }
}

impl From<StatePatch> for v1::StatePatch {
    fn from(patch: StatePatch) -> Self {
        Self {
            state: v1::PresenceState::from(patch.state).into(),
            lease: patch.lease.map(Into::into),
            view: patch.view.map_or(0, ViewId::get),
        }
    }
}

impl TryFrom<v1::StatePatch> for StatePatch {
    type Error = Error;

    fn try_from(message: v1::StatePatch) -> Result<Self, Error> {
        let view = match message.view {
            0 => None,
            number => Some(ViewId::new(number).ok_or(Error::OutOfRange("StatePatch.view"))?),
        };
        Ok(Self {
            state: enumerated::<v1::PresenceState, _>("StatePatch.state", message.state)?,
            lease: message.lease.map(Lease::try_from).transpose()?,
            view,
        })
    }
}

impl From<Lease> for v1::Lease {
    fn from(lease: Lease) -> Self {
        Self {
            default: v1::PresenceState::from(lease.default).into(),
            timeout_seconds: lease.timeout.0,
        }
    }
}

impl TryFrom<v1::Lease> for Lease {
    type Error = Error;

    fn try_from(message: v1::Lease) -> Result<Self, Error> {
        Ok(Self {
            default: enumerated::<v1::PresenceState, _>("Lease.default", message.default)?,
            timeout: Lifetime(message.timeout_seconds),
        })
    }
}

impl From<Patched> for v1::Patched {
    fn from(patched: Patched) -> Self {
        let refused = patched
            .refused
            .into_iter()
            .map(|(name, status)| v1::RefusedPatch {
                name: Some(name.into()),
                status: status.as_u16().into(),
            });
        Self {
            principal: url(&patched.principal),
            done: messages(patched.done),
            refused: refused.collect(),
        }
    }
}

impl TryFrom<v1::Patched> for Patched {
    type Error = Error;

    fn try_from(message: v1::Patched) -> Result<Self, Error> {
        const REFUSED: &str = "Patched.refused";
        if message.refused.len() > PROPERTIES_MAX {
            return Err(Error::OutOfRange(REFUSED));
        }
        Ok(Self {
            principal: principal("Patched.principal", &message.principal)?,
            done: at_most("Patched.done", PROPERTIES_MAX, message.done)?,
            refused: message
                .refused
                .into_iter()
                .map(refused)
                .collect::<Result<_, _>>()?,
        })
    }
}

fn refused(message: v1::RefusedPatch) -> Result<(PropertyName, StatusCode), Error> {
    const STATUS: Error = Error::OutOfRange("RefusedPatch.status");
    let status = u16::try_from(message.status).map_err(|_| STATUS)?;
    let status = StatusCode::from_u16(status).map_err(|_| STATUS)?;
    Ok((required("RefusedPatch.name", message.name)?, status))
}
