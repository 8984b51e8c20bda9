//! A presentity's change: what homes tell each other and their routers.

use super::identity::{principal, url};
use super::{Error, at_most, messages};
use crate::op::Change;
use crate::v1;
use rvp::limits::PROPERTIES_MAX;

impl From<Change> for v1::Change {
    fn from(change: Change) -> Self {
        Self {
            presentity: url(&change.presentity),
            properties: messages(change.properties),
            version: change.version,
        }
    }
}

impl TryFrom<v1::Change> for Change {
    type Error = Error;

    fn try_from(message: v1::Change) -> Result<Self, Error> {
        Ok(Self {
            presentity: principal("Change.presentity", &message.presentity)?,
            properties: at_most("Change.properties", PROPERTIES_MAX, message.properties)?,
            version: message.version,
        })
    }
}
