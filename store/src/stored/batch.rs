//! What a transaction does in the end: of several changes of one thing only the last.

use super::number;
use crate::{Change, Contact, KeptMessage, Login, PropertySubscription, View, Write};
use rvp::{AccessList, PresenceState, Principal};
use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

/// What becomes of things with an id: put, or with none removed. In the order of the table's key, which is
/// the order that is cheapest to write.
pub(crate) type Outcomes<'a, T> = BTreeMap<(i64, u32), Option<&'a T>>;

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
}

impl<'a> Batch<'a> {
    /// The outcome of these changes, without those of people who have no account.
    pub(crate) fn of(writes: &[&'a Write], accounts: &HashMap<Principal, i64>) -> Self {
        let mut batch = Self::default();
        for write in writes {
            if let Some(account) = accounts.get(&write.principal) {
                batch.add(*account, &write.change);
            }
        }
        batch
    }

    fn add(&mut self, account: i64, change: &'a Change) {
        match change {
            Change::PutLogin(login) => {
                self.logins.insert((account, login.id.get()), Some(login));
            }
            Change::RemoveLogin(id) => {
                self.logins.insert((account, id.get()), None);
            }
            Change::PutView(view) => {
                self.views.insert((account, view.id.get()), Some(view));
            }
            Change::RemoveView(id) => {
                self.views.insert((account, id.get()), None);
            }
            Change::PutSubscription(subscription) => {
                self.subscriptions
                    .insert((account, subscription.id.get()), Some(subscription));
            }
            Change::RemoveSubscription(id) => {
                self.subscriptions.insert((account, id.get()), None);
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
            Change::TakeMessages(numbers, at) => {
                for taken in numbers {
                    self.take((account, number(*taken)), *at);
                }
            }
            Change::ForgetMessages(numbers) => {
                let gone = numbers
                    .iter()
                    .map(|gone| ((account, number(*gone)), Kept::Forgotten));
                self.kept.extend(gone);
            }
            Change::PutContacts(list) => {
                self.contacts.insert(account, list);
            }
        }
    }
    fn take(&mut self, message: (i64, i64), at: SystemTime) {
        let outcome = match self.kept.get(&message) {
            Some(Kept::Put(put)) => Kept::PutAndTaken(put, at),
            // The first time stays, and what is gone cannot be taken.
            Some(outcome @ (Kept::PutAndTaken(..) | Kept::Taken(_) | Kept::Forgotten)) => *outcome,
            None => Kept::Taken(at),
        };
        self.kept.insert(message, outcome);
    }
}
