//! Which slots this home serves at this moment. A slot becomes ours with an epoch, but is served only when
//! its state is here; who asks earlier waits.

use membership::{SLOTS, Slot};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// The slots that are served, and how far this home has settled. Cloning copies a pointer.
#[derive(Clone, Debug)]
pub(crate) struct Served {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    slots: Vec<AtomicBool>,
    /// The newest epoch at which everything that was lost is durable; sent again for every change of slots.
    settled: watch::Sender<u64>,
    /// Whether slots were lost of which not everything is durable yet.
    unsettled: AtomicBool,
}

impl Served {
    /// Nothing is served.
    pub(crate) fn new() -> Self {
        let slots = (0..SLOTS).map(|_| AtomicBool::new(false)).collect();
        Self {
            inner: Arc::new(Inner {
                slots,
                settled: watch::Sender::new(0),
                unsettled: AtomicBool::new(false),
            }),
        }
    }

    /// Whether a slot is served.
    pub(crate) fn serves(&self, slot: Slot) -> bool {
        self.inner.slots[usize::from(slot.number())].load(Ordering::Acquire)
    }

    /// How many slots are served.
    pub(crate) fn len(&self) -> usize {
        self.inner
            .slots
            .iter()
            .filter(|slot| slot.load(Ordering::Acquire))
            .count()
    }

    /// Serves these slots from now on.
    pub(crate) fn begin(&self, slots: &[Slot]) {
        for slot in slots {
            self.inner.slots[usize::from(slot.number())].store(true, Ordering::Release);
        }
        self.inner.settled.send_modify(|_| {});
    }

    /// Serves no slot any more that is not ours: `ours[slot]`. Returns how many these were.
    pub(crate) fn keep_only(&self, ours: &[bool]) -> usize {
        let stop = |slot: &AtomicBool, ours: bool| !ours && slot.swap(false, Ordering::AcqRel);
        let slots = self.inner.slots.iter().zip(ours);
        let lost = slots.filter(|(slot, ours)| stop(slot, **ours)).count();
        self.inner.unsettled.fetch_or(lost > 0, Ordering::AcqRel);
        lost
    }

    /// Whether everything that was lost is durable.
    pub(crate) fn is_settled(&self) -> bool {
        !self.inner.unsettled.load(Ordering::Acquire)
    }

    /// Everything that was lost up to this epoch is durable.
    pub(crate) fn settle(&self, epoch: u64) {
        self.inner.unsettled.store(false, Ordering::Release);
        self.inner
            .settled
            .send_modify(|settled| *settled = epoch.max(*settled));
    }

    /// Returns once [`Served::settle`] has reached an epoch. The caller bounds the wait.
    pub(crate) async fn settled(&self, epoch: u64) {
        // Cannot fail: `self` keeps the sender.
        let _ = self
            .inner
            .settled
            .subscribe()
            .wait_for(|settled| *settled >= epoch)
            .await;
    }

    /// Returns once a slot is served. The caller bounds the wait.
    pub(crate) async fn reached(&self, slot: Slot) {
        // Cannot fail: `self` keeps the sender.
        let _ = self
            .inner
            .settled
            .subscribe()
            .wait_for(|_| self.serves(slot))
            .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_asks_about_a_slot_too_early_waits_for_it() {
        let (served, slot) = (Served::new(), Slot::new(7).unwrap());
        let waiting = served.clone();
        let (began, ()) = tokio::join!(
            async {
                waiting.reached(slot).await;
                waiting.serves(slot)
            },
            async { served.begin(&[slot]) }
        );
        assert!(began);
        assert_eq!(served.len(), 1);
        assert_eq!(served.keep_only(&vec![false; usize::from(SLOTS)]), 1);
        assert!(!served.serves(slot));
        assert!(!served.is_settled(), "what was lost is not durable by itself");
        assert_eq!(served.keep_only(&vec![false; usize::from(SLOTS)]), 0);
        assert!(!served.is_settled(), "also when nothing more is lost");
        served.settle(1);
        assert!(served.is_settled());
    }

    #[tokio::test]
    async fn settling_never_goes_back() {
        let served = Served::new();
        served.settle(5);
        served.settle(3);
        served.settled(5).await;
        assert_eq!(served.len(), 0);
    }
}
