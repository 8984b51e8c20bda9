//! PROPPATCH: set one's own properties, in practice the presence state (spec 3.6).

use crate::multistatus::{self, Multistatus};
use crate::property::{Lease, PropertyName, element};
use crate::xml::{self, Element, Writer};
use crate::{Lifetime, ParseError, PresenceState, Principal, ViewId, header, limits};
use bytes::Bytes;
use http::StatusCode;

/// A PROPPATCH request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proppatch {
    /// What to set, in the order of the document; never empty.
    pub patches: Vec<Patch>,
}

/// One property to set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Patch {
    /// `r:state`, leased or flat.
    State(StatePatch),
    /// `d:displayname`. The lease some clients wrap it in has neither default nor timeout (spec 3.6).
    DisplayName(String),
    /// Known, but not for clients to set, or unknown: answered 403 or 409.
    Other(PropertyName),
    /// `r:state` with a state that RVP does not know: answered 409.
    UnknownState,
}

/// A presence state to set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StatePatch {
    /// The state.
    pub state: PresenceState,
    /// For how long; a flat state holds until the login ends.
    pub lease: Option<Lease>,
    /// Whose share of the presence; absent in the first request of a login and always with some clients.
    pub view: Option<ViewId>,
}

/// What became of a PROPPATCH, as a multistatus tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Patched {
    /// Whose properties.
    pub principal: Principal,
    /// What was set: a state comes with the granted lease and its view id.
    pub done: Vec<Patch>,
    /// What was not, and why: 403 or 409.
    pub refused: Vec<(PropertyName, StatusCode)>,
}

impl Proppatch {
    /// Reads the body in any of the forms that clients send (spec 3.6).
    pub(crate) fn parse(body: &[u8]) -> Result<Self, ParseError> {
        let root = xml::parse(body, limits::XML_NODES_MAX)?;
        if !root.is("propertyupdate") && !root.is("propupdate") {
            return Err(ParseError::element("propertyupdate", "is missing"));
        }
        let mut patches = Vec::new();
        for part in &root.children {
            if part.is("set") {
                for one in element::elements(part.expect("prop")?)? {
                    patches.push(patch(one)?);
                }
            } else {
                return Err(ParseError::element("propertyupdate", "must only set properties"));
            }
            if patches.len() > limits::PROPERTIES_MAX {
                return Err(ParseError::element("prop", "names too many properties"));
            }
        }
        if patches.is_empty() {
            return Err(ParseError::element("propertyupdate", "sets nothing"));
        }
        Ok(Self { patches })
    }

    /// Makes the body.
    pub(crate) fn write(&self) -> Bytes {
        Writer::document("d:propertyupdate", |writer| {
            writer.within("d:set", |writer| {
                writer.within("d:prop", |writer| {
                    self.patches.iter().for_each(|patch| patch.write(writer))
                });
            });
        })
    }
}

fn patch(one: &Element<'_>) -> Result<Patch, ParseError> {
    Ok(match element::name(one)? {
        PropertyName::State => state(one)?,
        PropertyName::DisplayName => match one.child("leased-value")? {
            Some(leased) => Patch::DisplayName(element::text(leased.expect("value")?)?),
            None => Patch::DisplayName(element::text(one)?),
        },
        name @ (PropertyName::Email
        | PropertyName::MobileState
        | PropertyName::MobileDescription
        | PropertyName::Unknown { .. }) => Patch::Other(name),
    })
}

