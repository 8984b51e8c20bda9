//! The id of a message, by which a retry is known.

use crate::{ParseError, limits};
use std::fmt;
use std::sync::Arc;

/// The id of a message: what a sender that tries again repeats. Visible ASCII, so that it fits a header, a log
/// line and a file as it is. RVP has none; Homeport takes it from the header `Message-Id`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(Arc<str>);

impl MessageId {
    /// Reads an id of 1 to [`limits::MESSAGE_ID_CHARS_MAX`] characters.
    ///
    /// # Errors
    /// [`ParseError::BadHeader`] when it is empty, too long or holds other than visible ASCII; a space is not.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let bad = |reason| {
            let header = "Message-Id";
            Err(ParseError::BadHeader { header, reason })
        };
        if text.is_empty() {
            bad("is empty")
        } else if text.len() > limits::MESSAGE_ID_CHARS_MAX {
            bad("is too long")
        } else if !text.bytes().all(|octet| octet.is_ascii_graphic()) {
            bad("has a character other than visible ASCII")
        } else {
            Ok(Self(text.into()))
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visible_ascii_within_the_limit_is_an_id() {
        let longest = "x".repeat(limits::MESSAGE_ID_CHARS_MAX);
        for text in ["1", "<a.b@im.example.com>", "~!{}", longest.as_str()] {
            assert_eq!(MessageId::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let too_long = "x".repeat(limits::MESSAGE_ID_CHARS_MAX + 1);
        for text in ["", " ", "a b", "a\n", "é", "\u{7f}", too_long.as_str()] {
            let refused = MessageId::parse(text);
            assert!(
                matches!(
                    refused,
                    Err(ParseError::BadHeader {
                        header: "Message-Id",
                        ..
                    })
                ),
                "{text:?}: {refused:?}"
            );
        }
    }
}
