//! When the next transaction of a lane may begin.
//!
//! While people log on by the thousand, the disk would take a transaction for each handful of them: what that costs, in
//! waiting for the disk and in waking up, is many times what is written for one. So where much has come, the next
//! transaction begins no sooner than a moment after the last one began. That is for what belongs to log-ons, of which
//! nobody notices a moment; anything else is written at once, and what waits with it. Where little comes nothing waits.

use crate::Change;
use std::time::Duration;
use tokio::time::Instant;

/// From the beginning of one transaction to that of the next.
pub(super) const PACE: Duration = Duration::from_millis(5);

/// Submissions within that time from which on much comes: logins and states, of which each who logs on has a few.
pub(super) const MUCH: usize = 8;
/// The same of subscriptions, of which each who logs on has as many as contacts: one alone is not many, unless it watches
/// more people than most do.
pub(super) const MUCH_BULK: usize = 32;

#[derive(Debug)]
pub(super) struct Pace {
    /// From so many on it is much.
    much: usize,
    /// Since when submissions are counted, and how many there were.
    counted: Option<(Instant, usize)>,
    /// Nothing begins before.
    until: Option<Instant>,
}

impl Pace {
    pub(super) fn new(much: usize) -> Self {
        Self {
            much,
            counted: None,
            until: None,
        }
    }

    /// A transaction of so many submissions has begun.
    pub(super) fn begun(&mut self, submissions: usize, now: Instant) {
        let counted = self.counted.filter(|(since, _)| now < *since + PACE);
        let (since, before) = counted.unwrap_or((now, 0));
        let count = before + submissions;
        self.counted = Some((since, count));
        self.until = (count >= self.much).then_some(now + PACE);
    }

    /// Whether the next may begin.
    pub(super) fn allows(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| until <= now)
    }

    /// Until when nothing begins, which may have passed.
    pub(super) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// The next begins as soon as it can.
    pub(super) fn end(&mut self) {
        self.until = None;
    }
}

/// Whether this may wait a moment for others: what people change by the thousand when they log on.
pub(super) fn is_patient(change: &Change) -> bool {
    match change {
        Change::PutLogin(_)
        | Change::RenewLogin(..)
        | Change::RemoveLogin(_)
        | Change::PutView(_)
        | Change::RemoveView(_)
        | Change::PutSubscription(_)
        | Change::RenewSubscription(..)
        | Change::RemoveSubscription(_)
        | Change::PutTold(_)
        | Change::ForgetTold => true,
        Change::PutAccess(_)
        | Change::PutDisplayName(_)
        | Change::PutMessage(_)
        | Change::TakeMessages(..)
        | Change::ForgetMessages(_)
        | Change::PutContacts(_)
        | Change::Archive(_) => false,
    }
}
