//! What etcd holds below the prefix, as far as this process knows.

use crate::etcd::keys::Keys;
use crate::etcd::record::{self, Corrupt};
use crate::{Member, MemberId, Members};
use etcd_client::{Event, EventType, KeyValue};
use std::collections::BTreeMap;

/// The records and what the epoch follows from, at a revision.
#[derive(Debug)]
pub(crate) struct Snapshot {
    keys: Keys,
    records: BTreeMap<String, Kept>,
    /// How far epochs are ahead of revisions, and the revision of the key that says so; 0 and 0 without it.
    ahead: (u64, i64),
    /// The revision of the key of purposeful changes; 0 without it.
    changed: i64,
    /// The revision of the last change known.
    revision: i64,
    /// How many keys there are.
    count: i64,
}

/// What is kept for an id.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The member, where it can be read.
    pub(crate) member: Result<Member, Corrupt>,
    /// The lease it is kept under; 0 without one.
    pub(crate) lease: i64,
    /// The revision of its last change.
    pub(crate) revision: i64,
}

impl Snapshot {
    /// From everything that is there. A deletion leaves no trace in it, so the last change may be later than
    /// [`Snapshot::revision`] says then; see [`Snapshot::changed_at`].
    pub(crate) fn new(keys: Keys, all: &[KeyValue]) -> Self {
        let (records, count) = (BTreeMap::new(), i64::try_from(all.len()).unwrap_or(i64::MAX));
        let mut snapshot = Self {
            keys,
            records,
            ahead: (0, 0),
            changed: 0,
            revision: 0,
            count,
        };
        for kept in all {
            snapshot.put(kept);
        }
        snapshot
    }

    /// Learns when the last change was.
    pub(crate) fn changed_at(&mut self, revision: i64) {
        self.revision = revision;
    }

    /// Takes over a change.
    pub(crate) fn apply(&mut self, event: &Event) {
        let Some(kept) = event.kv() else { return };
        match event.event_type() {
            EventType::Put => self.put(kept),
            EventType::Delete => self.delete(kept),
        }
    }

    fn put(&mut self, kept: &KeyValue) {
        let (key, revision) = (kept.key(), kept.mod_revision());
        self.revision = self.revision.max(revision);
        if key == self.keys.ahead().as_bytes() {
            // What is no number is put right by the next process that knows better.
            let ahead = kept.value_str().ok().and_then(|value| value.parse().ok());
            self.ahead = (ahead.unwrap_or(0), revision);
        } else if key == self.keys.changed().as_bytes() {
            self.changed = revision;
        } else if let Some(id) = self.id_of(key) {
            let member = record::read(&id, kept.value());
            self.records.insert(
                id,
                Kept {
                    member,
                    lease: kept.lease(),
                    revision,
                },
            );
        }
    }

    fn delete(&mut self, kept: &KeyValue) {
        let key = kept.key();
        self.revision = self.revision.max(kept.mod_revision());
        if key == self.keys.ahead().as_bytes() {
            self.ahead = (0, 0);
        } else if key == self.keys.changed().as_bytes() {
            self.changed = 0;
        } else if let Some(id) = self.id_of(key) {
            self.records.remove(&id);
        }
    }

    /// Keys are made by us of ASCII; what somebody else put there is told apart as a record that is none.
    fn id_of(&self, key: &[u8]) -> Option<String> {
        let key = String::from_utf8_lossy(key);
        self.keys.id_of(&key).map(str::to_owned)
    }

    /// The epoch of the set: the revision of its last change, plus what epochs are ahead.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch_at(self.revision)
    }

    /// The epoch of a change at a revision.
    pub(crate) fn epoch_at(&self, revision: i64) -> u64 {
        self.ahead.0.saturating_add(u64::try_from(revision).unwrap_or(0))
    }

    /// The set of those whose records can be read.
    pub(crate) fn members(&self) -> Members {
        let members = self.records.values().filter_map(|kept| kept.member.as_ref().ok());
        Members::new(self.epoch(), members.cloned())
    }

    /// Who holds which lease.
    pub(crate) fn leases(&self) -> BTreeMap<MemberId, i64> {
        let leases = self.records.iter();
        leases
            .map(|(id, kept)| (MemberId::from(id.as_str()), kept.lease))
            .collect()
    }

    /// What is kept for an id.
    pub(crate) fn kept(&self, id: &MemberId) -> Option<&Kept> {
        self.records.get(id.as_str())
    }

    /// The ids whose records cannot be read, with the revision of each and why.
    pub(crate) fn corrupt(&self) -> impl Iterator<Item = (&str, i64, &Corrupt)> {
        let records = self.records.iter();
        records.filter_map(|(id, kept)| Some((id.as_str(), kept.revision, kept.member.as_ref().err()?)))
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    pub(crate) fn revision(&self) -> i64 {
        self.revision
    }

    pub(crate) fn count(&self) -> i64 {
        self.count
    }

    /// The revision of the key of purposeful changes.
    pub(crate) fn changed_revision(&self) -> i64 {
        self.changed
    }

    /// The revision of the key that says how far epochs are ahead.
    pub(crate) fn ahead_revision(&self) -> i64 {
        self.ahead.1
    }
}
