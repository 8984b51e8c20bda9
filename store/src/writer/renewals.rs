//! Renewals that were answered and are not written.

use super::RENEWAL_DELAY;
use crate::Write;
use tokio::time::Instant;

/// Renewals that are held back; with more the time has come.
pub(super) const RENEWALS_MAX: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Renewals {
    writes: Vec<Write>,
    due: Option<Instant>,
}

impl Renewals {
    pub(super) fn have_room(&self) -> bool {
        self.writes.len() < RENEWALS_MAX
    }

    pub(super) fn hold(&mut self, writes: Vec<Write>, now: Instant) {
        self.writes.extend(writes);
        self.due = self.due.or(Some(now + RENEWAL_DELAY));
    }

    /// When they are to be written, if there are any.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    pub(super) fn are_due(&self, now: Instant) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// They wait no longer.
    pub(super) fn hurry(&mut self, now: Instant) {
        self.due = self.due.map(|due| due.min(now));
    }

    /// Those that are to be written now.
    pub(super) fn take(&mut self) -> Vec<Write> {
        self.due = None;
        std::mem::take(&mut self.writes)
    }

    /// Holds what could not be written back for the next time, before what came since. If that would be too many,
    /// the clients will renew again.
    pub(super) fn put_back(&mut self, mut writes: Vec<Write>, now: Instant) {
        if !writes.is_empty() && writes.len() + self.writes.len() <= RENEWALS_MAX {
            writes.append(&mut self.writes);
            self.hold(writes, now);
        }
    }
}
