//! PROPFIND: read properties (spec 3.5).

use crate::multistatus::{self, Multistatus};
use crate::property::{PropertyName, element};
use crate::xml::{self, Element, Writer};
use crate::{ParseError, Principal, Property, header, limits};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};

/// A PROPFIND request with `Depth: 0`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Propfind {
    /// These.
    Named(Vec<PropertyName>),
    /// `d:allprop`: all, with their values.
    All,
    /// `d:propname`: the names of all.
    Names,
}

/// The properties of a node, as a multistatus tells them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Properties {
    /// Whose.
    pub principal: Principal,
    /// Those it has, with values.
    pub found: Vec<Property>,
    /// Names only: the answer to `d:propname`.
    pub names: Vec<PropertyName>,
    /// Those it has but the caller may not see (403).
    pub forbidden: Vec<PropertyName>,
    /// Those it does not have (404).
    pub missing: Vec<PropertyName>,
}

impl Propfind {
    /// Reads `Depth` and the body.
    pub(crate) fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Self, ParseError> {
        match header::optional(headers, &header::DEPTH) {
            Ok(Some("0")) => {}
            Ok(_) | Err(_) => return Err(ParseError::Depth),
        }
        let root = xml::parse(body, limits::XML_NODES_MAX)?;
        if !root.is("propfind") {
            return Err(ParseError::element("propfind", "is missing"));
        }
        let all = root.child("allprop")?.map(|_| Self::All);
        let names = root.child("propname")?.map(|_| Self::Names);
        let named = root.child("prop")?.map(named).transpose()?;
        match (all, names, named) {
            (Some(form), None, None) | (None, Some(form), None) | (None, None, Some(form)) => Ok(form),
            (None, None, None) => Err(ParseError::element("propfind", "asks for nothing")),
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
                Err(ParseError::element("propfind", "asks in more than one way"))
            }
        }
    }

    /// Adds `Depth` and makes the body.
    pub(crate) fn write(&self, headers: &mut HeaderMap) -> Bytes {
        headers.insert(header::DEPTH, 0.into());
        Writer::document("d:propfind", |writer| match self {
            Self::Named(names) => writer.within("d:prop", |writer| element::write_names(writer, names)),
            Self::All => writer.empty("d:allprop"),
            Self::Names => writer.empty("d:propname"),
        })
    }

    /// Reads the answer. Only with the request is it clear whether an empty element is a name or a value.
    pub(crate) fn parse_answer(&self, body: &[u8]) -> Result<Properties, ParseError> {
        Properties::parse(body, *self == Self::Names)
    }
}

fn named(prop: &Element<'_>) -> Result<Propfind, ParseError> {
    let names: Vec<_> = element::elements(prop)?
        .iter()
        .map(element::name)
        .collect::<Result<_, _>>()?;
    if names.is_empty() {
        return Err(ParseError::element("prop", "names no property"));
    }
    Ok(Propfind::Named(names))
}

impl Properties {
    /// Makes the multistatus. It has a group for what was found even when that is nothing, unless another
    /// group says why.
    pub(crate) fn write(&self) -> Bytes {
        let refused = [
            (StatusCode::FORBIDDEN, &self.forbidden),
            (StatusCode::NOT_FOUND, &self.missing),
        ];
        let only_refused = refused.iter().any(|(_, names)| !names.is_empty());
        multistatus::document(&self.principal, |writer| {
            if !only_refused || !self.found.is_empty() || !self.names.is_empty() {
                multistatus::propstat(writer, StatusCode::OK, |writer| {
                    for property in &self.found {
                        element::write(writer, property);
                    }
                    element::write_names(writer, &self.names);
                });
            }
            for (status, names) in refused {
                if !names.is_empty() {
                    multistatus::propstat(writer, status, |writer| element::write_names(writer, names));
                }
            }
        })
    }

    /// Reads a multistatus: with values, or with names only. Properties that we do not know, and refusals
    /// with other codes than those we use, are left out.
    pub(crate) fn parse(body: &[u8], names_only: bool) -> Result<Self, ParseError> {
        let root = xml::parse(body, limits::XML_NODES_ANSWER_MAX)?;
        let Multistatus { principal, propstats } = multistatus::read(&root)?;
        let (mut found, mut names, mut forbidden, mut missing) = (vec![], vec![], vec![], vec![]);
        for (status, prop) in propstats {
            for one in element::elements(prop)? {
                match status {
                    StatusCode::OK if names_only => names.push(element::name(one)?),
                    StatusCode::OK => found.extend(element::value(one)?),
                    StatusCode::FORBIDDEN => forbidden.push(element::name(one)?),
                    StatusCode::NOT_FOUND => missing.push(element::name(one)?),
                    _ => {}
                }
            }
        }
        Ok(Self {
            principal,
            found,
            names,
            forbidden,
            missing,
        })
    }
}
