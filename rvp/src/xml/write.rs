//! Writing a document: compact, with the prefixes and quotes that every client can read.

use super::{is_legal, is_plain, trim};
use bytes::Bytes;

const PROLOG: &str = "<?xml version=\"1.0\"?>";
const NAMESPACES: &str = " xmlns:d='DAV:' xmlns:r='http://schemas.microsoft.com/rvp/' \
                          xmlns:a='http://schemas.microsoft.com/rvp/acl/'";

/// A document being written. Tags are names with their prefix, `d:prop`.
///
/// It is written by hand, not by quick-xml: old clients compare octets (spec 0.1 rules 4 and 5), so the
/// layout is part of the protocol.
pub(crate) struct Writer {
    out: String,
}

impl Writer {
    /// Writes a whole document: the prolog, the root with its declarations, and what `content` adds.
    pub(crate) fn document(root: &str, content: impl FnOnce(&mut Self)) -> Bytes {
        let mut writer = Self {
            out: String::with_capacity(1024),
        };
        writer.out.push_str(PROLOG);
        writer.begin(root);
        writer.out.push_str(NAMESPACES);
        let before = writer.out.len();
        writer.out.push('>');
        content(&mut writer);
        writer.finish(root, before);
        Bytes::from(writer.out)
    }

    /// What follows the start of the root in a document that is written like this, if it is and has anything in it.
    pub(crate) fn begun<'a>(document: &'a str, root: &str) -> Option<&'a str> {
        let rest = document.strip_prefix(PROLOG)?.strip_prefix('<')?;
        rest.strip_prefix(root)?
            .strip_prefix(NAMESPACES)?
            .strip_prefix('>')
    }

    /// An element with elements in it; `<r:state/>` if `content` adds none.
    pub(crate) fn within(&mut self, tag: &str, content: impl FnOnce(&mut Self)) {
        self.begin(tag);
        let before = self.out.len();
        self.out.push('>');
        content(self);
        self.finish(tag, before);
    }

    /// An element with nothing in it, `<r:away/>`.
    pub(crate) fn empty(&mut self, tag: &str) {
        self.begin(tag);
        self.out.push_str("/>");
    }

    /// An element with text, and never closed in its own tag (spec 0.1 rule 4).
    pub(crate) fn text(&mut self, tag: &str, text: &str) {
        self.begin(tag);
        self.out.push('>');
        self.escaped(text);
        self.end(tag);
    }

    /// Tags as they are, for what is always written with the same ones.
    pub(crate) fn tags(&mut self, tags: &'static str) {
        self.out.push_str(tags);
    }

    /// Text without white space around it. As little as possible is escaped, because Miranda knows no references.
    pub(crate) fn escaped(&mut self, text: &str) {
        let text = trim(text);
        if is_plain(text, *b"&<>") {
            return self.out.push_str(text);
        }
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' if self.out.ends_with("]]") => self.out.push_str("&gt;"),
                c if is_legal(c) => self.out.push(c),
                _ => self.out.push('?'),
            }
        }
    }

    /// An element with a CDATA section, or several if the text holds the end of one.
    pub(crate) fn cdata(&mut self, tag: &str, text: &str) {
        self.begin(tag);
        self.out.push_str("><![CDATA[");
        if is_plain(text, *b">") {
            self.out.push_str(text);
        } else {
            for c in text.chars() {
                match c {
                    '>' if self.out.ends_with("]]") => self.out.push_str("]]><![CDATA[>"),
                    c if is_legal(c) => self.out.push(c),
                    _ => self.out.push('?'),
                }
            }
        }
        self.out.push_str("]]>");
        self.end(tag);
    }

    fn begin(&mut self, tag: &str) {
        self.out.push('<');
        self.out.push_str(tag);
    }

    fn end(&mut self, tag: &str) {
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push('>');
    }

    /// Closes the element whose start tag ends at `before`, in its own tag if nothing was added.
    fn finish(&mut self, tag: &str, before: usize) {
        if self.out.len() == before + 1 {
            self.out.truncate(before);
            self.out.push_str("/>");
        } else {
            self.end(tag);
        }
    }
}
