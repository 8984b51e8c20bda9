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
    if text.is_empty() || text.chars().nth(max).is_some() || text.chars().any(char::is_control) {
        Err(FrameError::Field(field))
    } else {
        Ok(())
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
