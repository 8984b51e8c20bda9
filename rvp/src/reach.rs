//! How a client that is logged on is reached: at its own listener, or on a connection that it holds open.

use crate::{CallBack, ClientUrl, ParseError};
use std::fmt;

/// What the text of an attachment begins with. No URL does.
const ATTACHMENT: &str = "attachment:";

/// A connection that a client holds open at a router, which alone can reach it there. RVP has no such thing; between
/// routers and homes it stands where a call-back stands. Another one for each connection, so that what is said of one
/// that has gone is not taken for the next.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttachmentId(u128);

impl AttachmentId {
    /// The attachment of that number, which is to be random.
    #[must_use]
    pub fn new(number: u128) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> u128 {
        self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(ATTACHMENT)?;
        let (pairs, []) = digits.as_bytes().as_chunks() else {
            return None;
        };
        let mut number = [0; 16];
        if pairs.len() != number.len() {
            return None;
        }
        for (octet, [high, low]) in number.iter_mut().zip(pairs) {
            *octet = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(u128::from_be_bytes(number)))
    }
}

/// What a digit of a number in lower-case hexadecimal counts.
fn digit(octet: u8) -> Option<u8> {
    match octet {
        b'0'..=b'9' => Some(octet - b'0'),
        b'a'..=b'f' => Some(octet - b'a' + 10),
        _ => None,
    }
}

impl fmt::Display for AttachmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; ATTACHMENT.len() + 32];
        let (name, number) = text.split_at_mut(ATTACHMENT.len());
        name.copy_from_slice(ATTACHMENT.as_bytes());
        let (pairs, _) = number.as_chunks_mut();
        for (pair, octet) in pairs.iter_mut().zip(self.0.to_be_bytes()) {
            *pair = [octet >> 4, octet & 0xf].map(|digit| DIGITS[usize::from(digit)]);
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for AttachmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AttachmentId({:032x})", self.0)
    }
}

/// How a client is reached.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Reach {
    /// It listens there; any router can call it.
    CallBack(ClientUrl),
    /// It holds a connection open at one router.
    Attachment(AttachmentId),
}

impl Reach {
    /// Reads what is written by [`fmt::Display`].
    ///
    /// # Errors
    /// [`ParseError::BadAddress`] when it is neither.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        match AttachmentId::parse(text) {
            Some(id) => Ok(Self::Attachment(id)),
            None => ClientUrl::parse(text).map(Self::CallBack),
        }
    }

    /// The connection, if it is one.
    #[must_use]
    pub fn attachment(&self) -> Option<AttachmentId> {
        match self {
            Self::CallBack(_) => None,
            Self::Attachment(id) => Some(*id),
        }
    }
}

impl From<ClientUrl> for Reach {
    fn from(listener: ClientUrl) -> Self {
        Self::CallBack(listener)
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CallBack(listener) => listener.fmt(f),
            Self::Attachment(id) => id.fmt(f),
        }
    }
}

impl CallBack {
    /// Reads what one process of a cluster tells another, which may also be an attachment. No client can name one:
    /// [`CallBack::parse`] does not read it.
    ///
    /// # Errors
    /// [`ParseError::BadAddress`] when it is nothing that can be reached.
    pub fn parse_inside(text: &str) -> Result<Self, ParseError> {
        match AttachmentId::parse(text) {
            Some(id) => Ok(Self::Attachment(id)),
            None => Self::parse(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attachment_is_read_inside_and_never_from_a_client() {
        let id = AttachmentId::new(0xab);
        let text = "attachment:000000000000000000000000000000ab";
        assert_eq!(id.to_string(), text);
        assert_eq!(Reach::parse(text), Ok(Reach::Attachment(id)));
        assert_eq!(CallBack::parse_inside(text), Ok(CallBack::Attachment(id)));
        assert!(CallBack::parse(text).is_err());
        assert!(ClientUrl::parse(text).is_err());
    }

    #[test]
    fn a_listener_is_read_as_before_and_nothing_else_is() {
        let text = "http://192.0.2.10:49152";
        let listener = ClientUrl::parse(text).unwrap();
        assert_eq!(Reach::parse(text), Ok(listener.clone().into()));
        assert_eq!(Reach::from(listener).to_string(), text);
        assert!(matches!(CallBack::parse_inside(text), Ok(CallBack::Client(_))));
        for bad in [
            "",
            "attachment:",
            "attachment:ab",
            "attachment:000000000000000000000000000000AB",
            "attachment:+00000000000000000000000000000ab",
            "attachment:0000000000000000000000000000000ab",
            "attachment:00000000000000000000000000000000ab",
            "attachment:000000000000000000000000000000a",
            "attachment:000000000000000000000000000000ag",
            "attachment:000000000000000000000000000000`b",
            "attachment:000000000000000000000000000000\u{e4}",
            "attachment:000000000000000000000000000000a ",
            "ATTACHMENT:000000000000000000000000000000ab",
            " attachment:000000000000000000000000000000ab",
        ] {
            assert!(Reach::parse(bad).is_err(), "{bad:?}");
            assert!(CallBack::parse_inside(bad).is_err(), "{bad:?}");
        }
    }

    proptest::proptest! {
        /// As the standard library writes it.
        #[test]
        fn an_attachment_is_its_number_in_hexadecimal(number: u128) {
            let text = format!("attachment:{number:032x}");
            let reach = Reach::Attachment(AttachmentId::new(number));
            proptest::prop_assert_eq!(reach.to_string(), text.as_str());
            proptest::prop_assert_eq!(Reach::parse(&text), Ok(reach));
        }
    }
}
