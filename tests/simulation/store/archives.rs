//! The archives of a run.

use super::person::whole_millis;
use rvp::Domain;
use std::collections::BTreeMap;
use std::time::SystemTime;
use store::{ArchiveEntry, Archived, Chain, ChainPoint, KEPT_READ_BYTES_MAX, PURGE_ENTRIES_MAX};

/// The archive of each domain.
#[derive(Default)]
pub(super) struct Archives(BTreeMap<Domain, Archive>);

struct Archive {
    chain: Chain,
    entries: Vec<Archived>,
}

impl Archives {
    /// Appends an entry to the archive of its domain.
    pub(super) fn append(&mut self, entry: &ArchiveEntry) {
        let archive = self.0.entry(entry.domain.clone()).or_insert_with(|| Archive {
            chain: Chain {
                domain: entry.domain.clone(),
                anchor: ChainPoint::BEGINNING,
                head: ChainPoint::BEGINNING,
            },
            entries: Vec::new(),
        });
        let archived = archive.chain.head.append(ArchiveEntry {
            at: whole_millis(entry.at),
            ..entry.clone()
        });
        archive.chain.head = archived.point();
        archive.entries.push(archived);
    }

    /// All chains.
    pub(super) fn chains(&self) -> Vec<Chain> {
        self.0.values().map(|archive| archive.chain.clone()).collect()
    }

    /// Every entry of a domain.
    pub(super) fn all(&self, domain: &Domain) -> impl Iterator<Item = &Archived> {
        let archive = self.0.get(domain).into_iter();
        archive.flat_map(|archive| &archive.entries)
    }

    /// Entries above a number.
    pub(super) fn read(&self, domain: &Domain, after: u64, limit: u32) -> Vec<Archived> {
        let entries = self.all(domain);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut octets = 0;
        let later = entries.filter(|archived| archived.number > after);
        let within = later.take_while(|archived| {
            let fits = octets < KEPT_READ_BYTES_MAX;
            octets += archived.entry.document.len();
            fits
        });
        within.take(limit).cloned().collect()
    }

    /// Removes the first entries that are older.
    pub(super) fn purge(&mut self, domain: &Domain, before: SystemTime) -> u64 {
        let Some(archive) = self.0.get_mut(domain) else {
            return 0;
        };
        let older = archive
            .entries
            .iter()
            .take_while(|archived| archived.entry.at < before);
        let purged = older.take(PURGE_ENTRIES_MAX as usize).count();
        if let Some(last) = archive.entries.drain(..purged).next_back() {
            archive.chain.anchor = last.point();
        }
        purged as u64
    }
}
