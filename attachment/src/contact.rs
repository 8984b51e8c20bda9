//! The contact list, which the server keeps for a person.

use crate::{FrameError, frame, limits};
use serde::{Deserialize, Serialize};

/// One entry of a contact list. A client passes over a field that it does not know; a router does not (`AsSent`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Contact {
    /// The address.
    pub who: String,
    /// What the person calls them; empty when they go by their own name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The group they are in; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
}

/// The same as a router reads it in a frame of a client.
#[derive(Deserialize)]
#[serde(remote = "Contact", deny_unknown_fields)]
struct AsSent {
    who: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    group: String,
}

/// What a client wants of the list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactsAction {
    /// All of it.
    Get,
    /// Put this one in: at the end, or in the place of the one of its address.
    Put(#[serde(deserialize_with = "AsSent::deserialize")] Contact),
    /// Take the one of this address out.
    Remove(String),
}

/// What a client is told of the list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactsChange {
    /// A part of the list, in its order.
    List(Vec<Contact>),
    /// This one was put in by another client of the person.
    Put(Contact),
    /// This one was taken out by another client of the person.
    Removed(String),
}

impl Contact {
    pub(crate) fn check(&self) -> Result<(), FrameError> {
        frame::line("who", &self.who, limits::ADDRESS_CHARS_MAX)?;
        for (field, text) in [("name", &self.name), ("group", &self.group)] {
            if !frame::is_short(text, limits::CONTACT_TEXT_CHARS_MAX) {
                return Err(FrameError::Field(field));
            }
        }
        Ok(())
    }
}

impl ContactsAction {
    pub(crate) fn check(&self) -> Result<(), FrameError> {
        match self {
            Self::Get => Ok(()),
            Self::Put(contact) => contact.check(),
            Self::Remove(who) => frame::line("who", who, limits::ADDRESS_CHARS_MAX),
        }
    }
}
