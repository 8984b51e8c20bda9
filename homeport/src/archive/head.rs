//! A point of a chain as it is written down: `NUMBER:HASH`.

use serde::Serialize;
use std::fmt;
use store::{ChainHash, ChainPoint};

/// A point of a chain, for people and scripts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Point(pub(super) ChainPoint);

/// The same as `--json` shows it.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    number: u64,
    hash: String,
}

impl Point {
    pub(super) fn shown(self) -> Shown {
        Shown {
            number: self.0.number,
            hash: self.0.hash.to_string(),
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0.number, self.0.hash)
    }
}

/// Reads what [`Point`] writes.
pub(super) fn head(text: &str) -> Result<Point, String> {
    let read = || {
        let (number, digits) = text.split_once(':')?;
        let number: u64 = number.parse().ok()?;
        if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let mut hash = [0; 32];
        for (octet, pair) in hash.iter_mut().zip(digits.as_bytes().chunks(2)) {
            *octet = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        let hash = ChainHash(hash);
        Some(Point(ChainPoint { number, hash }))
    };
    read().ok_or_else(|| {
        "write it as `homeport archive verify` did, a number, a colon and 64 hexadecimal digits".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_down_is_read_again() {
        let hash = ChainHash(std::array::from_fn(|place| u8::try_from(place * 7).unwrap()));
        let point = Point(ChainPoint { number: 17, hash });
        assert_eq!(head(&point.to_string()), Ok(point));
        assert_eq!(head(&point.to_string().to_uppercase()), Ok(point));
        let digits = "0".repeat(64);
        for wrong in [
            "",
            "17",
            &digits,
            &format!("x:{digits}"),
            "17:12",
            &format!("1:{}g", &digits[1..]),
            &format!("1:+{}", &digits[1..]),
        ] {
            assert!(head(wrong).unwrap_err().contains("64 hexadecimal"), "{wrong}");
        }
    }
}
