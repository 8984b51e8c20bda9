//! Reading a document into a tree, within bounds.

use super::{WHITE_SPACE, is_all_legal, is_legal, is_name};
use crate::{ParseError, limits};
use quick_xml::NsReader;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::{Namespace as NamespaceName, ResolveResult};
use std::borrow::Cow;

/// Attributes of one element and namespace declarations in scope: three are usual.
const ATTRIBUTES_MAX: usize = 32;

/// The namespaces that matter. Names are matched by their local part in any of the first three, because
/// the samples of the protocol mix them (spec 3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Namespace {
    /// `DAV:`.
    Dav,
    /// That of RVP.
    Rvp,
    /// That of access lists.
    Acl,
    /// Any other, or none.
    Foreign,
}

impl Namespace {
    fn of(name: &str) -> Self {
        // Nearly every document has them in exactly this form.
        match name {
            "DAV:" => return Self::Dav,
            "http://schemas.microsoft.com/rvp/" => return Self::Rvp,
            "http://schemas.microsoft.com/rvp/acl/" => return Self::Acl,
            _ => {}
        }
        let is = |known: &str| name.strip_suffix('/').unwrap_or(name).eq_ignore_ascii_case(known);
        if name.eq_ignore_ascii_case("DAV:") {
            Self::Dav
        } else if is("http://schemas.microsoft.com/rvp") {
            Self::Rvp
        } else if is("http://schemas.microsoft.com/rvp/acl") {
            Self::Acl
        } else {
            Self::Foreign
        }
    }
}

/// An element with what it holds. Attributes, comments and processing instructions are left out.
#[derive(Debug)]
pub(crate) struct Element<'a> {
    /// The namespace of its name.
    pub(crate) namespace: Namespace,
    /// Its name without the prefix.
    pub(crate) local: &'a str,
    /// Its own text without outer white space, except where a CDATA section or a reference wrote it.
    pub(crate) text: Cow<'a, str>,
    /// The elements in it.
    pub(crate) children: Vec<Self>,
    /// Octets of `text` that stay when the white space at its end goes.
    kept: usize,
}

impl<'a> Element<'a> {
    /// Whether this is the element of ours with that local name.
    pub(crate) fn is(&self, local: &str) -> bool {
        self.namespace != Namespace::Foreign && self.local == local
    }

    /// The only child of that name. Two, in whatever namespaces, are refused: readers that compare only
    /// prefixes or local names might take the other one (spec 10, Miranda).
    pub(crate) fn child(&self, local: &'static str) -> Result<Option<&Self>, ParseError> {
        let mut found = self.children.iter().filter(|child| child.local == local);
        let first = found.next();
        if found.next().is_some() {
            return Err(ParseError::element(local, "is given more than once"));
        }
        Ok(first.filter(|child| child.is(local)))
    }

    /// The only child of that name, which must be there.
    pub(crate) fn expect(&self, local: &'static str) -> Result<&Self, ParseError> {
        self.child(local)?
            .ok_or_else(|| ParseError::element(local, "is missing"))
    }

    /// Every child of that name.
    pub(crate) fn all<'e>(&'e self, local: &'static str) -> impl Iterator<Item = &'e Self> + use<'e, 'a> {
        self.children.iter().filter(move |child| child.is(local))
    }

    fn push_text(&mut self, piece: &'a str) {
        let piece = if self.text.is_empty() {
            piece.trim_start_matches(WHITE_SPACE)
        } else {
            piece
        };
        let solid = piece.trim_end_matches(WHITE_SPACE).len();
        let before = self.text.len();
        self.append(piece);
        if solid > 0 {
            self.kept = before + solid;
        }
    }

    fn push_kept(&mut self, piece: Cow<'a, str>) {
        match piece {
            Cow::Borrowed(piece) => self.append(piece),
            Cow::Owned(piece) => self.text.to_mut().push_str(&piece),
        }
        self.kept = self.text.len();
    }

    fn append(&mut self, piece: &'a str) {
        if self.text.is_empty() {
            self.text = Cow::Borrowed(piece);
        } else if !piece.is_empty() {
            self.text.to_mut().push_str(piece);
        }
    }

    fn close(&mut self) {
        match &mut self.text {
            Cow::Borrowed(text) => *text = &text[..self.kept],
            Cow::Owned(text) => text.truncate(self.kept),
        }
    }
}

/// Reads a document of at most `nodes_max` elements and attributes.
pub(crate) fn parse(document: &[u8], nodes_max: usize) -> Result<Element<'_>, ParseError> {
    let source = std::str::from_utf8(document).map_err(|_| ParseError::BadXml("it is not UTF-8"))?;
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    if !is_all_legal(source) {
        return Err(ILLEGAL_CHARACTER);
    }
    let mut reader = NsReader::from_str(source);
    reader.resolver_mut().set_max_namespace_bindings(ATTRIBUTES_MAX);
    let mut tree = Tree {
        open: Vec::new(),
        root: None,
        nodes_left: nodes_max,
        begun: false,
    };
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let (namespace, event) = reader
            .read_resolved_event()
            .map_err(|_| ParseError::BadXml("it is not well-formed"))?;
        let open = |tag: &BytesStart<'_>| element(source, at, &namespace, tag);
        match event {
            Event::Start(tag) => {
                let element = open(&tag)?;
                tree.open(element, &tag)?;
            }
            Event::Empty(tag) => {
                let element = open(&tag)?;
                tree.open(element, &tag)?;
                tree.close()?;
            }
            Event::End(_) => tree.close()?,
            Event::Text(text) => tree.text(Piece::Text(text.into_inner()))?,
            Event::CData(text) => tree.text(Piece::Kept(text.into_inner()))?,
            Event::GeneralRef(name) => tree.text(Piece::Kept(referred(&name)?))?,
            Event::Decl(declaration) => tree.declaration(&declaration)?,
            Event::Comment(_) | Event::PI(_) => tree.begun = true,
            Event::DocType(_) => return Err(ParseError::BadXml("it has a document type")),
            Event::Eof => break,
        }
    }
    if !tree.open.is_empty() {
        return Err(ParseError::BadXml("it ends too early"));
    }
    tree.root.ok_or(ParseError::BadXml("it has no element"))
}

