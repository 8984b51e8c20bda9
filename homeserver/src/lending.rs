//! Lends slots to other homes while this one is full, and takes them back when there is room.
//!
//! Hashing gives each home nearly the same number of slots, but not of people who are online. So that the cap of
//! one home refuses nobody while another has room, a home at its cap lends the slot of whoever logs on to a
//! member that is not full. All processes compute that alike, since loans are in the member's record.

use crate::census::Census;
use crate::standing::Standing;
use membership::{LENT_MAX, Member, MemberChange, MemberId, Phase, Placement, Placements, Slot};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// How often it is looked whether the home is full, or has room again.
const EVERY: Duration = Duration::from_millis(250);
/// Log-ons that may wait for a loan; more are told that the home is full.
const ASKS_MAX: usize = 256;
/// Slots that are taken back at once: each move is a moment's pause for those in it.
const TAKEN_BACK_AT_ONCE: usize = 64;
/// How long everybody may take to learn of a loan.
const SEEN_WAIT: Duration = Duration::from_secs(2);

/// Who wants a slot lent, and hears at which epoch it is; nothing when nobody has room.
struct Ask {
    slot: Slot,
    lent: oneshot::Sender<Option<u64>>,
}

/// Asks for loans. Cloning copies a pointer.
#[derive(Clone)]
pub(crate) struct Lending {
    asks: mpsc::Sender<Ask>,
}

/// Lends.
pub(crate) struct Lender {
    me: MemberId,
    placements: Placements,
    census: Census,
    standing: Standing,
    asks: mpsc::Receiver<Ask>,
}

impl Lending {
    /// A way to ask, and who lends.
    pub(crate) fn new(
        me: MemberId,
        placements: Placements,
        census: Census,
        standing: Standing,
    ) -> (Self, Lender) {
        let (sender, asks) = mpsc::channel(ASKS_MAX);
        let lender = Lender {
            me,
            placements,
            census,
            standing,
            asks,
        };
        (Self { asks: sender }, lender)
    }

    /// Lends a slot, and says at which epoch it has another home. None when no member has room for it.
    pub(crate) async fn lend(&self, slot: Slot) -> Option<u64> {
        let (lent, told) = oneshot::channel();
        self.asks.try_send(Ask { slot, lent }).ok()?;
        told.await.ok()?
    }
}

impl Lender {
    /// Lends and takes back until cancelled.
    pub(crate) async fn run(mut self, cancelled: CancellationToken) {
        let mut warned = false;
        loop {
            let mut asks = Vec::new();
            let woken = async {
                let asked = self.asks.recv_many(&mut asks, ASKS_MAX);
                let _tick = tokio::time::timeout(EVERY, asked).await;
            };
            if cancelled.run_until_cancelled(woken).await.is_none() {
                return;
            }
            self.warn(&mut warned);
            let seen = cancelled.run_until_cancelled(self.look(&asks)).await;
            let Some(placement) = seen else { return };
            for Ask { slot, lent } in asks {
                let elsewhere = placement
                    .home_of_slot(slot)
                    .is_some_and(|home| home.id != self.me);
                // Whoever asked may have given up.
                let _ = lent.send(elsewhere.then(|| placement.epoch()));
            }
        }
    }

    /// Changes what has to be changed, and returns the placement that follows.
    async fn look(&self, asks: &[Ask]) -> std::sync::Arc<Placement> {
        let placement = self.placements.now();
        let Some(record) = placement.members().get(&self.me) else {
            return placement;
        };
        let change = self.change(&placement, record, asks);
        let MemberChange {
            full,
            lend,
            take_back,
            ..
        } = &change;
        if full.is_none() && lend.is_empty() && take_back.is_empty() {
            return placement;
        }
        let (lends, takes_back) = (lend.len(), take_back.len());
        if let Err(error) = self.standing.update(change).await {
            let error: &dyn std::error::Error = &error;
            tracing::info!(member = self.me.as_str(), error, "loans stay as they are");
            return placement;
        }
        tracing::info!(
            member = self.me.as_str(),
            lends,
            takes_back,
            online = self.census.online(),
            "the members know of loans"
        );
        let seen = self.placements.changed_from(placement.epoch());
        tokio::time::timeout(SEEN_WAIT, seen).await.unwrap_or(placement)
    }

    fn change(&self, placement: &Placement, record: &Member, asks: &[Ask]) -> MemberChange {
        let mut change = MemberChange::default();
        if record.phase == Phase::Draining {
            // It gives everything away in another way.
            return change;
        }
        let full = self.census.is_full();
        change.full = (full != record.full).then_some(full);
        change.lend = self.loans(placement, record, asks);
        if change.lend.is_empty() && self.census.has_room() {
            let slots = record.lent.keys().copied();
            change.take_back = slots.take(TAKEN_BACK_AT_ONCE).collect();
        }
        change
    }

    /// To whom to lend what was asked for: to the first member in the slot's ring order that is not full, so that
    /// loans are spread as slots are.
    fn loans(&self, placement: &Placement, record: &Member, asks: &[Ask]) -> Vec<(Slot, MemberId)> {
        let mut loans = BTreeMap::new();
        if asks.is_empty() {
            return Vec::new();
        }
        let has_room = |id: &MemberId| {
            placement
                .members()
                .get(id)
                .is_some_and(|member| !member.full && member.phase == Phase::Active)
        };
        let ring = placement.ring_order();
        for Ask { slot, .. } in asks {
            let ours = placement
                .home_of_slot(*slot)
                .is_some_and(|home| home.id == self.me);
            if ours && record.lent.len() + loans.len() < LENT_MAX {
                let others = ring.of(*slot).into_iter().filter(|id| *id != self.me);
                let borrower = others.into_iter().find(has_room);
                loans.extend(borrower.map(|borrower| (*slot, borrower)));
            }
        }
        loans.into_iter().collect()
    }

    fn warn(&self, warned: &mut bool) {
        let nearly_full = self.census.is_nearly_full();
        if nearly_full != *warned {
            *warned = nearly_full;
            let online = self.census.online();
            if nearly_full {
                tracing::warn!(
                    member = self.me.as_str(),
                    online,
                    "more than 85 % of the capacity are online, add a home server"
                );
            } else {
                tracing::info!(
                    member = self.me.as_str(),
                    online,
                    "less than 85 % of the capacity are online again"
                );
            }
        }
    }
}
