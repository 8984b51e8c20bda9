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

/// Whether XML 1.0 allows every character.
pub(crate) fn is_all_legal(text: &str) -> bool {
    let control = |c: u8| c < b' ' && !matches!(c, b'\t' | b'\n' | b'\r');
    let forbidden = ['\u{fffe}', '\u{ffff}'];
    !text.bytes().any(control) && (text.is_ascii() || !text.contains(forbidden))
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
