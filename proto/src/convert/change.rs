//! A presentity's change: what homes tell each other and their routers.

use super::identity::{principal, url};
use super::{Error, at_most, every, messages, required};
use crate::op::{Change, DeliverChange, SpreadChange};
use crate::v1;
use rvp::AttachmentId;
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

impl From<SpreadChange> for v1::SpreadChange {
    fn from(spread: SpreadChange) -> Self {
        Self {
            change: Some(spread.change.into()),
            watchers: spread.watchers.iter().map(url).collect(),
        }
    }
}

impl TryFrom<v1::SpreadChange> for SpreadChange {
    type Error = Error;

    fn try_from(message: v1::SpreadChange) -> Result<Self, Error> {
        let watcher = |watcher: &String| principal("SpreadChange.watchers", watcher);
        Ok(Self {
            change: required("SpreadChange.change", message.change)?,
            watchers: message.watchers.iter().map(watcher).collect::<Result<_, _>>()?,
        })
    }
}

impl From<DeliverChange> for v1::DeliverChange {
    fn from(deliver: DeliverChange) -> Self {
        Self {
            change: Some(deliver.change.into()),
            clients: messages(deliver.clients),
            attached: deliver
                .attached
                .iter()
                .flat_map(|id| id.number().to_be_bytes())
                .collect(),
        }
    }
}

impl TryFrom<v1::DeliverChange> for DeliverChange {
    type Error = Error;

    fn try_from(message: v1::DeliverChange) -> Result<Self, Error> {
        Ok(Self {
            change: required("DeliverChange.change", message.change)?,
            clients: every(message.clients)?,
            attached: attached(&message.attached)?,
        })
    }
}

fn attached(octets: &[u8]) -> Result<Vec<AttachmentId>, Error> {
    let (ids, rest) = octets.as_chunks();
    if !rest.is_empty() {
        return Err(Error::OutOfRange("DeliverChange.attached"));
    }
    let id = |octets: &[u8; 16]| AttachmentId::new(u128::from_be_bytes(*octets));
    Ok(ids.iter().map(id).collect())
}
