//! Bounded reading and compact writing of XML. Only the files below this one name quick-xml.
//!
//! Reading makes a small tree that borrows from the document; every document of RVP is at most a few
//! dozen elements, and an access list or a list of subscriptions a few thousand. There are no attributes
//! in RVP, so none are kept. Writing is compact and in the one layout that every client can read
//! (spec 0.1 rules 4 and 5).

mod read;
mod write;

pub(crate) use read::{Element, Namespace, parse};
pub(crate) use write::Writer;

/// What is left out around text.
pub(crate) const WHITE_SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// What the characters beyond ASCII begin with that XML 1.0 forbids, and thousands of others.
const BEGINS_FORBIDDEN: u8 = 0xef;

/// The text without white space around it. Few have any, and then nothing is searched.
pub(crate) fn trim(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] if *first > b' ' && *last > b' ' => text,
        _ => text.trim_matches(WHITE_SPACE),
    }
}

/// Splits off what may stand in a document as it is: what follows begins with a mark of XML, or with what XML may not
/// allow.
pub(crate) fn split_plain(text: &str) -> (&str, &str) {
    const PLAIN: [bool; 256] = plain();
    let ends = text.bytes().position(|c| !PLAIN[usize::from(c)]);
    text.split_at(ends.unwrap_or(text.len()))
}

const fn plain() -> [bool; 256] {
    let mut plain = [true; 256];
    let mut c = u8::MAX;
    while c > 0 {
        c -= 1;
        plain[c as usize] = !is_control(c) && !matches!(c, b'<' | b'>' | b'&' | BEGINS_FORBIDDEN);
    }
    plain
}

/// Whether `text` may be all of a CDATA section: every character is allowed, and none ends it.
pub(crate) fn is_cdata(text: &str) -> bool {
    is_plain(text, *b">") || (text.chars().all(is_legal) && !text.contains("]]>"))
}

/// Whether XML 1.0 allows every character.
pub(crate) fn is_all_legal(text: &str) -> bool {
    let may_be_forbidden = |c| is_control(c) | (c == BEGINS_FORBIDDEN);
    !has_any(text, may_be_forbidden) || text.chars().all(is_legal)
}

/// Whether every character may stand in a document as it is: XML allows it, and it is none of `marks`. It may say no to
/// a few that could.
fn is_plain<const N: usize>(text: &str, marks: [u8; N]) -> bool {
    !has_any(text, |c| {
        let marked = marks.iter().fold(false, |marked, mark| marked | (c == *mark));
        is_control(c) | marked | (c == BEGINS_FORBIDDEN)
    })
}

const fn is_control(c: u8) -> bool {
    (c < b' ') & (c != b'\t') & (c != b'\n') & (c != b'\r')
}

/// Without stopping at the first, so that many octets are looked at together.
fn has_any(text: &str, is_meant: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(false, |any, c| any | is_meant(c))
}

/// Whether XML 1.0 allows the character.
fn is_legal(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => true,
        '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => false,
        _ => true,
    }
}

/// Whether `text` is a name without a prefix that can stand in a document (XML 1.0, production 5).
fn is_name(text: &str) -> bool {
    let begins = |c: char| {
        matches!(c, 'A'..='Z' | 'a'..='z' | '_'
            | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}'
            | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
            | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}'
            | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
    };
    let goes_on = |c: char| {
        begins(c)
            || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
    };
    let mut rest = text.chars();
    rest.next().is_some_and(begins) && rest.all(goes_on)
}

#[cfg(test)]
#[path = "xml_tests.rs"]
mod tests;
