//! Which messages were acknowledged: what comes again is acknowledged and not shown.

use attachment::limits::REMEMBERED_MAX;
use std::collections::{HashSet, VecDeque};

/// The last messages, by sender and id.
#[derive(Default)]
pub(super) struct Seen {
    order: VecDeque<(String, String)>,
    known: HashSet<(String, String)>,
}

impl Seen {
    /// Whether it is here for the first time. One without an id always is.
    pub(super) fn is_new(&mut self, from: &str, id: &str) -> bool {
        let message = (from.to_owned(), id.to_owned());
        if id.is_empty() {
            return true;
        }
        if !self.known.insert(message.clone()) {
            return false;
        }
        self.order.push_back(message);
        if self.order.len() > REMEMBERED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_known_by_sender_and_id_until_many_others_came() {
        let mut seen = Seen::default();
        assert!(seen.is_new("bob", "1"));
        assert!(!seen.is_new("bob", "1"));
        assert!(seen.is_new("carol", "1"));
        for id in 2..=REMEMBERED_MAX {
            assert!(seen.is_new("bob", &id.to_string()));
        }
        // The first of so many was the oldest.
        assert!(seen.is_new("bob", "1"));
        assert!(!seen.is_new("bob", &REMEMBERED_MAX.to_string()));
        assert!(seen.is_new("bob", "") && seen.is_new("bob", ""));
    }
}
