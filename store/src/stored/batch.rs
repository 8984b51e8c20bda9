//! What a transaction does in the end: of several changes of one thing only the last.

use super::number;
use crate::{ArchiveEntry, Change, Contact, KeptMessage, Login, PropertySubscription, View, Write};
use rvp::{AccessList, Domain, PresenceState};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::SystemTime;

/// What becomes of a thing with an id.
pub(crate) enum Outcome<'a, T: Clone> {
    /// It is this.
    Put(Cow<'a, T>),
    /// The one that is stored ends at this time.
    Renewed(SystemTime),
    /// There is none.
    Removed,
}

/// What becomes of things of one kind, in the order of the table's key, which is the order that is cheapest to
/// write.
pub(crate) type Outcomes<'a, T> = BTreeMap<(i64, u32), Outcome<'a, T>>;

/// The same, apart.
pub(crate) struct Sorted<'a, T: Clone> {
    pub(crate) put: Vec<(i64, Cow<'a, T>)>,
    pub(crate) renewed: Vec<(i64, i64, SystemTime)>,
    pub(crate) removed: Vec<(i64, i64)>,
}

impl<'a, T: Clone> Sorted<'a, T> {
    pub(crate) fn of(outcomes: Outcomes<'a, T>) -> Self {
        let put = Vec::with_capacity(outcomes.len());
        let mut sorted = Self {
            put,
            renewed: Vec::new(),
            removed: Vec::new(),
        };
        for ((account, id), outcome) in outcomes {
            match outcome {
                Outcome::Put(thing) => sorted.put.push((account, thing)),
                Outcome::Renewed(ends) => sorted.renewed.push((account, id.into(), ends)),
                Outcome::Removed => sorted.removed.push((account, id.into())),
            }
        }
        sorted
    }
}

/// What becomes of a message that is kept.
#[derive(Clone, Copy)]
pub(crate) enum Kept<'a> {
    /// It is there.
    Put(&'a KeptMessage),
    /// It came and was taken in one transaction.
    PutAndTaken(&'a KeptMessage, SystemTime),
    /// The one that is stored was taken.
    Taken(SystemTime),
    /// There is none.
    Forgotten,
}

/// The outcome of many changes.
#[derive(Default)]
pub(crate) struct Batch<'a> {
    pub(crate) logins: Outcomes<'a, Login>,
    pub(crate) views: Outcomes<'a, View>,
    pub(crate) subscriptions: Outcomes<'a, PropertySubscription>,
    pub(crate) access: BTreeMap<i64, &'a AccessList>,
    pub(crate) display_names: BTreeMap<i64, &'a str>,
    pub(crate) told: BTreeMap<i64, Option<PresenceState>>,
    /// By account and number.
    pub(crate) kept: BTreeMap<(i64, i64), Kept<'a>>,
    pub(crate) contacts: BTreeMap<i64, &'a [Contact]>,
    /// What goes to the archives, whether or not there is an account: it was said.
    pub(crate) archive: BTreeMap<&'a Domain, Vec<&'a ArchiveEntry>>,
}

impl<'a> Batch<'a> {
    /// The outcome of these changes, each with the account of the person, without those of people who have none.
    pub(crate) fn of(writes: impl Iterator<Item = (&'a Write, Option<i64>)>) -> Self {
        let mut batch = Self::default();
        for (write, account) in writes {
            if let Change::Archive(entry) = &write.change {
                batch.archive.entry(&entry.domain).or_default().push(entry);
            } else if let Some(account) = account {
                batch.add(account, &write.change);
            }
        }
        batch
    }

    fn add(&mut self, account: i64, change: &'a Change) {
        match change {
            Change::PutLogin(login) => {
                self.logins
                    .insert((account, login.id.get()), Outcome::Put(Cow::Borrowed(login)));
            }
            Change::RenewLogin(id, ends) => {
                let key = (account, id.get());
                renew(&mut self.logins, key, *ends, |login| login.ends = *ends);
            }
            Change::RemoveLogin(id) => {
                self.logins.insert((account, id.get()), Outcome::Removed);
            }
            Change::PutView(view) => {
                self.views
                    .insert((account, view.id.get()), Outcome::Put(Cow::Borrowed(view)));
            }
            Change::RemoveView(id) => {
                self.views.insert((account, id.get()), Outcome::Removed);
            }
            Change::PutSubscription(subscription) => {
                let put = Outcome::Put(Cow::Borrowed(subscription));
                self.subscriptions.insert((account, subscription.id.get()), put);
            }
            Change::RenewSubscription(id, ends) => {
                let key = (account, id.get());
                renew(&mut self.subscriptions, key, *ends, |each| each.ends = *ends);
            }
            Change::RemoveSubscription(id) => {
                self.subscriptions.insert((account, id.get()), Outcome::Removed);
            }
            Change::PutAccess(list) => {
                self.access.insert(account, list);
            }
            Change::PutDisplayName(name) => {
                self.display_names.insert(account, name);
            }
            Change::PutTold(state) => {
                self.told.insert(account, Some(*state));
            }
            Change::ForgetTold => {
                self.told.insert(account, None);
            }
            Change::PutMessage(message) => {
                self.kept
                    .insert((account, number(message.number)), Kept::Put(message));
            }
            Change::TakeMessages(numbers, at) => self.take(account, numbers, *at),
            Change::ForgetMessages(numbers) => self.forget(account, numbers),
            // Not of an account.
            Change::Archive(_) => {}
            Change::PutContacts(list) => {
                self.contacts.insert(account, list);
            }
        }
    }
    fn take(&mut self, account: i64, numbers: &[u64], at: SystemTime) {
        for taken in numbers {
            let key = (account, number(*taken));
            let outcome = match self.kept.get(&key) {
                Some(Kept::Put(put)) => Kept::PutAndTaken(put, at),
                // The first time stays, and what is gone cannot be taken.
                Some(outcome @ (Kept::PutAndTaken(..) | Kept::Taken(_) | Kept::Forgotten)) => *outcome,
                None => Kept::Taken(at),
            };
            self.kept.insert(key, outcome);
        }
    }

    fn forget(&mut self, account: i64, numbers: &[u64]) {
        for gone in numbers {
            self.kept.insert((account, number(*gone)), Kept::Forgotten);
        }
    }
}

/// Renews what is there. What was removed stays removed.
fn renew<T: Clone>(
    outcomes: &mut Outcomes<'_, T>,
    key: (i64, u32),
    ends: SystemTime,
    prolong: impl FnOnce(&mut T),
) {
    match outcomes.entry(key).or_insert(Outcome::Renewed(ends)) {
        Outcome::Put(thing) => prolong(thing.to_mut()),
        Outcome::Renewed(until) => *until = ends,
        Outcome::Removed => {}
    }
}
