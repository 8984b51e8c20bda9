//! Properties, their names, and presence states.

use super::identity::{principal, url};
use super::{Error, at_most, enumerated, messages};
use crate::v1;
use crate::v1::property::Value;
use crate::v1::property_name::Known;
use rvp::limits::PROPERTIES_MAX;
use rvp::method::Propfind;
use rvp::method::propfind::Properties;
use rvp::property::PropertyName;
use rvp::{PresenceState, Property};

/// Characters of the local name of a property that no node has.
const LOCAL_CHARS_MAX: usize = 64;

impl From<PresenceState> for v1::PresenceState {
    fn from(state: PresenceState) -> Self {
        match state {
            PresenceState::Online => Self::Online,
            PresenceState::Offline => Self::Offline,
            PresenceState::Away => Self::Away,
            PresenceState::Busy => Self::Busy,
            PresenceState::BackSoon => Self::BackSoon,
            PresenceState::OnPhone => Self::OnPhone,
            PresenceState::AtLunch => Self::AtLunch,
            PresenceState::Idle => Self::Idle,
            PresenceState::Invisible => Self::Invisible,
        }
    }
}

impl TryFrom<v1::PresenceState> for PresenceState {
    type Error = Error;

    fn try_from(message: v1::PresenceState) -> Result<Self, Error> {
        match message {
            v1::PresenceState::Unspecified => Err(Error::Missing("PresenceState")),
            v1::PresenceState::Online => Ok(Self::Online),
            v1::PresenceState::Offline => Ok(Self::Offline),
            v1::PresenceState::Away => Ok(Self::Away),
            v1::PresenceState::Busy => Ok(Self::Busy),
            v1::PresenceState::BackSoon => Ok(Self::BackSoon),
            v1::PresenceState::OnPhone => Ok(Self::OnPhone),
            v1::PresenceState::AtLunch => Ok(Self::AtLunch),
            v1::PresenceState::Idle => Ok(Self::Idle),
            v1::PresenceState::Invisible => Ok(Self::Invisible),
        }
    }
}

impl From<Property> for v1::Property {
    fn from(property: Property) -> Self {
        let value = match property {
            Property::State(state) => Value::State(v1::PresenceState::from(state).into()),
            Property::DisplayName(text) => Value::DisplayName(text),
            Property::Email(text) => Value::Email(text),
            Property::MobileState(reachable) => Value::MobileState(reachable),
            Property::MobileDescription(text) => Value::MobileDescription(text),
        };
        Self { value: Some(value) }
    }
}

impl TryFrom<v1::Property> for Property {
    type Error = Error;

    fn try_from(message: v1::Property) -> Result<Self, Error> {
        Ok(match message.value.ok_or(Error::Missing("Property.value"))? {
            Value::State(state) => Self::State(enumerated::<v1::PresenceState, _>("Property.state", state)?),
            Value::DisplayName(text) => Self::DisplayName(text),
            Value::Email(text) => Self::Email(text),
            Value::MobileState(reachable) => Self::MobileState(reachable),
            Value::MobileDescription(text) => Self::MobileDescription(text),
        })
    }
}

impl From<PropertyName> for v1::PropertyName {
    fn from(name: PropertyName) -> Self {
        let known = |known: Known| Self {
            known: known.into(),
            dav: false,
            local: String::new(),
        };
        match name {
            PropertyName::State => known(Known::State),
            PropertyName::DisplayName => known(Known::DisplayName),
            PropertyName::Email => known(Known::Email),
            PropertyName::MobileState => known(Known::MobileState),
            PropertyName::MobileDescription => known(Known::MobileDescription),
            PropertyName::Unknown { dav, local } => Self {
                known: Known::None.into(),
                dav,
                local,
            },
        }
    }
}

impl TryFrom<v1::PropertyName> for PropertyName {
    type Error = Error;

    fn try_from(message: v1::PropertyName) -> Result<Self, Error> {
        match Known::try_from(message.known).map_err(|_| Error::OutOfRange("PropertyName.known"))? {
            Known::None => unknown(message.dav, message.local),
            Known::State => Ok(Self::State),
            Known::DisplayName => Ok(Self::DisplayName),
            Known::Email => Ok(Self::Email),
            Known::MobileState => Ok(Self::MobileState),
            Known::MobileDescription => Ok(Self::MobileDescription),
        }
    }
}

/// The name is echoed to a client as an element, so nothing passes that would end a tag.
fn unknown(dav: bool, local: String) -> Result<PropertyName, Error> {
    const FIELD: &str = "PropertyName.local";
    if local.is_empty() {
        return Err(Error::Missing(FIELD));
    }
    let markup = |c: char| c.is_whitespace() || c.is_control() || "<>&'\"/=".contains(c);
    if local.chars().count() > LOCAL_CHARS_MAX || local.contains(markup) {
        return Err(Error::OutOfRange(FIELD));
    }
    Ok(PropertyName::Unknown { dav, local })
}

impl From<Propfind> for v1::Propfind {
    fn from(propfind: Propfind) -> Self {
        use v1::propfind::What;
        let (what, names) = match propfind {
            Propfind::Named(names) => (What::Named, messages(names)),
            Propfind::All => (What::All, Vec::new()),
            Propfind::Names => (What::Names, Vec::new()),
        };
        Self {
            what: what.into(),
            names,
        }
    }
}

impl TryFrom<v1::Propfind> for Propfind {
    type Error = Error;

    fn try_from(message: v1::Propfind) -> Result<Self, Error> {
        use v1::propfind::What;
        match What::try_from(message.what).map_err(|_| Error::OutOfRange("Propfind.what"))? {
            What::Named => at_most("Propfind.names", PROPERTIES_MAX, message.names).map(Self::Named),
            What::All => Ok(Self::All),
            What::Names => Ok(Self::Names),
        }
    }
}

impl From<Properties> for v1::Properties {
    fn from(properties: Properties) -> Self {
        Self {
            principal: url(&properties.principal),
            found: messages(properties.found),
            names: messages(properties.names),
            forbidden: messages(properties.forbidden),
            missing: messages(properties.missing),
        }
    }
}

impl TryFrom<v1::Properties> for Properties {
    type Error = Error;

    fn try_from(message: v1::Properties) -> Result<Self, Error> {
        Ok(Self {
            principal: principal("Properties.principal", &message.principal)?,
            found: at_most("Properties.found", PROPERTIES_MAX, message.found)?,
            names: at_most("Properties.names", PROPERTIES_MAX, message.names)?,
            forbidden: at_most("Properties.forbidden", PROPERTIES_MAX, message.forbidden)?,
            missing: at_most("Properties.missing", PROPERTIES_MAX, message.missing)?,
        })
    }
}
