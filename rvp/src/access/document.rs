//! Access lists as documents (spec 3.8, 6.5).

use super::{AccessList, Credentials, Entry, Right, Who};
use crate::xml::{self, Element, Writer};
use crate::{Credential, Identity, ParseError, limits};
use bytes::Bytes;
use std::collections::BTreeSet;

/// What some clients write inside `a:rvp-principal` where the element `a:allprincipals` belongs.
const ALL_PRINCIPALS: &str = "allprincipals";

impl AccessList {
    /// Reads an `a:rvpacl` document. Inheritance is read over, because there is only one value, and so are
    /// rights and credentials that RVP does not have.
    ///
    /// # Errors
    /// [`ParseError`] when it is not well-formed, has more than [`limits::ACCESS_ENTRIES_MAX`] entries or an
    /// entry is about nobody or has no credentials.
    pub fn parse(document: &[u8]) -> Result<Self, ParseError> {
        Self::read(&xml::parse(document, limits::XML_NODES_ANSWER_MAX)?)
    }

    pub(crate) fn read(root: &Element<'_>) -> Result<Self, ParseError> {
        if !root.is("rvpacl") {
            return Err(ParseError::element("rvpacl", "is missing"));
        }
        let list = root.expect("acl")?;
        if list.children.len() > limits::ACCESS_ENTRIES_MAX + 1 {
            return Err(ParseError::element("acl", "has too many entries"));
        }
        let entries = list.all("ace").map(entry).collect::<Result<_, _>>()?;
        Ok(Self { entries })
    }

    /// Makes the document.
    #[must_use]
    pub fn write(&self) -> Bytes {
        Writer::document("a:rvpacl", |writer| {
            writer.within("a:acl", |writer| {
                writer.text("a:inheritance", "none");
                self.entries.iter().for_each(|entry| write_entry(writer, entry));
            });
        })
    }
}

fn entry(ace: &Element<'_>) -> Result<Entry, ParseError> {
    let principal = ace.expect("principal")?;
    let who = match (
        principal.child("rvp-principal")?,
        principal.child("allprincipals")?,
    ) {
        (Some(one), None) => match Identity::parse(&one.text)? {
            Identity::Server(domain) if domain.as_str() == ALL_PRINCIPALS => Who::All,
            identity @ (Identity::Person(_) | Identity::Server(_)) => Who::One(identity),
        },
        (None, Some(_)) => Who::All,
        (None, None) | (Some(_), Some(_)) => {
            return Err(ParseError::element("principal", "must be about one or all"));
        }
    };
    Ok(Entry {
        who,
        credentials: credentials(principal)?,
        grant: rights(ace.child("grant")?),
        deny: rights(ace.child("deny")?),
    })
}

fn credentials(principal: &Element<'_>) -> Result<Credentials, ParseError> {
    const MISSING: ParseError = ParseError::element("credentials", "not specified");
    let element = principal.child("credentials")?.ok_or(MISSING)?;
    if element.children.iter().any(|child| child.is("any")) {
        return Ok(Credentials::Any);
    }
    let named = |credential: &Credential| element.children.iter().any(|child| child.is(name(*credential)));
    let listed: BTreeSet<_> = Credential::ALL.into_iter().filter(named).collect();
    if listed.is_empty() {
        Err(MISSING)
    } else {
        Ok(Credentials::Listed(listed))
    }
}

fn rights(element: Option<&Element<'_>>) -> BTreeSet<Right> {
    let children = element.map_or(&[][..], |element| &element.children);
    if children.iter().any(|child| child.is("all")) {
        return Right::ALL.into();
    }
    let ours = children.iter().filter(|child| child.is(child.local));
    ours.filter_map(|child| Right::from_name(child.local)).collect()
}

fn write_entry(writer: &mut Writer, entry: &Entry) {
    writer.within("a:ace", |writer| {
        writer.within("a:principal", |writer| {
            match &entry.who {
                Who::One(one) => writer.text("a:rvp-principal", &one.to_string()),
                Who::All => writer.empty("a:allprincipals"),
            }
            writer.within("a:credentials", |writer| match &entry.credentials {
                Credentials::Any => writer.empty("a:any"),
                Credentials::Listed(listed) => {
                    listed
                        .iter()
                        .for_each(|one| writer.empty(&format!("a:{}", name(*one))));
                }
            });
        });
        for (tag, rights) in [("a:grant", &entry.grant), ("a:deny", &entry.deny)] {
            writer.within(tag, |writer| {
                rights
                    .iter()
                    .for_each(|right| writer.empty(&format!("a:{}", right.name())));
            });
        }
    });
}

/// The element's local name.
fn name(credential: Credential) -> &'static str {
    match credential {
        Credential::Assertion => "assertion",
        Credential::Digest => "digest",
        Credential::Ntlm => "ntlm",
        Credential::Internal => "internal",
    }
}
