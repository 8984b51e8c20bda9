//! Who is online here, by slot; and the cap, which is a promise: nobody is let in beyond it, and whoever is in
//! stays in.

use membership::{SLOTS, Slot};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// From here on an operator is warned, in percent of the capacity.
const WARN_PERCENT: u32 = 85;
/// From here on nobody lends slots to this home: what is left is for its own people and their neighbours.
const FULL_PERCENT: u32 = 97;
/// Below this it has room again. Apart from the one above, so that the members do not change with everybody who
/// comes and goes.
const ROOM_PERCENT: u32 = 95;
/// Below this it takes back what it lent.
const TAKE_BACK_PERCENT: u32 = 90;

/// What is counted of one person.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Counted {
    /// Whether somebody is logged on.
    pub(crate) online: bool,
    /// Logins.
    pub(crate) sessions: usize,
    /// Property subscriptions.
    pub(crate) watchers: usize,
}

/// The counts of one home. Cloning copies a pointer.
#[derive(Clone, Debug)]
pub(crate) struct Census {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    capacity: u32,
    online: AtomicU32,
    sessions: AtomicU32,
    watchers: AtomicU32,
    by_slot: Vec<AtomicU32>,
    full: AtomicBool,
}

impl Census {
    /// Nobody is here, and so many may come.
    pub(crate) fn new(capacity: u32) -> Self {
        let inner = Inner {
            capacity,
            online: AtomicU32::new(0),
            sessions: AtomicU32::new(0),
            watchers: AtomicU32::new(0),
            by_slot: (0..SLOTS).map(|_| AtomicU32::new(0)).collect(),
            full: AtomicBool::new(false),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Shows the counts among these metrics.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register_collector(Box::new(self.clone()));
    }

    /// Keeps a place for somebody who is about to log on; none when as many are online as may be. The place is
    /// taken or given back by [`Census::count`], for which that person was online before.
    #[must_use]
    pub(crate) fn keep_place(&self, slot: Slot) -> bool {
        let room = |online| (online < self.inner.capacity).then_some(online + 1);
        let kept = self
            .inner
            .online
            .try_update(Ordering::AcqRel, Ordering::Acquire, room)
            .is_ok();
        if kept {
            self.slot(slot).fetch_add(1, Ordering::AcqRel);
        }
        kept
    }

    /// Somebody of this slot counted for that much before, and counts for this much now.
    pub(crate) fn count(&self, slot: Slot, before: Counted, now: Counted) {
        let change = |counter: &AtomicU32, before: u32, now: u32| {
            // Wrapping, so that it may go down as well.
            counter.fetch_add(now.wrapping_sub(before), Ordering::AcqRel);
        };
        if before.online != now.online {
            change(
                &self.inner.online,
                u32::from(before.online),
                u32::from(now.online),
            );
            change(self.slot(slot), u32::from(before.online), u32::from(now.online));
        }
        let small = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        change(&self.inner.sessions, small(before.sessions), small(now.sessions));
        change(&self.inner.watchers, small(before.watchers), small(now.watchers));
    }

    /// People online.
    pub(crate) fn online(&self) -> u32 {
        self.inner.online.load(Ordering::Acquire)
    }

    /// Logins.
    pub(crate) fn sessions(&self) -> u32 {
        self.inner.sessions.load(Ordering::Acquire)
    }

    /// Property subscriptions.
    pub(crate) fn watchers(&self) -> u32 {
        self.inner.watchers.load(Ordering::Acquire)
    }

    /// People online by slot, ascending, without slots that have none.
    pub(crate) fn online_by_slot(&self) -> Vec<(u16, u32)> {
        let counted = self.inner.by_slot.iter().zip(0_u16..);
        counted
            .map(|(online, slot)| (slot, online.load(Ordering::Acquire)))
            .filter(|(_, online)| *online > 0)
            .collect()
    }

    /// Whether this home has hardly any room; changes only when the count has left the band around it.
    pub(crate) fn is_full(&self) -> bool {
        let full = self.inner.full.load(Ordering::Acquire);
        let full = self.percent() >= if full { ROOM_PERCENT } else { FULL_PERCENT };
        self.inner.full.store(full, Ordering::Release);
        full
    }

    /// Whether there is room for the slots that were lent.
    pub(crate) fn has_room(&self) -> bool {
        self.percent() < TAKE_BACK_PERCENT
    }

    /// Whether an operator should know.
    pub(crate) fn is_nearly_full(&self) -> bool {
        self.percent() >= WARN_PERCENT
    }

    fn percent(&self) -> u32 {
        let percent = u64::from(self.online()) * 100 / u64::from(self.inner.capacity.max(1));
        u32::try_from(percent).unwrap_or(u32::MAX)
    }

    fn slot(&self, slot: Slot) -> &AtomicU32 {
        &self.inner.by_slot[usize::from(slot.number())]
    }
}

impl Collector for Census {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for (name, help, value) in [
            ("online_users", "People with at least one login", self.online()),
            ("sessions", "Logins of clients", self.sessions()),
            (
                "subscriptions",
                "Property subscriptions that live",
                self.watchers(),
            ),
            ("capacity", "People who may be online", self.inner.capacity),
            (
                "nearly_full",
                "1 from 85 % of the capacity on",
                u32::from(self.is_nearly_full()),
            ),
        ] {
            let gauge = ConstGauge::new(i64::from(value));
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(number: u16) -> Slot {
        Slot::new(number).unwrap()
    }

    const ONLINE: Counted = Counted {
        online: true,
        sessions: 1,
        watchers: 0,
    };
    const PLACE: Counted = Counted {
        online: true,
        sessions: 0,
        watchers: 0,
    };

    #[test]
    fn nobody_is_let_in_beyond_the_cap_and_places_come_back() {
        let census = Census::new(2);
        assert!(census.keep_place(slot(1)) && census.keep_place(slot(1)));
        assert!(!census.keep_place(slot(2)));
        census.count(slot(1), PLACE, ONLINE);
        // The other one's password was wrong.
        census.count(slot(1), PLACE, Counted::default());
        assert_eq!((census.online(), census.sessions()), (1, 1));
        assert!(census.keep_place(slot(3)));
        assert_eq!(census.online_by_slot(), [(1, 1), (3, 1)]);
    }

    #[test]
    fn whoever_comes_with_a_slot_is_in() {
        let census = Census::new(1);
        for number in 0..3 {
            census.count(slot(number), Counted::default(), ONLINE);
        }
        assert_eq!(census.online(), 3);
        assert!(!census.keep_place(slot(9)));
    }

    #[test]
    fn being_full_does_not_flicker() {
        let census = Census::new(100);
        for number in 0..97 {
            assert!(!census.is_full());
            assert_eq!(census.is_nearly_full(), number >= 85);
            assert!(census.keep_place(slot(number)));
        }
        assert!(census.is_full());
        census.count(slot(0), PLACE, Counted::default());
        census.count(slot(1), PLACE, Counted::default());
        assert!(census.is_full(), "95 of 100");
        census.count(slot(2), PLACE, Counted::default());
        assert!(!census.is_full() && !census.has_room());
    }
}
