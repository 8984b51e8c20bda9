//! What waits to be written, in two lanes with a transaction each, so that nobody's log-on waits behind a storm of
//! watches.
//!
//! A lane keeps the order of what is in it, and what is hasty may overtake what is bulk. That changes nothing that is
//! read afterwards: bulk is what touches property subscriptions alone, and nothing hasty touches those. What is bulk
//! overtakes nothing: whoever subscribes hears of a state, and a crash must not keep the subscription and lose the
//! state. A submission of both kinds, or of none, stays behind all before it and before all after it, and has no
//! transaction beside it.
//!
//! A lane in which much comes has a pace: see `pace`.

use super::pace::{MUCH, MUCH_BULK, Pace};
use super::renewals::Renewals;
use super::{Outcome, Submission};
use crate::{Change, Write};
use std::collections::VecDeque;
use std::ops::Range;
use tokio::time::Instant;

/// Submissions that become one transaction. Beyond this the wait for the disk is no longer what counts, and
/// a longer transaction only makes the first of the group wait for the last.
pub const GROUP_SUBMISSIONS_MAX: usize = 1000;

/// Bulk in a transaction while hasty submissions come: where one connection writes they wait for it, and elsewhere
/// both want the same processors and the same disk.
pub(super) const BULK_BESIDE_HASTY_MAX: usize = 128;

/// Submissions of a lane for which there is always room once there was. A storm leaves no more behind.
const ROOM_KEPT: usize = 64;

/// Bulk groups without a hasty one between after which none is expected.
const GROUPS_UNTIL_CALM: u32 = 100;

/// The number of what nobody submitted: later than all that is.
const NEVER: u64 = u64::MAX;

#[derive(Debug)]
pub(super) struct Lanes {
    hasty: Lane,
    bulk: Lane,
    /// In the lane of bulk, waiting or under way, those that nothing overtakes.
    barriers: usize,
    /// The number of the next submission.
    next: u64,
    /// Bulk groups since there was a hasty one.
    calm: u32,
}

#[derive(Debug)]
struct Lane {
    waiting: VecDeque<Waiting>,
    renewals: Renewals,
    /// The number of the first submission that is being written.
    under_way: Option<u64>,
    pace: Pace,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    barrier: bool,
    submission: Submission,
}

/// What becomes one transaction.
#[derive(Debug)]
pub(super) struct Group {
    hasty: bool,
    barriers: usize,
    /// How many of the writes are renewals that were answered already: the first.
    pub(super) renewals: usize,
    pub(super) writes: Vec<Write>,
    /// Who waits for which of the writes.
    pub(super) outcomes: Vec<(Range<usize>, Outcome)>,
}

impl Lanes {
    pub(super) fn new() -> Self {
        Self {
            hasty: Lane::new(MUCH),
            bulk: Lane::new(MUCH_BULK),
            barriers: 0,
            next: 0,
            calm: GROUPS_UNTIL_CALM,
        }
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.hasty.waiting.len() + self.bulk.waiting.len()
    }

    /// Says whether there may be something to begin; else whatever ends is followed by it.
    pub(super) fn push(&mut self, submission: Submission, now: Instant) -> bool {
        let kind = Kind::of(&submission.writes);
        let hasty = kind == Kind::Hasty && self.barriers == 0;
        let lane = if hasty { &mut self.hasty } else { &mut self.bulk };
        // Behind a barrier everything is one: what is hasty there may not overtake it.
        let barrier = !hasty && kind != Kind::Bulk;
        // A renewal that comes behind others goes with them, in the order in which all were submitted.
        if submission.is_lazy() && !barrier && lane.waiting.is_empty() && lane.renewals.have_room() {
            lane.renewals.hold(submission.writes, now);
            return lane.under_way.is_none();
        }
        self.barriers += usize::from(barrier);
        if barrier || !submission.is_patient() {
            lane.pace.end();
        }
        lane.waiting.push_back(Waiting {
            number: self.next,
            barrier,
            submission,
        });
        self.next += 1;
        lane.has_news(now)
    }

    /// The next group that can be begun beside what is under way, if there is one: the hasty first.
    pub(super) fn begin(&mut self, now: Instant) -> Option<Group> {
        self.begin_hasty(now).or_else(|| self.begin_bulk(now))
    }

    fn begin_hasty(&mut self, now: Instant) -> Option<Group> {
        let lane = &mut self.hasty;
        // What nothing overtakes waits for all before it.
        if self.barriers > 0 {
            lane.pace.end();
        }
        if lane.under_way.is_some() || !lane.is_due(now) {
            return None;
        }
        lane.under_way = Some(lane.oldest());
        let mut group = Group::of(true, lane.renewals.take());
        let count = lane.waiting.len().min(GROUP_SUBMISSIONS_MAX);
        lane.waiting.drain(..count).for_each(|waiting| group.add(waiting));
        lane.begun(count, now);
        if count > 0 {
            self.calm = 0;
        }
        Some(group)
    }

