//! Reading and writing, which is the same in both directions.

use crate::FrameError;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A frame of at most so many octets.
pub(crate) fn read<F: DeserializeOwned>(text: &str, max: usize) -> Result<F, FrameError> {
    if text.len() > max {
        return Err(FrameError::TooLarge);
    }
    serde_json::from_str(text).map_err(|_| FrameError::Malformed)
}

/// One line of JSON.
pub(crate) fn write<F: Serialize>(frame: &F) -> String {
    serde_json::to_string(frame).expect("frames hold texts, numbers and lists only, which JSON has")
}

/// Checks that a text has 1 to `max` characters, none of which is a control character.
pub(crate) fn line(field: &'static str, text: &str, max: usize) -> Result<(), FrameError> {
    if !text.is_empty() && is_short(text, max) {
        Ok(())
    } else {
        Err(FrameError::Field(field))
    }
}

/// The same, and an absent one is fine.
pub(crate) fn optional_line(
    field: &'static str,
    text: Option<&String>,
    max: usize,
) -> Result<(), FrameError> {
    text.map_or(Ok(()), |text| line(field, text, max))
}

/// Whether a text has at most `max` characters, none of which is a control character.
pub(crate) fn is_short(text: &str, max: usize) -> bool {
    // Nearly all are of such characters only, each of which is one octet: then one look is enough.
    if text.bytes().all(|octet| matches!(octet, b' '..=b'~')) {
        return text.len() <= max;
    }
    text.chars().nth(max).is_none() && !text.chars().any(char::is_control)
}

/// Checks that a text has 1 to `max` characters, each of which is a visible one of ASCII.
pub(crate) fn visible(field: &'static str, text: &str, max: usize) -> Result<(), FrameError> {
    if (1..=max).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(FrameError::Field(field))
    }
}

#[cfg(test)]
mod tests {
    use super::{is_short, line, visible};
    use proptest::prelude::*;

    proptest! {
        /// Lengths are in characters, whatever octets they take; half of the controls take two.
        #[test]
        fn a_text_is_judged_by_its_characters(
            text in "[ a~\u{7f}é☕\u{0}\u{1f}\u{80}\u{9f}\u{a0}]{0,6}", max in 0..6_usize
        ) {
            let short = text.chars().count() <= max && !text.chars().any(char::is_control);
            prop_assert_eq!(is_short(&text, max), short);
            prop_assert_eq!(line("x", &text, max).is_ok(), short && !text.is_empty());
            let seen = short && !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic());
            prop_assert_eq!(visible("x", &text, max).is_ok(), seen);
        }
    }
}
