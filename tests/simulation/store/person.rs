//! What is kept of one person, and how changes change it.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store::{
    Account, Change, Durable, KEPT_READ_BYTES_MAX, KeptHeader, KeptMessage, Login, PropertySubscription, View,
};

/// A person's row.
pub(super) struct Row {
    pub(super) slot: u16,
    pub(super) revision: u64,
    pub(super) durable: Durable,
    /// The messages that wait, by number.
    waiting: BTreeMap<u64, KeptMessage>,
}

impl Row {
    /// Somebody of whom there is nothing but an account.
    pub(super) fn new(account: &Account) -> Self {
        let durable = Durable::new(account.clone());
        Self {
            slot: 0,
            revision: 0,
            durable,
            waiting: BTreeMap::new(),
        }
    }

    /// Applies a change.
    pub(super) fn apply(&mut self, change: &Change) {
        let durable = &mut self.durable;
        match change {
            Change::PutLogin(login) => {
                let ends = whole_millis(login.ends);
                put(
                    &mut durable.logins,
                    Login {
                        ends,
                        ..login.clone()
                    },
                    |login| login.id,
                );
            }
            Change::RenewLogin(id, ends) => {
                let renewed = durable.logins.iter_mut().filter(|login| login.id == *id);
                renewed.for_each(|login| login.ends = whole_millis(*ends));
            }
            Change::RemoveLogin(id) => durable.logins.retain(|login| login.id != *id),
            Change::PutView(view) => {
                let (changed, ends) = (whole_millis(view.changed), view.ends.map(whole_millis));
                put(
                    &mut durable.views,
                    View {
                        changed,
                        ends,
                        ..view.clone()
                    },
                    |view| view.id,
                );
            }
            Change::RemoveView(id) => durable.views.retain(|view| view.id != *id),
            Change::PutSubscription(new) => {
                let new = PropertySubscription {
                    ends: whole_millis(new.ends),
                    ..new.clone()
                };
                put(&mut durable.subscriptions, new, |subscription| subscription.id);
            }
            Change::RenewSubscription(id, ends) => {
                let renewed = durable.subscriptions.iter_mut().find(|each| each.id == *id);
                renewed
                    .into_iter()
                    .for_each(|each| each.ends = whole_millis(*ends));
            }
            Change::RemoveSubscription(id) => durable.subscriptions.retain(|each| each.id != *id),
            Change::PutAccess(list) => durable.access = Some(list.clone()),
            Change::PutDisplayName(name) => durable.account.display_name.clone_from(name),
            Change::PutTold(state) => durable.told = Some(*state),
            Change::ForgetTold => durable.told = None,
            Change::PutMessage(message) => self.put_message(message),
            Change::TakeMessages(numbers, at) => self.take_messages(numbers, *at),
            Change::ForgetMessages(numbers) => {
                self.waiting.retain(|number, _| !numbers.contains(number));
                durable.kept.retain(|header| !numbers.contains(&header.number));
            }
            // Not of a person.
            Change::Archive(_) => {}
            Change::PutContacts(list) => durable.contacts.clone_from(list),
        }
    }

    fn take_messages(&mut self, numbers: &[u64], at: SystemTime) {
        self.waiting.retain(|number, _| !numbers.contains(number));
        let taken = self.durable.kept.iter_mut();
        for header in taken.filter(|header| numbers.contains(&header.number)) {
            header.taken = header.taken.or_else(|| Some(whole_millis(at)));
        }
    }

    fn put_message(&mut self, message: &KeptMessage) {
        let accepted = whole_millis(message.accepted);
        let header = KeptHeader {
            number: message.number,
            id: message.id.clone(),
            from: message.from.clone(),
            bytes: u32::try_from(message.document.len()).unwrap_or(u32::MAX),
            accepted,
            taken: None,
        };
        put(&mut self.durable.kept, header, |header| header.number);
        let message = KeptMessage {
            accepted,
            ..message.clone()
        };
        self.waiting.insert(message.number, message);
    }

    /// The messages above a number that wait, within the limits of one reading.
    pub(super) fn waiting(&self, after: u64, limit: u32) -> Vec<KeptMessage> {
        let mut octets = 0;
        let later = self.waiting.range(after.saturating_add(1)..);
        let within = later.take_while(|(_, message)| {
            let fits = octets < KEPT_READ_BYTES_MAX;
            octets += message.document.len();
            fits
        });
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        within.take(limit).map(|(_, message)| message.clone()).collect()
    }
}

/// Puts an item into a list by ascending id, in place of the one that has its id.
fn put<T, I: Ord>(list: &mut Vec<T>, new: T, id: impl Fn(&T) -> I) {
    match list.binary_search_by_key(&id(&new), &id) {
        Ok(place) => list[place] = new,
        Err(place) => list.insert(place, new),
    }
}

/// Times are kept to the millisecond; what is finer is cut off, towards the past.
pub(super) fn whole_millis(time: SystemTime) -> SystemTime {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => UNIX_EPOCH + Duration::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX)),
        Err(before) => {
            let millis = before.duration().as_nanos().div_ceil(1_000_000);
            UNIX_EPOCH - Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
        }
    }
}
