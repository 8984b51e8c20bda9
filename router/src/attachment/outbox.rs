//! What waits for one client: messages in their order, and of each presentity only the newest change. A message goes
//! before a change, so that presence cannot starve messages.

use super::lanes::Lanes;
use super::translate::Told;
use crate::call_back::Mark;
use crate::changes::{Changes, News};
use attachment::CloseCode;
use proto::{ContactChange, Outcome};
use rvp::Principal;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, oneshot};

/// Messages that may wait for one client; beyond it they are kept at home.
const MESSAGES_MAX: usize = 64;

/// Changes of the contact list that may wait for one client; beyond it the client comes back and reads the list.
const CONTACTS_MAX: usize = 256;

/// A message that waits, and who is told what became of it.
pub(super) struct Waiting {
    pub(super) mark: Mark,
    pub(super) told: Told,
    pub(super) outcome: oneshot::Sender<Outcome>,
}

/// The next thing to write.
pub(super) enum Item {
    Message(Box<Waiting>),
    Change(Arc<News>),
    Contact(ContactChange),
    Close(CloseCode),
}

/// What waits for one client.
#[derive(Default)]
pub(super) struct Outbox {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Default)]
struct State {
    /// Boxed, so that a queue that is empty again keeps hardly any memory.
    messages: VecDeque<Box<Waiting>>,
    changes: Changes,
    /// Changes wait for others.
    gathers: bool,
    contacts: VecDeque<ContactChange>,
    close: Option<CloseCode>,
    /// Nobody writes any more.
    ended: bool,
}

impl Outbox {
    /// Puts a message at the end. Says whether there was room.
    pub(super) fn put_message(&self, message: Waiting) -> bool {
        {
            let mut state = self.state();
            // Those that nobody waits for any more take no room.
            if state.messages.len() >= MESSAGES_MAX {
                state.messages.retain(|waiting| !waiting.outcome.is_closed());
            }
            if state.ended || state.messages.len() >= MESSAGES_MAX {
                return false;
            }
            state.messages.push_back(Box::new(message));
        }
        self.news.notify_one();
        true
    }

    pub(super) fn put_change(&self, news: Arc<News>) {
        {
            let mut state = self.state();
            if state.ended {
                return;
            }
            state.changes.put(news);
            if state.gathers {
                return;
            }
        }
        self.news.notify_one();
    }

    /// The client watches somebody no more: what waits of them is nothing to it, and older than the answer if it watches
    /// them again.
    pub(super) fn forget_change(&self, whose: &Principal) {
        self.state().changes.remove(whose);
    }

    /// Whether changes that are put from now on wait until this is said anew, or until something else of this is written.
    pub(super) fn gather(&self, gathers: bool) {
        self.state().gathers = gathers;
    }

    pub(super) fn put_contact(&self, change: ContactChange) {
        {
            let mut state = self.state();
            if state.ended {
                return;
            }
            if state.contacts.len() < CONTACTS_MAX {
                state.contacts.push_back(change);
            } else {
                state.close.get_or_insert(CloseCode::TooSlow);
            }
        }
        self.news.notify_one();
    }

    /// The connection is to be closed. The first reason counts.
    pub(super) fn close(&self, code: CloseCode) {
        self.state().close.get_or_insert(code);
        self.news.notify_one();
    }

    /// The first to write; a message only where there is room for one, changed contacts not while the list is read, and
    /// changes not of somebody whom the client begins to watch.
    pub(super) fn take(&self, room: bool, lanes: &Lanes) -> Option<Item> {
        let mut state = self.state();
        let changes = !state.gathers;
        state.take(room, changes, lanes)
    }

    /// The next to write after that: changes that wait for others go with it.
    pub(super) fn take_along(&self, room: bool, lanes: &Lanes) -> Option<Item> {
        self.state().take(room, true, lanes)
    }

    /// The next change of the contact list.
    pub(super) fn take_contact(&self) -> Option<ContactChange> {
        self.state().contacts.pop_front()
    }

    /// Waits until something was put in since this was asked last.
    pub(super) async fn news(&self) {
        self.news.notified().await;
    }

    /// Nobody writes any more: whoever waits for an outcome is told that there is none.
    pub(super) fn give_up(&self) {
        let messages = {
            let mut state = self.state();
            state.ended = true;
            state.changes = Changes::default();
            state.contacts.clear();
            std::mem::take(&mut state.messages)
        };
        drop(messages);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, room: bool, changes: bool, lanes: &Lanes) -> Option<Item> {
        if let Some(code) = self.close {
            return Some(Item::Close(code));
        }
        while room && let Some(message) = self.messages.pop_front() {
            // Whoever asked was told in time that the client did not take it.
            if !message.outcome.is_closed() {
                return Some(Item::Message(message));
            }
        }
        if !lanes.list_is_read
            && let Some(change) = self.contacts.pop_front()
        {
            return Some(Item::Contact(change));
        }
        if !changes {
            return None;
        }
        let change = self.changes.pop_unless(|whose| lanes.begins_to_watch(whose));
        change.map(Item::Change)
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