const ILLEGAL_CHARACTER: ParseError = ParseError::BadXml("it has a character that XML forbids");

struct Tree<'a> {
    open: Vec<Element<'a>>,
    root: Option<Element<'a>>,
    nodes_left: usize,
    /// Whether anything but white space was read: an XML declaration must come before.
    begun: bool,
}

enum Piece<'a> {
    Text(Cow<'a, str>),
    Kept(Cow<'a, str>),
}

impl<'a> Tree<'a> {
    fn open(&mut self, element: Element<'a>, tag: &BytesStart<'_>) -> Result<(), ParseError> {
        self.begun = true;
        if self.root.is_some() {
            return Err(ParseError::BadXml("it has a second root element"));
        }
        if self.open.len() >= limits::XML_DEPTH_MAX {
            return Err(ParseError::BadXml("it is nested too deeply"));
        }
        let mut nodes = 1;
        for (count, attribute) in tag.attributes().enumerate() {
            if count >= ATTRIBUTES_MAX {
                return Err(ParseError::BadXml("an element has too many attributes"));
            }
            attribute.map_err(|_| ParseError::BadXml("an element has a bad attribute"))?;
            nodes += 1;
        }
        self.nodes_left = self
            .nodes_left
            .checked_sub(nodes)
            .ok_or(ParseError::BadXml("it is too large"))?;
        self.open.push(element);
        Ok(())
    }

    fn close(&mut self) -> Result<(), ParseError> {
        let Some(mut element) = self.open.pop() else {
            return Err(ParseError::BadXml("it closes what is not open"));
        };
        element.close();
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, piece: Piece<'a>) -> Result<(), ParseError> {
        match (self.open.last_mut(), piece) {
            (Some(element), Piece::Text(Cow::Borrowed(text))) => element.push_text(text),
            (Some(element), Piece::Text(Cow::Owned(text)) | Piece::Kept(Cow::Owned(text))) => {
                element.push_kept(Cow::Owned(text));
            }
            (Some(element), Piece::Kept(text)) => element.push_kept(text),
            (None, Piece::Text(text)) if text.trim_matches(WHITE_SPACE).is_empty() => {}
            (None, Piece::Text(_) | Piece::Kept(_)) => {
                return Err(ParseError::BadXml("it has text outside the root element"));
            }
        }
        Ok(())
    }

    fn declaration(&mut self, declaration: &BytesDecl<'_>) -> Result<(), ParseError> {
        if self.begun {
            return Err(ParseError::BadXml("its declaration is not at the beginning"));
        }
        self.begun = true;
        match declaration.encoding() {
            None => Ok(()),
            Some(Ok(name))
                if ["utf-8", "us-ascii"]
                    .iter()
                    .any(|known| name.eq_ignore_ascii_case(known)) =>
            {
                Ok(())
            }
            Some(Ok(_) | Err(_)) => Err(ParseError::BadXml("its encoding is not UTF-8")),
        }
    }
}

/// The element that `tag`, found in `source` at `at`, begins.
fn element<'a>(
    source: &'a str,
    at: usize,
    namespace: &ResolveResult<'_>,
    tag: &BytesStart<'_>,
) -> Result<Element<'a>, ParseError> {
    let namespace = match namespace {
        ResolveResult::Bound(NamespaceName(name)) => Namespace::of(name),
        ResolveResult::Unbound => Namespace::Foreign,
        ResolveResult::Unknown(_) => return Err(ParseError::BadXml("it uses an undeclared prefix")),
    };
    // The event lends its name only for its own life, so the same octets are taken from the source.
    let (name, local) = (tag.name(), tag.local_name());
    let end = at.saturating_add(1 + name.0.len());
    let local = source
        .get(end.saturating_sub(local.into_inner().len())..end)
        .unwrap_or_default();
    if local != tag.local_name().into_inner() || !is_name(local) {
        return Err(ParseError::BadXml("an element has an illegal name"));
    }
    Ok(Element {
        namespace,
        local,
        text: Cow::Borrowed(""),
        children: Vec::new(),
        kept: 0,
    })
}

/// What a reference stands for: a character by its number or one of the five predefined entities.
fn referred(name: &BytesRef<'_>) -> Result<Cow<'static, str>, ParseError> {
    match name.resolve_char_ref() {
        Ok(Some(c)) if is_legal(c) => Ok(Cow::Owned(c.to_string())),
        Ok(Some(_)) | Err(_) => Err(ILLEGAL_CHARACTER),
        Ok(None) => Ok(Cow::Borrowed(match &**name {
            "lt" => "<",
            "gt" => ">",
            "amp" => "&",
            "quot" => "\"",
            "apos" => "'",
            _ => return Err(ParseError::BadXml("it uses an entity of its own")),
        })),
    }
}
