//! The archive: what was said in a domain, chained so that a missing or altered entry shows.
//!
//! Each entry has a hash over the hash before it and its own octets, so that nobody can take one out, change one
//! or put one elsewhere without changing every hash that follows. `docs/archive.md` says how to check it with
//! nothing but SHA-256. The chain shows what was altered; it does not keep anybody from making a whole new chain:
//! for that, keep the number and hash of a head somewhere else.

use crate::stored::millis;
use bytes::Bytes;
use rvp::{Domain, Identity, MessageId, Principal};
use sha2::{Digest, Sha256};
use std::fmt;
use std::time::SystemTime;

/// Entries that one call of [`crate::Store::purge_archive`] removes at most, so that nobody waits long for it.
pub const PURGE_ENTRIES_MAX: u32 = 10_000;

/// SHA-256 of an entry and everything before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChainHash(pub [u8; 32]);

/// What was said, before it has its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ArchiveEntry {
    /// The domain whose archive it goes to.
    pub domain: Domain,
    /// When it was accepted.
    pub at: SystemTime,
    /// The message's id.
    pub id: MessageId,
    /// Who said it.
    pub from: Identity,
    /// To whom.
    pub to: Principal,
    /// The notification as it came.
    pub document: Bytes,
}

/// An entry in its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Archived {
    /// Its number in its domain, from 1 and without a gap.
    pub number: u64,
    /// What was said.
    pub entry: ArchiveEntry,
    /// The hash over it and everything before it.
    pub hash: ChainHash,
}

/// A point in a chain: the number and hash of an entry, or 0 and zeros before the first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChainPoint {
    /// The entry's number.
    pub number: u64,
    /// The entry's hash.
    pub hash: ChainHash,
}

/// The chain of a domain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chain {
    /// Whose.
    pub domain: Domain,
    /// The last entry before the first that is there: what verification begins with.
    pub anchor: ChainPoint,
    /// The last entry: what verification must come to.
    pub head: ChainPoint,
}

/// Where a chain is broken first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Break {
    /// There is no entry of this number, though there are others after it.
    #[error("entry {number} is missing")]
    Missing {
        /// The number of the first that is missing.
        number: u64,
    },
    /// The entry is not what it was, or not where it was.
    #[error("entry {number} was changed, or is in another's place")]
    Changed {
        /// Its number.
        number: u64,
    },
}

impl ChainPoint {
    /// Before the first entry of any chain.
    pub const BEGINNING: Self = Self {
        number: 0,
        hash: ChainHash([0; 32]),
    };

    /// Where a chain that ends here ends after one more entry.
    #[must_use]
    pub fn next(self, entry: &ArchiveEntry) -> Self {
        let number = self.number + 1;
        let hash = self.hash.then(number, entry);
        Self { number, hash }
    }

    /// The next entry of a chain that ends here.
    #[must_use]
    pub fn append(self, entry: ArchiveEntry) -> Archived {
        let Self { number, hash } = self.next(&entry);
        Archived { number, entry, hash }
    }
}

impl ArchiveEntry {
    /// By what it is known again: a hash over all of it but the time.
    #[must_use]
    pub fn fingerprint(&self) -> ChainHash {
        let timeless = Self {
            at: SystemTime::UNIX_EPOCH,
            ..self.clone()
        };
        ChainPoint::BEGINNING.next(&timeless).hash
    }
}

impl Archived {
    /// The point that it makes.
    #[must_use]
    pub fn point(&self) -> ChainPoint {
        ChainPoint {
            number: self.number,
            hash: self.hash,
        }
    }
}

impl ChainHash {
    /// The hash of an entry that follows the one with this hash.
    fn then(self, number: u64, entry: &ArchiveEntry) -> Self {
        let ArchiveEntry {
            domain,
            at,
            id,
            from,
            to,
            document,
        } = entry;
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(number.to_be_bytes());
        hash.update(millis::from_time(*at).to_be_bytes());
        let from = from.to_string();
        for field in [
            domain.as_str().as_bytes(),
            id.as_str().as_bytes(),
            from.as_bytes(),
            to.as_url().as_bytes(),
            document,
        ] {
            // With its length, so that nothing can be moved from one field to the next.
            hash.update(u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(field);
        }
        Self(hash.finalize().into())
    }
}

/// Follows a chain from an anchor. Returns where the entries end, which must be compared with the chain's head: the
/// last entries may be missing, which nothing that is left can show.
///
/// # Errors
/// [`Break`] says what is wrong first. Entries after it are not looked at.
pub fn verify<'e>(
    entries: impl IntoIterator<Item = &'e Archived>,
    anchor: ChainPoint,
) -> Result<ChainPoint, Break> {
    let mut last = anchor;
    for archived in entries {
        let expected = last.number + 1;
        if archived.number > expected {
            return Err(Break::Missing { number: expected });
        }
        let sound = archived.number == expected && last.hash.then(expected, &archived.entry) == archived.hash;
        if !sound {
            return Err(Break::Changed {
                number: archived.number,
            });
        }
        last = archived.point();
    }
    Ok(last)
}

impl Chain {
    /// Whether verification that came to this place has seen everything.
    ///
    /// # Errors
    /// [`Break`] if entries at the end are missing, or are others.
    pub fn ends_at(&self, last: ChainPoint) -> Result<(), Break> {
        if last.number < self.head.number {
            let number = last.number + 1;
            Err(Break::Missing { number })
        } else if last == self.head {
            Ok(())
        } else {
            let number = last.number;
            Err(Break::Changed { number })
        }
    }
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChainHash({self})")
    }
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
