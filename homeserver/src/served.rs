//! Which slots this home serves at this moment. A slot becomes ours with an epoch, but is served only when
//! its state is here; who asks earlier waits.

use membership::{SLOTS, Slot};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::watch;

/// The slots that are served, and how far this home has settled. Cloning copies a pointer.
#[derive(Clone, Debug)]
pub(crate) struct Served {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// By slot: the epoch at which it was claimed, or [`NOT_SERVED`].
    slots: Vec<AtomicU64>,
    /// The newest epoch at which everything that was lost is durable; sent again for every change of slots.
    settled: watch::Sender<u64>,
    /// How often slots were lost, and of how many of these times all is durable and forgotten.
    losses: AtomicU64,
    losses_settled: AtomicU64,
    /// How often the store has said that a slot is another home's.
    fences: watch::Sender<u64>,
}

/// No slot is claimed at epoch 0, when there are no members.
const NOT_SERVED: u64 = 0;

impl Served {
    /// Nothing is served.
    pub(crate) fn new() -> Self {
        let slots = (0..SLOTS).map(|_| AtomicU64::new(NOT_SERVED)).collect();
        Self {
            inner: Arc::new(Inner {
                slots,
                settled: watch::Sender::new(0),
                losses: AtomicU64::new(0),
                losses_settled: AtomicU64::new(0),
                fences: watch::Sender::new(0),
            }),
        }
    }

    /// The epoch at which a slot was claimed, if it is served.
    pub(crate) fn claimed_at(&self, slot: Slot) -> Option<u64> {
        let epoch = self.slot(slot).load(Ordering::Acquire);
        (epoch != NOT_SERVED).then_some(epoch)
    }

    /// Whether a slot is served.
    pub(crate) fn serves(&self, slot: Slot) -> bool {
        self.claimed_at(slot).is_some()
    }

    /// The slots that are served, with the epochs at which they were claimed.
    pub(crate) fn all(&self) -> Vec<(Slot, u64)> {
        Slot::all()
            .filter_map(|slot| Some((slot, self.claimed_at(slot)?)))
            .collect()
    }

    /// How many slots are served.
    pub(crate) fn len(&self) -> usize {
        Slot::all().filter(|slot| self.serves(*slot)).count()
    }

    /// Serves these slots, claimed at an epoch, from now on.
    pub(crate) fn begin(&self, slots: &[Slot], epoch: u64) {
        for slot in slots {
            self.slot(*slot).store(epoch, Ordering::Release);
        }
        self.inner.settled.send_modify(|_| {});
    }

    /// Serves no slot any more that is not ours: `ours[slot]`. Returns how many these were.
    pub(crate) fn keep_only(&self, ours: &[bool]) -> usize {
        let stop =
            |slot: &AtomicU64, ours: bool| !ours && slot.swap(NOT_SERVED, Ordering::AcqRel) != NOT_SERVED;
        let slots = self.inner.slots.iter().zip(ours);
        let lost = slots.filter(|(slot, ours)| stop(slot, **ours)).count();
        self.inner.losses.fetch_add(u64::from(lost > 0), Ordering::AcqRel);
        lost
    }

    /// The store has refused a write for a slot that was claimed at an epoch: another home has claimed it since,
    /// which this one did not see. It is not served until it is claimed anew.
    pub(crate) fn fence(&self, slot: Slot, claimed_at: u64) {
        let stopped =
            self.slot(slot)
                .compare_exchange(claimed_at, NOT_SERVED, Ordering::AcqRel, Ordering::Acquire);
        if stopped.is_ok() {
            self.inner.losses.fetch_add(1, Ordering::AcqRel);
            self.inner.fences.send_modify(|fences| *fences += 1);
        }
    }

    /// The lease is lost: others may have had everybody meanwhile, whatever the members say when they are heard of
    /// again. Nothing is served until it is claimed anew.
    pub(crate) fn stop_all(&self) {
        if self.keep_only(&[false; SLOTS as usize]) > 0 {
            self.inner.fences.send_modify(|fences| *fences += 1);
        }
    }

    /// Changes with every [`Served::fence`] and [`Served::stop_all`].
    pub(crate) fn fences(&self) -> watch::Receiver<u64> {
        self.inner.fences.subscribe()
    }

    fn slot(&self, slot: Slot) -> &AtomicU64 {
        &self.inner.slots[usize::from(slot.number())]
    }

    /// Whether everything that was lost is durable.
    pub(crate) fn is_settled(&self) -> bool {
        self.losses() == self.inner.losses_settled.load(Ordering::Acquire)
    }

    /// How often something was lost, for [`Served::settle`].
    pub(crate) fn losses(&self) -> u64 {
        self.inner.losses.load(Ordering::Acquire)
    }

    /// Everything that was lost up to this epoch, with so many losses, is durable and forgotten. What is lost in the
    /// meantime is not.
    pub(crate) fn settle(&self, epoch: u64, losses: u64) {
        self.inner.losses_settled.store(losses, Ordering::Release);
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
            async { served.begin(&[slot], 3) }
        );
        assert!(began);
        assert_eq!(served.len(), 1);
        assert_eq!(served.keep_only(&vec![false; usize::from(SLOTS)]), 1);
        assert!(!served.serves(slot));
        assert!(!served.is_settled(), "what was lost is not durable by itself");
        assert_eq!(served.keep_only(&vec![false; usize::from(SLOTS)]), 0);
        assert!(!served.is_settled(), "also when nothing more is lost");
        let losses = served.losses();
        served.begin(&[Slot::new(7).unwrap()], 2);
        served.stop_all();
        served.settle(1, losses);
        assert!(!served.is_settled(), "what was lost in the meantime");
        served.settle(1, served.losses());
        assert!(served.is_settled());
    }

    #[test]
    fn a_fence_is_for_the_claim_it_was_met_with() {
        let (served, slot) = (Served::new(), Slot::new(7).unwrap());
        served.begin(&[slot], 3);
        served.begin(&[slot], 5);
        served.fence(slot, 3);
        assert_eq!(served.claimed_at(slot), Some(5), "it was claimed anew since");
        assert!(!served.fences().has_changed().unwrap());
        let fences = served.fences();
        served.fence(slot, 5);
        assert_eq!((served.claimed_at(slot), served.is_settled()), (None, false));
        assert!(fences.has_changed().unwrap());
    }

    #[test]
    fn whoever_lost_the_lease_serves_nothing_until_it_is_claimed_anew() {
        let served = Served::new();
        let mut fences = served.fences();
        served.stop_all();
        assert!(!fences.has_changed().unwrap(), "there was nothing");
        let slots: Vec<Slot> = Slot::all().take(7).collect();
        served.begin(&slots, 3);
        served.stop_all();
        assert_eq!((served.len(), served.is_settled()), (0, false));
        assert!(fences.has_changed().unwrap());
        fences.mark_unchanged();
        served.begin(&slots[..1], 3);
        assert_eq!(served.claimed_at(slots[0]), Some(3));
    }

    #[tokio::test]
    async fn settling_never_goes_back() {
        let served = Served::new();
        served.settle(5, 0);
        served.settle(3, 0);
        served.settled(5).await;
        assert_eq!(served.len(), 0);
    }
}