/// A state: flat, or leased with the defaults that hold where a client left a part out.
fn state(one: &Element<'_>) -> Result<Patch, ParseError> {
    let leased = one.child("leased-value")?;
    let view = match (view(one)?, leased.map(view).transpose()?.flatten()) {
        (Some(view), None) | (None, Some(view)) => Some(view),
        (None, None) => None,
        (Some(_), Some(_)) => {
            return Err(ParseError::element("view-id", "is given more than once"));
        }
    };
    let value = leased
        .map(|leased| leased.expect("value"))
        .transpose()?
        .unwrap_or(one);
    let default = leased
        .map(|leased| leased.child("default-value"))
        .transpose()?
        .flatten();
    let default = default
        .and_then(element::state)
        .unwrap_or(Ok(PresenceState::Offline));
    let timeout = leased
        .map(|leased| leased.child("timeout"))
        .transpose()?
        .flatten()
        .map(timeout);
    let timeout = timeout.transpose()?;
    let Some(value) = element::state(value) else {
        return Err(ParseError::element("state", "holds no state"));
    };
    let (Ok(state), Ok(default)) = (value, default) else {
        return Ok(Patch::UnknownState);
    };
    let lease = timeout.map(|timeout| Lease { default, timeout });
    Ok(Patch::State(StatePatch { state, lease, view }))
}

fn view(parent: &Element<'_>) -> Result<Option<ViewId>, ParseError> {
    let Some(element) = parent.child("view-id")? else {
        return Ok(None);
    };
    let id = header::number(&element.text).and_then(ViewId::new);
    let reason = "is not a number from 1 to 2147483647";
    id.map(Some).ok_or_else(|| ParseError::element("view-id", reason))
}

fn timeout(element: &Element<'_>) -> Result<Lifetime, ParseError> {
    let reason = "is not a number of seconds";
    header::number(&element.text)
        .map(Lifetime)
        .ok_or_else(|| ParseError::element("timeout", reason))
}

impl Patch {
    fn write(&self, writer: &mut Writer) {
        match self {
            Self::State(patch) => writer.within("r:state", |writer| patch.write(writer)),
            Self::DisplayName(text) => writer.text("d:displayname", text),
            Self::Other(name) => writer.empty(&element::tag(name)),
            // Some name that is none of RVP's: which one it was is not kept.
            Self::UnknownState => writer.within("r:state", |writer| writer.empty("r:unknown")),
        }
    }
}

impl StatePatch {
    /// Writes the state as it is: this is between a client and its own home server, so it may be invisible.
    fn write(&self, writer: &mut Writer) {
        match self.lease {
            None => element::write_state(writer, self.state),
            Some(lease) => writer.within("r:leased-value", |writer| {
                writer.within("r:value", |writer| element::write_state(writer, self.state));
                writer.within("r:default-value", |writer| {
                    element::write_state(writer, lease.default)
                });
                writer.text("d:timeout", &lease.timeout.0.to_string());
            }),
        }
        if let Some(view) = self.view {
            writer.text("r:view-id", &view.get().to_string());
        }
    }
}

impl Patched {
    /// Makes the multistatus, with one group for each status.
    pub(crate) fn write(&self) -> Bytes {
        multistatus::document(&self.principal, |writer| {
            if !self.done.is_empty() || self.refused.is_empty() {
                multistatus::propstat(writer, StatusCode::OK, |writer| {
                    self.done.iter().for_each(|patch| patch.write(writer));
                });
            }
            let mut statuses: Vec<_> = self.refused.iter().map(|(_, status)| *status).collect();
            statuses.sort_unstable();
            statuses.dedup();
            for status in statuses {
                let names = self
                    .refused
                    .iter()
                    .filter(|(_, of)| *of == status)
                    .map(|(name, _)| name);
                multistatus::propstat(writer, status, |writer| {
                    names.for_each(|name| writer.empty(&element::tag(name)));
                });
            }
        })
    }

    /// Reads the multistatus.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, ParseError> {
        let root = xml::parse(body, limits::XML_NODES_ANSWER_MAX)?;
        let Multistatus { principal, propstats } = multistatus::read(&root)?;
        let (mut done, mut refused) = (Vec::new(), Vec::new());
        for (status, prop) in propstats {
            for one in element::elements(prop)? {
                if status.is_success() {
                    done.push(patch(one)?);
                } else {
                    refused.push((element::name(one)?, status));
                }
            }
        }
        Ok(Self {
            principal,
            done,
            refused,
        })
    }
}
