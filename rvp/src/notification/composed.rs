//! Messages as we write them, and as some clients do. Most that are read here were also written here, by a router for a
//! client that speaks no RVP: such a document is read by its layout, in a fraction of what it takes to read whatever is
//! well-formed.

use super::{CONTACT, Parts, contact};
use crate::xml::{self, Writer};
use crate::{Identity, Mime};
use bytes::Bytes;

/// With more recipients a document is read as any other: that also counts them.
const RECIPIENTS_MAX: usize = 16;

/// Makes a message's document, for those that send messages themselves. Everybody is described by the
/// name in the address: Miranda crashes without a description (spec 0.1 rule 4).
#[must_use]
pub fn compose(from: &Identity, to: &[Identity], mime: &Mime) -> Bytes {
    let described = |writer: &mut Writer, identity: &Identity| match identity {
        Identity::Person(person) => contact(writer, person.as_url(), person.name()),
        Identity::Server(domain) => contact(writer, domain.as_str(), domain.as_str()),
    };
    Writer::document("r:notification", |writer| {
        writer.within("r:message", |writer| {
            writer.within("r:notification-from", |writer| described(writer, from));
            writer.within("r:notification-to", |writer| {
                to.iter().for_each(|to| described(writer, to))
            });
            writer.within("r:msgbody", |writer| writer.cdata("r:mime-data", &mime.write()));
        });
    })
}

/// Reads a document that is laid out exactly as [`compose`] does it, and says what any reader of XML would find in it.
/// None for every other.
pub(super) fn read(document: &[u8]) -> Option<Parts<'_>> {
    let document = std::str::from_utf8(document).ok()?;
    let mut rest = Rest(Writer::begun(document, "r:notification")?);
    rest.skip("<r:message><r:notification-from>")?;
    let from = rest.contact()?;
    rest.skip("</r:notification-from><r:notification-to>")?;
    let mut to = vec![rest.contact()?];
    while rest.0.starts_with("<r:contact>") {
        if to.len() >= RECIPIENTS_MAX {
            return None;
        }
        to.push(rest.contact()?);
    }
    rest.skip("</r:notification-to><r:msgbody><r:mime-data><![CDATA[")?;
    let data = rest
        .0
        .strip_suffix("]]></r:mime-data></r:msgbody></r:message></r:notification>")?;
    xml::is_cdata(data).then_some(Parts { from, to, data })
}

/// What is still to be read.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn skip(&mut self, expected: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(())
    }

    /// Text in which nothing was escaped and around which nothing is left out.
    fn text(&mut self, end: &str) -> Option<&'a str> {
        let (text, after) = xml::split_plain(self.0);
        self.0 = after.strip_prefix(end)?;
        (xml::trim(text) == text).then_some(text)
    }

    fn contact(&mut self) -> Option<Identity> {
        let [before, between, after] = CONTACT;
        self.skip(before)?;
        let href = self.text(between)?;
        self.text(after)?;
        Identity::parse(href).ok()
    }
}
