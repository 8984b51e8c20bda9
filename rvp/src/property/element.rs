//! Properties as elements: their names, and their flat values (spec 4.2).

use super::{PresenceState, Property, PropertyName};
use crate::xml::{self, Element, Namespace, Writer};
use crate::{ParseError, limits};
use std::borrow::Cow;

/// Characters of the local name of a property that no node has.
const LOCAL_CHARS_MAX: usize = 64;

/// The name that the element stands for.
pub(crate) fn name(element: &Element<'_>) -> Result<PropertyName, ParseError> {
    // The prefix is one letter, and which of the three namespaces it is makes no difference (spec 3.1).
    if let Some(known) = PropertyName::KNOWN
        .into_iter()
        .find(|known| tag(known)[2..] == *element.local)
    {
        let foreign = element.namespace == Namespace::Foreign;
        let reason = "names a property of RVP outside its namespaces";
        return if foreign {
            Err(ParseError::element("prop", reason))
        } else {
            Ok(known)
        };
    }
    if element.local.chars().count() > LOCAL_CHARS_MAX {
        return Err(ParseError::element("prop", "names a property with a long name"));
    }
    Ok(PropertyName::Unknown {
        dav: element.namespace == Namespace::Dav,
        local: element.local.to_owned(),
    })
}

/// The element of that name, with its prefix.
pub(crate) fn tag(name: &PropertyName) -> Cow<'static, str> {
    Cow::Borrowed(match name {
        PropertyName::State => "r:state",
        PropertyName::DisplayName => "d:displayname",
        PropertyName::Email => "r:email",
        PropertyName::MobileState => "r:mobile-state",
        PropertyName::MobileDescription => "r:mobile-description",
        PropertyName::Unknown { dav, local } => {
            return Cow::Owned(format!("{}:{local}", if *dav { 'd' } else { 'r' }));
        }
    })
}

/// The elements of a `prop`, no more of them than a document may name.
pub(crate) fn elements<'e, 'a>(prop: &'e Element<'a>) -> Result<&'e [Element<'a>], ParseError> {
    if prop.children.len() > limits::PROPERTIES_MAX {
        return Err(ParseError::element("prop", "names too many properties"));
    }
    Ok(&prop.children)
}

/// The text of a property or a person's description, within its bound.
pub(crate) fn text(element: &Element<'_>) -> Result<String, ParseError> {
    if element.text.chars().count() > limits::TEXT_CHARS_MAX {
        return Err(ParseError::element("prop", "holds a text that is too long"));
    }
    // A CDATA section keeps its white space, but none is ever written around a text (spec 0.1 rule 4).
    Ok(element.text.trim_matches(xml::WHITE_SPACE).to_owned())
}

/// The state element in `element`: `None` if it holds none, the error side if RVP does not know it.
pub(crate) fn state(element: &Element<'_>) -> Option<Result<PresenceState, UnknownState>> {
    let child = element.children.iter().find(|child| child.local != "view-id")?;
    let known = PresenceState::from_name(child.local).filter(|_| child.namespace != Namespace::Foreign);
    Some(known.ok_or(UnknownState))
}

/// A state that is not one of RVP's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct UnknownState;

/// A property with its value; `None` for one that no node has. Of a leased value only the value counts.
///
/// A state unknown to us is taken as away, because clients complain about those they do not know, and an
/// invisible person as offline (spec 4.1).
pub(crate) fn value(element: &Element<'_>) -> Result<Option<Property>, ParseError> {
    Ok(Some(match name(element)? {
        PropertyName::State => {
            let leased = element
                .child("leased-value")?
                .map(|leased| leased.expect("value"))
                .transpose()?;
            match state(leased.unwrap_or(element)) {
                Some(state) => Property::State(state.unwrap_or(PresenceState::Away).shown()),
                None => {
                    return Err(ParseError::element("state", "holds no state"));
                }
            }
        }
        PropertyName::DisplayName => Property::DisplayName(text(element)?),
        PropertyName::Email => Property::Email(text(element)?),
        PropertyName::MobileState => Property::MobileState(element.text == "1"),
        PropertyName::MobileDescription => Property::MobileDescription(text(element)?),
        PropertyName::Unknown { .. } => return Ok(None),
    }))
}

/// Writes a property with its value, as others see it: flat, and never invisible (spec 3.2, 4.1).
pub(crate) fn write(writer: &mut Writer, property: &Property) {
    let tag = tag(&property.name());
    match property {
        Property::State(state) => writer.within(&tag, |writer| write_state(writer, state.shown())),
        Property::MobileState(reachable) => writer.text(&tag, if *reachable { "1" } else { "0" }),
        Property::DisplayName(text) | Property::Email(text) | Property::MobileDescription(text) => {
            writer.text(&tag, text);
        }
    }
}

/// Writes the element of a state.
pub(crate) fn write_state(writer: &mut Writer, state: PresenceState) {
    writer.empty(&format!("r:{}", state.name()));
}

/// Writes the names, each as an empty element.
pub(crate) fn write_names(writer: &mut Writer, names: &[PropertyName]) {
    for name in names {
        writer.empty(&tag(name));
    }
}
