//! The MIME entity inside a message (spec 5.1 to 5.4).
//!
//! Servers relay it untouched; this is for whoever makes or shows messages: bridges, log views, tests.

use crate::notification::MessageKind;
use crate::{ParseError, limits};
use std::borrow::Cow;

const CONTROL: &str = "text/x-msmsgscontrol";
const LEAVE: &str = "text/x-imleave";
const INVITATION: &str = "text/x-msmsgsinvite";

/// What most entities begin with, whoever wrote them. It says nothing that is kept.
const BEGINS_MOST: &str = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n";

/// The same of what is no text.
const BEGINS_CONTROL: &str = "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgscontrol; charset=UTF-8\r\n";
const BEGINS_LEAVE: &str = "MIME-Version: 1.0\r\nContent-Type: text/x-imleave\r\n";

/// Octets that headers take, mostly.
const HEADERS_USUAL: usize = 256;

/// A message as people mean it. Bodies of invitations are [`MessageKind::Text`] here too: whoever needs
/// them apart must look at the document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mime {
    /// What it is.
    pub kind: MessageKind,
    /// The conversation, `{8E0B1C52-4D63-4B1E-9C5A-2F6D1A7B3C90}`. Empty if the message named none; the
    /// null GUID is then written, because clients crash without any (spec 5.1).
    pub session_id: String,
    /// `X-MMS-IM-Format`: font and colour, opaque here (spec 5.4).
    pub format: Option<String>,
    /// The address of who is typing.
    pub typing_user: Option<String>,
    /// The text; empty for every other kind.
    pub text: String,
}

impl Mime {
    /// Reads the text of an `r:mime-data` element, undoing the double encoding where there is one.
    ///
    /// # Errors
    /// [`ParseError::TooLarge`] beyond [`limits::BODY_BYTES_MAX`].
    pub fn parse(data: &str) -> Result<Self, ParseError> {
        Self::open(data).map(|(mime, _)| mime)
    }

    /// The same, with what [`Types::of`] says.
    pub(crate) fn open(data: &str) -> Result<(Self, Types), ParseError> {
        if data.len() > limits::BODY_BYTES_MAX {
            return Err(ParseError::TooLarge);
        }
        let entity = decode(data);
        let mut fields = Fields::of(&entity);
        let (mut session_id, mut format, mut typing_user) = (None, None, None);
        let mut types = Types::default();
        for (name, value) in &mut fields {
            types.see(name, &value);
            let field = match () {
                () if name.eq_ignore_ascii_case("Session-Id") => &mut session_id,
                () if name.eq_ignore_ascii_case("X-MMS-IM-Format") => &mut format,
                () if name.eq_ignore_ascii_case("TypingUser") => &mut typing_user,
                () => continue,
            };
            field.get_or_insert(value.into_owned());
        }
        let kind = types.kind();
        let text = if kind == MessageKind::Text {
            fields.rest.to_owned()
        } else {
            String::new()
        };
        // Servers take headers as they stand; in ASCII they are the same when decoded.
        let headers = entity.len() - fields.rest.len();
        if !entity.as_bytes()[..headers].is_ascii() {
            types = Types::of(data);
        }
        let mime = Self {
            kind,
            session_id: session_id.unwrap_or_default(),
            format,
            typing_user,
            text,
        };
        Ok((mime, types))
    }

    /// Makes the text of an `r:mime-data` element, doubly encoded (spec 5.2).
    #[must_use]
    pub fn write(&self) -> String {
        let mut entity = String::with_capacity(HEADERS_USUAL + self.text.len());
        entity.push_str(match self.kind {
            MessageKind::Text => BEGINS_MOST,
            MessageKind::Typing | MessageKind::Join => BEGINS_CONTROL,
            MessageKind::Leave => BEGINS_LEAVE,
        });
        let mut field = |name: &str, value: &str| {
            entity.push_str(name);
            entity.push_str(": ");
            // Nearly all are ASCII.
            let and_legal = |all, c| all & (b' '..=b'~').contains(&c);
            if value.bytes().fold(true, and_legal) {
                entity.push_str(value);
            } else {
                let legal = |c: char| if c.is_control() { ' ' } else { c };
                entity.extend(value.chars().map(legal));
            }
            entity.push_str("\r\n");
        };
        if let Some(format) = &self.format {
            field("X-MMS-IM-Format", format);
        }
        if self.kind == MessageKind::Typing {
            field("TypingUser", self.typing_user.as_deref().unwrap_or_default());
        }
        if self.session_id.is_empty() {
            field("Session-Id", "{00000000-0000-0000-0000-000000000000}");
        } else {
            field("Session-Id", &self.session_id);
        }
        entity.push_str("\r\n");
        entity.push_str(if self.kind == MessageKind::Text {
            &self.text
        } else {
            "\r\n"
        });
        encode(entity)
    }
}