    fn begin_bulk(&mut self, now: Instant) -> Option<Group> {
        if self.bulk.under_way.is_some() {
            return None;
        }
        let room = if self.calm >= GROUPS_UNTIL_CALM {
            GROUP_SUBMISSIONS_MAX
        } else {
            BULK_BESIDE_HASTY_MAX
        };
        let (first, before) = (self.bulk.oldest(), self.hasty.oldest());
        let alone = self.hasty.under_way.is_none();
        let may_begin = |waiting: &&Waiting| waiting.number < before && (alone || !waiting.barrier);
        let in_turn = if self.bulk.is_due(now) { room } else { 0 };
        let waiting = self.bulk.waiting.iter().take(in_turn);
        let count = waiting.take_while(may_begin).count();
        if count == 0 && !self.bulk.renewals.are_due(now) {
            return None;
        }
        self.bulk.under_way = Some(first);
        self.calm = self.calm.saturating_add(1);
        let chosen = self.bulk.waiting.drain(..count).collect::<Vec<_>>();
        self.bulk.begun(count, now);
        let mut renewals = self.bulk.renewals.take();
        if chosen.iter().any(|waiting| waiting.barrier) {
            renewals.extend(self.hasty.renewals.take());
        }
        let mut group = Group::of(false, renewals);
        chosen.into_iter().for_each(|waiting| group.add(waiting));
        Some(group)
    }

    /// A group was written, or could not be.
    pub(super) fn end(&mut self, group: &Group) {
        self.barriers -= group.barriers;
        let lane = if group.hasty {
            &mut self.hasty
        } else {
            &mut self.bulk
        };
        lane.under_way = None;
    }

    /// Holds renewals that could not be written back for the next time.
    pub(super) fn put_back(&mut self, renewals: Vec<Write>, now: Instant) {
        let (bulk, hasty) = renewals.into_iter().partition(|write| is_bulk(&write.change));
        self.bulk.renewals.put_back(bulk, now);
        self.hasty.renewals.put_back(hasty, now);
    }

    /// When there is something to begin though nothing more is submitted.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        let lanes = [&self.hasty, &self.bulk].into_iter();
        lanes
            .filter(|lane| lane.under_way.is_none())
            .flat_map(|lane| [lane.renewals.due(), lane.turn(now)])
            .flatten()
            .min()
    }

    /// Nothing more will be submitted: what is held back waits for nothing.
    pub(super) fn hurry(&mut self, now: Instant) {
        for lane in [&mut self.hasty, &mut self.bulk] {
            lane.renewals.hurry(now);
            lane.pace.end();
        }
    }

    /// Everything that waits.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Submission> + use<> {
        let (hasty, bulk) = (
            std::mem::take(&mut self.hasty.waiting),
            std::mem::take(&mut self.bulk.waiting),
        );
        self.barriers -= bulk.iter().filter(|waiting| waiting.barrier).count();
        hasty.into_iter().chain(bulk).map(|waiting| waiting.submission)
    }
}

impl Lane {
    fn new(much: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            renewals: Renewals::default(),
            under_way: None,
            pace: Pace::new(much),
        }
    }

    /// Whether there is something to write now.
    fn is_due(&self, now: Instant) -> bool {
        let many = self.waiting.len() >= GROUP_SUBMISSIONS_MAX;
        (!self.waiting.is_empty() && (many || self.pace.allows(now))) || self.renewals.are_due(now)
    }

    /// So many of those that waited are being written.
    fn begun(&mut self, count: usize, now: Instant) {
        self.pace.begun(count, now);
        let (needed, room) = (self.waiting.len(), self.waiting.capacity());
        if room > 2 * ROOM_KEPT && needed < room / 8 {
            self.waiting.shrink_to(ROOM_KEPT.max(2 * needed));
        }
        // What there was no room for, or what waits for the other lane, has waited for long enough.
        if !self.waiting.is_empty() {
            self.pace.end();
        }
    }

    /// When what waits for its turn has it.
    fn turn(&self, now: Instant) -> Option<Instant> {
        // What has had it waits for the other lane.
        let turn = self.pace.until().filter(|until| *until > now);
        turn.filter(|_| !self.waiting.is_empty())
    }

    /// Whether whoever begins groups is to hear of what was put last.
    fn has_news(&self, now: Instant) -> bool {
        // Of the first it must, to know when its turn is.
        self.under_way.is_none() && (self.is_due(now) || self.waiting.len() == 1)
    }

    /// The number of the oldest that is not written.
    fn oldest(&self) -> u64 {
        let waiting = self.waiting.front().map(|waiting| waiting.number);
        self.under_way.into_iter().chain(waiting).min().unwrap_or(NEVER)
    }
}

impl Group {
    fn of(hasty: bool, renewals: Vec<Write>) -> Self {
        Self {
            hasty,
            barriers: 0,
            renewals: renewals.len(),
            writes: renewals,
            outcomes: Vec::new(),
        }
    }

    fn add(&mut self, waiting: Waiting) {
        self.barriers += usize::from(waiting.barrier);
        let first = self.writes.len();
        self.writes.extend(waiting.submission.writes);
        self.outcomes
            .push((first..self.writes.len(), waiting.submission.outcome));
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
