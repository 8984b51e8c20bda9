//! Sizes in octets as people write them: `"64KiB"`, `"1MiB"`, `"512B"`. For `#[serde(with = "…")]`.
//!
//! There is no `kB`: half of those who write it mean 1,024, and a limit should not depend on which half.

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserializer, Serializer};
use std::fmt;

/// Units and how many octets they have, the largest first.
const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// Reads a size.
///
/// # Errors
/// When it is not a text of a whole number and a unit.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    deserializer.deserialize_str(Written)
}

/// Writes a size in the largest unit that has no remainder.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(octets: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&write(*octets))
}

struct Written;

impl Visitor<'_> for Written {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size such as \"512B\", \"64KiB\" or \"1MiB\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
        read(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

fn read(text: &str) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let (_, octets) = UNITS.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*octets)
}

fn write(octets: u64) -> String {
    let whole = UNITS
        .iter()
        .find(|(_, unit)| octets > 0 && octets.is_multiple_of(*unit));
    let (name, unit) = whole.unwrap_or(&("B", 1));
    format!("{}{name}", octets / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_a_number_and_a_unit() {
        for (text, octets) in [
            ("64KiB", 65_536),
            ("1MiB", 1 << 20),
            ("3GiB", 3 << 30),
            ("512B", 512),
            ("0B", 0),
        ] {
            assert_eq!(read(text), Some(octets), "{text}");
            assert_eq!(write(octets), text);
        }
        assert_eq!(write(1_025), "1025B");
    }

    #[test]
    fn anything_else_is_no_size() {
        for text in [
            "",
            "64",
            "KiB",
            "64kB",
            "64KB",
            "64k",
            "-1B",
            "1.5MiB",
            "99999999999999999999B",
            "99999999999999GiB",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