/// What the headers of an entity, doubly encoded or not, say of its type.
#[derive(Default)]
pub(crate) struct Types {
    control: bool,
    leave: bool,
    invitation: bool,
    typing: bool,
}

impl Types {
    pub(crate) fn of(entity: &str) -> Self {
        let mut types = Self::default();
        for (name, value) in Fields::of(entity) {
            types.see(name, &value);
        }
        types
    }

    fn see(&mut self, name: &str, value: &str) {
        if name.eq_ignore_ascii_case("Content-Type") {
            let kind = value.split(';').next().unwrap_or_default().trim();
            self.control |= kind.eq_ignore_ascii_case(CONTROL);
            self.leave |= kind.eq_ignore_ascii_case(LEAVE);
            self.invitation |= kind.eq_ignore_ascii_case(INVITATION);
        }
        self.typing |= name.eq_ignore_ascii_case("TypingUser");
    }

    /// The kind of the message.
    pub(crate) fn kind(&self) -> MessageKind {
        match (self.control, self.leave, self.typing) {
            (true, _, true) => MessageKind::Typing,
            (true, _, false) => MessageKind::Join,
            (false, true, _) => MessageKind::Leave,
            (false, false, _) => MessageKind::Text,
        }
    }

    /// Whether it invites to something.
    pub(crate) fn is_invitation(&self) -> bool {
        self.invitation
    }
}

/// Each octet of the UTF-8 form as the character of the same number (spec 5.2).
fn encode(text: String) -> String {
    if text.is_ascii() {
        return text;
    }
    let mut encoded = String::with_capacity(2 * text.len());
    encoded.extend(text.bytes().map(char::from));
    encoded
}

/// The reverse, or the text as it is where that makes no sense: then it was encoded once.
fn decode(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let ascii = text.bytes().take_while(u8::is_ascii).count();
    let (ascii, rest) = text.split_at(ascii);
    let mut octets = Vec::with_capacity(text.len());
    octets.extend_from_slice(ascii.as_bytes());
    for c in rest.chars() {
        let Ok(octet) = u8::try_from(c) else {
            return Cow::Borrowed(text);
        };
        octets.push(octet);
    }
    String::from_utf8(octets).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// What a line begins with that goes on with the field before it.
const FOLDS: [char; 2] = [' ', '\t'];

/// The header fields of an entity that say anything: names, and values with folded lines joined. Line ends may be CRLF or LF,
/// and lines that are no fields are passed over. When it has ended, `rest` is the body.
struct Fields<'a> {
    rest: &'a str,
    ended: bool,
}

impl<'a> Fields<'a> {
    fn of(entity: &'a str) -> Self {
        let rest = match entity.strip_prefix(BEGINS_MOST) {
            Some(rest) if !rest.starts_with(FOLDS) => rest,
            Some(_) | None => entity.trim_start_matches(['\r', '\n']),
        };
        Self { rest, ended: false }
    }

    fn line(&mut self) -> &'a str {
        let (line, rest) = split_once(self.rest, b'\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        line.strip_suffix('\r').unwrap_or(line)
    }
}

/// As [`str::split_once`], which for a text as short as a line takes longer to begin than to search.
fn split_once(text: &str, octet: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|c| c == octet)?;
    Some((&text[..at], &text[at + 1..]))
}

/// As [`str::trim`], which looks for white space beyond ASCII too. Hardly any field has that.
fn trim(text: &str) -> &str {
    let trimmed = text.trim_ascii();
    match trimmed.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => trimmed,
        _ => text.trim(),
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a str, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let line = self.line();
            if line.is_empty() {
                self.ended = true;
                return None;
            }
            let Some((name, value)) = split_once(line, b':') else {
                continue;
            };
            let mut value = Cow::Borrowed(trim(value));
            while self.rest.starts_with(FOLDS) {
                let more = self.line().trim();
                if !value.is_empty() && !more.is_empty() {
                    value.to_mut().push(' ');
                }
                value.to_mut().push_str(more);
            }
            return Some((trim(name), value));
        }
        None
    }
}

#[cfg(test)]
#[path = "mime_tests.rs"]
mod tests;
