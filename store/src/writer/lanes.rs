//! What waits to be written, in two lanes, so that nobody's log-on waits behind a storm of watches.
//!
//! A lane keeps the order of what is in it, and what is hasty may overtake what is bulk. That changes nothing that is
//! read afterwards: bulk is what touches property subscriptions alone, and nothing hasty touches those. A submission of
//! both kinds, or of none, must stay behind all before it and before all after it; while one waits, nothing overtakes.

use super::Submission;
use crate::{Change, Write};
use std::collections::VecDeque;

/// Submissions that become one transaction. Beyond this the wait for the disk is no longer what counts, and
/// a longer transaction only makes the first of the group wait for the last.
pub const GROUP_SUBMISSIONS_MAX: usize = 1000;

/// Bulk in a group while hasty submissions come: they wait for the transaction before theirs.
pub(super) const BULK_BESIDE_HASTY_MAX: usize = 100;

/// Groups without a hasty submission after which none is expected.
const GROUPS_UNTIL_CALM: u32 = 25;

#[derive(Debug, Default)]
pub(super) struct Lanes {
    hasty: VecDeque<Submission>,
    bulk: VecDeque<Submission>,
    /// In `bulk`, those that nothing overtakes.
    barriers: usize,
    /// Groups since there was a hasty one in a group.
    calm: u32,
}

impl Lanes {
    pub(super) fn new() -> Self {
        Self {
            calm: GROUPS_UNTIL_CALM,
            ..Self::default()
        }
    }

    pub(super) fn len(&self) -> usize {
        self.hasty.len() + self.bulk.len()
    }

    pub(super) fn push(&mut self, submission: Submission) {
        let kind = Kind::of(&submission.writes);
        if kind == Kind::Hasty && self.barriers == 0 {
            self.hasty.push_back(submission);
        } else {
            // Behind a barrier everything is one: what is hasty there may not overtake it.
            self.barriers += usize::from(kind != Kind::Bulk);
            self.bulk.push_back(submission);
        }
    }

    /// The next group: the hasty first, then bulk.
    pub(super) fn group(&mut self) -> Vec<Submission> {
        let hasty = self.hasty.len().min(GROUP_SUBMISSIONS_MAX);
        self.calm = if hasty > 0 { 0 } else { self.calm.saturating_add(1) };
        let room = if self.calm >= GROUPS_UNTIL_CALM {
            GROUP_SUBMISSIONS_MAX
        } else {
            // None when more is hasty than fits: what came before a barrier is written before it.
            BULK_BESIDE_HASTY_MAX.min(GROUP_SUBMISSIONS_MAX - hasty)
        };
        let bulk = self.bulk.len().min(room);
        let mut group: Vec<Submission> = self.hasty.drain(..hasty).collect();
        for submission in self.bulk.drain(..bulk) {
            self.barriers -= usize::from(Kind::of(&submission.writes) != Kind::Bulk);
            group.push(submission);
        }
        group
    }

    /// Everything.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Submission> + use<> {
        self.barriers = 0;
        let (hasty, bulk) = (std::mem::take(&mut self.hasty), std::mem::take(&mut self.bulk));
        hasty.into_iter().chain(bulk)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Hasty,
    Bulk,
    Mixed,
}

impl Kind {
    fn of(writes: &[Write]) -> Self {
        let bulk = writes.iter().filter(|write| is_bulk(&write.change)).count();
        match bulk {
            0 if !writes.is_empty() => Self::Hasty,
            bulk if bulk == writes.len() && bulk > 0 => Self::Bulk,
            _ => Self::Mixed,
        }
    }
}

fn is_bulk(change: &Change) -> bool {
    match change {
        Change::PutSubscription(_) | Change::RenewSubscription(..) | Change::RemoveSubscription(_) => true,
        Change::PutLogin(_)
        | Change::RenewLogin(..)
        | Change::RemoveLogin(_)
        | Change::PutView(_)
        | Change::RemoveView(_)
        | Change::PutAccess(_)
        | Change::PutDisplayName(_)
        | Change::PutTold(_)
        | Change::ForgetTold
        | Change::PutMessage(_)
        | Change::TakeMessages(..)
        | Change::ForgetMessages(_)
        | Change::PutContacts(_)
        | Change::Archive(_) => false,
    }
}

#[cfg(test)]
#[path = "lanes_tests.rs"]
mod tests;
