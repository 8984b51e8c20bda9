//! What a client has asked and was not answered: requests about the same person wait for each other, so that what one
//! client asks of one person is done in its order.

use attachment::{ClientFrame, ContactsAction};
use rvp::Principal;
use std::collections::{HashMap, VecDeque};

/// People for whom there is room while nothing is asked.
const BUSY_KEPT: usize = 3;

/// The requests of one client that are not answered, by whom they are about.
#[derive(Default)]
pub(super) struct Lanes {
    busy: HashMap<Principal, Lane>,
    open: usize,
    /// Whether the contact list is being read: what is told of it meanwhile comes after it.
    pub(super) list_is_read: bool,
}

#[derive(Default)]
struct Lane {
    waiting: VecDeque<ClientFrame>,
    /// Whether it is asked to watch the person.
    begins_to_watch: bool,
}

impl Lanes {
    /// Requests that are not answered.
    pub(super) fn open(&self) -> usize {
        self.open
    }

    /// Takes a request in. Returns it when it can be asked at once, and none while an earlier one is asked.
    pub(super) fn begin(&mut self, target: &Principal, frame: ClientFrame) -> Option<ClientFrame> {
        if let Some(lane) = self.busy.get_mut(target) {
            // That somebody types is of no use later.
            if !matches!(frame, ClientFrame::Typing { .. }) {
                self.open += 1;
                lane.waiting.push_back(frame);
            }
            return None;
        }
        self.open += 1;
        self.busy.insert(target.clone(), Lane::default());
        self.asked(target, &frame);
        Some(frame)
    }

    /// The request that was asked is answered. Returns the one that is to be asked next.
    pub(super) fn finish(&mut self, target: &Principal, is_own: bool) -> Option<ClientFrame> {
        self.open -= 1;
        self.list_is_read &= !is_own;
        let lane = self.busy.get_mut(target)?;
        lane.begins_to_watch = false;
        let Some(next) = lane.waiting.pop_front() else {
            self.busy.remove(target);
            // Whoever asked for dozens when it logged on is not to keep the room for as long as it is there.
            if self.busy.is_empty() && self.busy.capacity() > BUSY_KEPT {
                self.busy = HashMap::new();
            }
            return None;
        };
        self.asked(target, &next);
        Some(next)
    }

    /// Whether the client asks to watch this person, and does not know how it is. Home answers with the state of when it
    /// was asked, and may tell of a newer one before that: the client would keep the older for the newer.
    pub(super) fn begins_to_watch(&self, whom: &Principal) -> bool {
        self.busy.get(whom).is_some_and(|lane| lane.begins_to_watch)
    }

    fn asked(&mut self, target: &Principal, frame: &ClientFrame) {
        if let ClientFrame::Watch { .. } = frame
            && let Some(lane) = self.busy.get_mut(target)
        {
            lane.begins_to_watch = true;
        }
        if let ClientFrame::Contacts { action, .. } = frame {
            self.list_is_read |= *action == ContactsAction::Get;
        }
    }
}

#[cfg(test)]
#[path = "lanes_tests.rs"]
mod tests;
