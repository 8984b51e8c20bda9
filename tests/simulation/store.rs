//! The store of a run: in memory, shared by all home servers, and for each of them slow or out of reach when a
//! fault says so. A store with threads of its own would make every run another one.

#[path = "store/archives.rs"]
mod archives;
#[path = "store/claims.rs"]
mod claims;
#[path = "store/person.rs"]
mod person;

use crate::faults::{Faults, STORE};
use crate::history::Person;
use crate::people;
use crate::time::pass;
use archives::Archives;
use async_trait::async_trait;
use bytes::Bytes;
use claims::Claims;
use person::Row;
use rvp::{Domain, Principal};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use store::{
    Account, AccountChange, Archived, Chain, Change, Claim, Contact, Durable, Error, Fenced, KeptMessage,
    Move, Put, Store, Write, verify_archive,
};

/// How long a home server waits for a store that does not answer.
const ANSWER_WAIT: Duration = Duration::from_secs(2);

/// What is kept. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<Data>>);

#[derive(Default)]
struct Data {
    revision: u64,
    rows: BTreeMap<Principal, Row>,
    removed: BTreeMap<Principal, u64>,
    claims: Claims,
    archives: Archives,
}

impl Kept {
    /// The store as a home server reaches it.
    pub(crate) fn of(&self, home: &str, faults: &Faults) -> Arc<dyn Store> {
        Arc::new(SimStore {
            kept: self.clone(),
            home: home.to_owned(),
            faults: faults.clone(),
        })
    }

    /// The texts of the messages that wait for somebody, in their order.
    pub(crate) fn texts_for(&self, person: Person) -> Vec<String> {
        let data = self.lock();
        let row = data.rows.get(&people::principal(person));
        let waiting = row.map(|row| row.waiting(0, u32::MAX)).unwrap_or_default();
        waiting
            .iter()
            .filter_map(|message| text(&message.document))
            .collect()
    }

    /// The texts in all archives, and what is wrong with a chain.
    pub(crate) fn archived(&self) -> (Vec<String>, Option<String>) {
        let data = self.lock();
        let (mut texts, mut broken) = (Vec::new(), None);
        for chain in data.archives.chains() {
            let entries: Vec<&Archived> = data.archives.all(&chain.domain).collect();
            let ends =
                verify_archive(entries.iter().copied(), chain.anchor).and_then(|last| chain.ends_at(last));
            broken = broken.or_else(|| ends.err().map(|found| found.to_string()));
            texts.extend(
                entries
                    .iter()
                    .filter_map(|archived| text(&archived.entry.document)),
            );
        }
        (texts, broken)
    }

    fn lock(&self) -> MutexGuard<'_, Data> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a message says.
fn text(document: &Bytes) -> Option<String> {
    let notification = rvp::notification::Notification::parse(document.clone()).ok()?;
    Some(notification.mime().ok()?.text)
}

impl Data {
    fn next_revision(&mut self) -> u64 {
        self.revision += 1;
        self.revision
    }
}

/// A home server's way to the store.
struct SimStore {
    kept: Kept,
    home: String,
    faults: Faults,
}

impl SimStore {
    /// A question on its way, or an answer: both may be slow, and neither arrives when the store is out of reach.
    async fn travel(&self) -> Result<(), Error> {
        self.faults.resumed(&self.home).await;
        if self.faults.is_cut(&self.home, STORE) {
            pass(ANSWER_WAIT).await;
            return Err(Error::Unavailable(Arc::new(io::Error::from(
                io::ErrorKind::TimedOut,
            ))));
        }
        if turmoil::in_simulation() {
            pass(self.faults.store_delay(&self.home)).await;
        }
        Ok(())
    }

    /// There, done at one moment, and back again.
    async fn ask<T>(&self, done: impl FnOnce(&mut Data) -> Result<T, Error>) -> Result<T, Error> {
        self.travel().await?;
        let answer = done(&mut self.kept.lock());
        self.travel().await?;
        answer
    }
}

#[async_trait]
impl Store for SimStore {
    async fn claim(&self, claim: &Claim, slots: &[u16]) -> Result<Vec<Durable>, Error> {
        self.ask(|data| {
            data.claims.claim(claim, slots)?;
            let rows = data.rows.values().filter(|row| slots.contains(&row.slot));
            Ok(rows.map(|row| row.durable.clone()).collect())
        })
        .await
    }

