//! What a client has asked and was not answered: requests about the same person wait for each other, so that what one
//! client asks of one person is done in its order.

use super::watch::Part;
use attachment::{ClientFrame, ContactsAction};
use foldhash::HashMap;
use rvp::Principal;
use std::collections::VecDeque;

/// People for whom there is room while nothing is asked.
const BUSY_KEPT: usize = 3;

/// The requests of one client that are not answered, by whom they are about.
#[derive(Default)]
pub(super) struct Lanes {
    /// By a quick hash: who chooses names that fall together slows down nobody else.
    busy: HashMap<Principal, Lane>,
    // Small, as every connection has them.
    open: u16,
    watches: u16,
    /// Whether the contact list is being read: what is told of it meanwhile comes after it.
    pub(super) list_is_read: bool,
}

/// What is asked of one person.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::large_enum_variant, reason = "few wait, and only while they do")]
pub(super) enum Asked {
    /// All that a frame asks.
    Frame(ClientFrame),
    /// To watch the person: a part of a question, which may be about others too.
    Watch(Part),
}

#[derive(Default)]
struct Lane {
    waiting: VecDeque<Asked>,
    /// Whether it is asked to watch the person.
    begins_to_watch: bool,
}

impl Lanes {
    /// Requests that are not answered.
    pub(super) fn open(&self) -> usize {
        self.open.into()
    }

    /// People who are asked for to be watched, and of whom that is not answered.
    pub(super) fn watches(&self) -> usize {
        self.watches.into()
    }

    /// A question is open that may be about several people.
    pub(super) fn question_begins(&mut self) {
        self.open += 1;
    }

    /// All of it is answered.
    pub(super) fn question_ends(&mut self) {
        self.open -= 1;
    }

    /// Takes a request in. Returns it when it can be asked at once, and none while an earlier one is asked.
    pub(super) fn begin(&mut self, target: &Principal, asked: Asked) -> Option<Asked> {
        let busy = self.busy.get_mut(target);
        // That somebody types is of no use later.
        if busy.is_some() && matches!(asked, Asked::Frame(ClientFrame::Typing { .. })) {
            return None;
        }
        match asked {
            Asked::Frame(_) => self.open += 1,
            Asked::Watch(_) => self.watches += 1,
        }
        if let Some(lane) = busy {
            lane.waiting.push_back(asked);
            return None;
        }
        self.busy.insert(target.clone(), Lane::default());
        self.asked(target, &asked);
        Some(asked)
    }

    /// The request that was asked is answered. Returns what is to be asked next.
    pub(super) fn finish(&mut self, target: &Principal, is_own: bool) -> Option<Asked> {
        self.open -= 1;
        self.next(target, is_own)
    }

    /// The same of somebody who was to be watched. The question ends by itself.
    pub(super) fn finish_watch(&mut self, target: &Principal, is_own: bool) -> Option<Asked> {
        self.watches -= 1;
        self.next(target, is_own)
    }

    fn next(&mut self, target: &Principal, is_own: bool) -> Option<Asked> {
        self.list_is_read &= !is_own;
        let lane = self.busy.get_mut(target)?;
        lane.begins_to_watch = false;
        let Some(next) = lane.waiting.pop_front() else {
            self.busy.remove(target);
            // Whoever asked for dozens when it logged on is not to keep the room for as long as it is there.
            if self.busy.is_empty() && self.busy.capacity() > BUSY_KEPT {
                self.busy = HashMap::default();
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

    fn asked(&mut self, target: &Principal, asked: &Asked) {
        if let Asked::Watch(_) = asked
            && let Some(lane) = self.busy.get_mut(target)
        {
            lane.begins_to_watch = true;
        }
        if let Asked::Frame(ClientFrame::Contacts { action, .. }) = asked {
            self.list_is_read |= *action == ContactsAction::Get;
        }
    }
}

#[cfg(test)]
#[path = "lanes_tests.rs"]
mod tests;
