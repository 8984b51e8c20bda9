//! What is kept of one person, and how changes change it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store::{Account, Change, Durable, Login, PropertySubscription, View};

/// A person's row.
pub(super) struct Row {
    pub(super) slot: u16,
    pub(super) revision: u64,
    pub(super) durable: Durable,
}

impl Row {
    /// Somebody of whom there is nothing but an account.
    pub(super) fn new(account: &Account) -> Self {
        let durable = Durable {
            account: account.clone(),
            logins: Vec::new(),
            views: Vec::new(),
            subscriptions: Vec::new(),
            access: None,
            told: None,
        };
        Self {
            slot: 0,
            revision: 0,
            durable,
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
            Change::RemoveSubscription(id) => durable.subscriptions.retain(|each| each.id != *id),
            Change::PutAccess(list) => durable.access = Some(list.clone()),
            Change::PutDisplayName(name) => durable.account.display_name.clone_from(name),
            Change::PutTold(state) => durable.told = Some(*state),
            Change::ForgetTold => durable.told = None,
        }
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
fn whole_millis(time: SystemTime) -> SystemTime {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => UNIX_EPOCH + Duration::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX)),
        Err(before) => {
            let millis = before.duration().as_nanos().div_ceil(1_000_000);
            UNIX_EPOCH - Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
        }
    }
}