    async fn epoch(&self) -> Result<u64, Error> {
        self.ask(|data| Ok(data.claims.epoch())).await
    }

    async fn moves(&self, slot: u16) -> Result<Vec<Move>, Error> {
        self.ask(|data| Ok(data.claims.moves(slot))).await
    }

    async fn keep(&self, claim: &Claim, held: &[(u16, u64)]) -> Result<Vec<u16>, Error> {
        self.ask(|data| Ok(data.claims.keep(claim, held))).await
    }

    async fn load(&self, people: &[Principal]) -> Result<Vec<Durable>, Error> {
        self.ask(|data| {
            let people: BTreeSet<&Principal> = people.iter().collect();
            let rows = people.into_iter().filter_map(|person| data.rows.get(person));
            Ok(rows.map(|row| row.durable.clone()).collect())
        })
        .await
    }

    async fn write(&self, writes: &[Write]) -> Result<Vec<Fenced>, Error> {
        self.ask(|data| {
            for write in writes.iter().filter(|write| data.claims.stands(write)) {
                if let Change::Archive(entry) = &write.change {
                    data.archives.append(entry);
                } else if let Some(row) = data.rows.get_mut(&write.principal) {
                    row.apply(&write.change);
                }
            }
            Ok(data.claims.fenced(writes))
        })
        .await
    }

    async fn kept(&self, principal: &Principal, after: u64, limit: u32) -> Result<Vec<KeptMessage>, Error> {
        self.ask(|data| {
            let row = data.rows.get(principal);
            Ok(row.map(|row| row.waiting(after, limit)).unwrap_or_default())
        })
        .await
    }

    async fn archives(&self) -> Result<Vec<Chain>, Error> {
        self.ask(|data| Ok(data.archives.chains())).await
    }

    async fn archive(&self, domain: &Domain, after: u64, limit: u32) -> Result<Vec<Archived>, Error> {
        self.ask(|data| Ok(data.archives.read(domain, after, limit)))
            .await
    }

    async fn purge_archive(&self, domain: &Domain, before: SystemTime) -> Result<u64, Error> {
        self.ask(|data| Ok(data.archives.purge(domain, before))).await
    }

    async fn accounts(&self) -> Result<Vec<Account>, Error> {
        self.ask(|data| {
            Ok(data
                .rows
                .values()
                .map(|row| row.durable.account.clone())
                .collect())
        })
        .await
    }

    async fn put_account(&self, account: &Account, slot: u16, put: Put) -> Result<(), Error> {
        self.ask(|data| {
            match (data.rows.contains_key(&account.principal), put) {
                (true, Put::New) => return Err(Error::Exists),
                (false, Put::Replace) => return Err(Error::NoSuchAccount),
                (false, Put::New) | (true, Put::Replace) => {}
            }
            let revision = data.next_revision();
            let row = data
                .rows
                .entry(account.principal.clone())
                .or_insert_with(|| Row::new(account));
            row.durable.account = account.clone();
            (row.slot, row.revision) = (slot, revision);
            Ok(())
        })
        .await
    }

    async fn remove_account(&self, principal: &Principal) -> Result<(), Error> {
        self.ask(|data| {
            data.rows.remove(principal).ok_or(Error::NoSuchAccount)?;
            let revision = data.next_revision();
            data.removed.insert(principal.clone(), revision);
            Ok(())
        })
        .await
    }

    async fn put_contacts(&self, principal: &Principal, contacts: &[Contact]) -> Result<(), Error> {
        self.ask(|data| {
            let row = data.rows.get_mut(principal).ok_or(Error::NoSuchAccount)?;
            row.apply(&Change::PutContacts(contacts.to_vec()));
            Ok(())
        })
        .await
    }

    async fn changes_since(&self, revision: u64) -> Result<(u64, Vec<AccountChange>), Error> {
        self.ask(|data| {
            let mut changes = BTreeMap::new();
            for row in data.rows.values().filter(|row| row.revision > revision) {
                changes.insert(
                    row.revision,
                    AccountChange::Put(Box::new(row.durable.account.clone())),
                );
            }
            for (principal, at) in data.removed.iter().filter(|(_, at)| **at > revision) {
                changes.insert(*at, AccountChange::Removed(principal.clone()));
            }
            Ok((data.revision, changes.into_values().collect()))
        })
        .await
    }

    async fn revision(&self) -> Result<u64, Error> {
        self.ask(|data| Ok(data.revision)).await
    }
}
