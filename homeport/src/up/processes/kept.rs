//! Random values that a data folder keeps: made once, and the same from then on.

use crate::data::write_private;
use anyhow::{Context, Result};
use std::io::ErrorKind;
use std::path::Path;

/// What the file holds, or so many new octets in hexadecimal digits. Only the owner may read the file.
///
/// # Errors
/// When it can be neither read nor made.
pub(super) fn kept<const OCTETS: usize>(path: &Path) -> Result<String>
where
    rand::distr::StandardUniform: rand::distr::Distribution<[u8; OCTETS]>,
{
    match std::fs::read_to_string(path) {
        Ok(text) => return Ok(text.trim().to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
    }
    let octets: [u8; OCTETS] = rand::random();
    let text: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    write_private(path, &format!("{text}\n"))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        let made = kept::<32>(&one).unwrap();
        assert_eq!(made.len(), 64);
        assert!(made.bytes().all(|digit| digit.is_ascii_hexdigit()), "{made}");
        assert_eq!(kept::<32>(&one).unwrap(), made);
        assert_ne!(kept::<32>(&other).unwrap(), made);
    }
}
