//! ACL: read or change who may do what (spec 3.8).

use crate::{AccessList, ParseError, limits, xml};
use bytes::Bytes;

/// An ACL request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Acl {
    /// No body: read the list.
    Read,
    /// The entries to merge into the list, each replacing that of the same principal.
    Change(AccessList),
}

impl Acl {
    /// Reads the body, whatever its type: some clients do not state one (spec 3.8).
    pub(crate) fn parse(body: &[u8]) -> Result<Self, ParseError> {
        if body.trim_ascii().is_empty() {
            return Ok(Self::Read);
        }
        let root = xml::parse(body, limits::XML_NODES_MAX)?;
        AccessList::read(&root).map(Self::Change)
    }

    /// Makes the body.
    pub(crate) fn write(&self) -> Bytes {
        match self {
            Self::Read => Bytes::new(),
            Self::Change(list) => list.write(),
        }
    }
}
