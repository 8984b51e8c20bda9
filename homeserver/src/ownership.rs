//! Follows the placement: takes over the slots that become ours, and gives up those that do not stay ours.
//!
//! What is durable is the truth about a person, so taking over is this: the former home, if it lives, says
//! that everything it changed is durable; then the slots are read from the store; then they are served. Whoever
//! asks about a person of such a slot meanwhile waits (`served`).

use crate::claims::Claims;
use crate::shards::Shards;
use futures_util::future::join_all;
use membership::{Member, MemberId, Members, Placement, Placements, SLOTS, Slot};
use proto::{Answer, Call, Links, Op};
use rvp::Fault;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Slots that are read from the store at once.
const SLOTS_AT_ONCE: usize = 512;
/// How long to wait before a store that cannot be read is tried again.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How long a former home may take to say that it has finished with its slots. What it has not made durable by
/// then it never answered, and never will: the store and the routers refuse it.
const SETTLE_WAIT: Duration = Duration::from_secs(2);
/// How long to wait before a former home that does not answer is asked again.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// What the loop needs.
pub(crate) struct Ownership {
    pub(crate) placements: Placements,
    pub(crate) links: Links,
    pub(crate) shards: Shards,
    pub(crate) claims: Claims,
}

impl Ownership {
    /// Runs until cancelled; says `ready` once the slots of the first placement are served.
    pub(crate) async fn run(self, cancelled: CancellationToken, ready: impl Fn(bool)) {
        let mut fences = self.claims.served.fences();
        let mut placement = self.placements.now();
        // Whose the slots were before we came: of the others, had they been alone.
        let mut former = Arc::new(without(&placement, &self.claims.me));
        loop {
            let followed = self.follow(&cancelled, &former, &placement).await;
            if cancelled.is_cancelled() {
                return;
            }
            ready(followed.is_ok());
            let next = async {
                let changed = self.placements.changed_from(placement.epoch());
                match followed {
                    Ok(()) => tokio::select! {
                        next = changed => next,
                        // The sender lives in `served`.
                        _ = fences.changed() => self.placements.now(),
                    },
                    Err(_) => tokio::time::timeout(READ_AGAIN_AFTER, changed)
                        .await
                        .unwrap_or_else(|_| self.placements.now()),
                }
            };
            match cancelled.run_until_cancelled(next).await {
                Some(next) => former = std::mem::replace(&mut placement, next),
                None => return,
            }
        }
    }

    /// When it is cancelled it ends at the next wait that is not for the store: a question to the store that is dropped
    /// while it is committed is done or not, and leaves a connection behind that does not know which.
    async fn follow(
        &self,
        cancelled: &CancellationToken,
        former: &Placement,
        placement: &Placement,
    ) -> Result<(), Fault> {
        let mut ours = vec![false; usize::from(SLOTS)];
        for slot in placement.slots_of(&self.claims.me) {
            ours[usize::from(slot.number())] = true;
        }
        let lost = self.claims.served.keep_only(&ours);
        // More can be lost at any time from here on: that is for the next time, and must not be taken over now, since
        // nobody has been made to forget it.
        let (losses, kept) = (self.claims.served.losses(), self.claims.served.all());
        let mut served = vec![false; usize::from(SLOTS)];
        for (slot, _) in &kept {
            served[usize::from(slot.number())] = true;
        }
        let is_gained = |slot: &Slot| {
            let slot = usize::from(slot.number());
            ours[slot] && !served[slot]
        };
        let gained: Vec<Slot> = Slot::all().filter(is_gained).collect();
        // Also what could not be made durable the last time: until it is, nobody is told that it is.
        if !self.claims.served.is_settled() {
            unless(cancelled, self.shards.release(served)).await?;
        }
        self.claims.served.settle(placement.epoch(), losses);
        let mut by_former: BTreeMap<Option<MemberId>, Vec<Slot>> = BTreeMap::new();
        for slot in &gained {
            let home = former
                .home_of_slot(*slot)
                .map(|home| home.id.clone())
                .filter(|home| *home != self.claims.me);
            by_former.entry(home).or_default().push(*slot);
        }
        let taken = by_former
            .into_iter()
            .map(|(home, slots)| self.take_over(cancelled, placement.epoch(), home, slots));
        join_all(taken).await.into_iter().collect::<Result<(), Fault>>()?;
        if !gained.is_empty() || lost > 0 {
            let (epoch, gained) = (placement.epoch(), gained.len());
            tracing::info!(
                member = self.claims.me.as_str(),
                epoch,
                gained,
                lost,
                "slots changed"
            );
        }
        self.keep(placement.epoch(), kept).await
    }

    /// Takes over slots that were all this home's, or nobody's.
    async fn take_over(
        &self,
        cancelled: &CancellationToken,
        epoch: u64,
        former: Option<MemberId>,
        slots: Vec<Slot>,
    ) -> Result<(), Fault> {
        if let Some(former) = former {
            let settled = tokio::time::timeout(SETTLE_WAIT, self.settled(epoch, &former));
            let Some(settled) = cancelled.run_until_cancelled(settled).await else {
                return Err(Fault::Unavailable);
            };
            if settled.is_err() {
                tracing::warn!(
                    home = former.as_str(),
                    epoch,
                    "former home did not settle, its slots are taken over"
                );
            }
        }
        for slots in slots.chunks(SLOTS_AT_ONCE) {
            let numbers: Vec<u16> = slots.iter().map(|slot| slot.number()).collect();
            let claimed = self.claims.store.claim(&self.claims.at(epoch), &numbers).await;
            let durables = claimed.map_err(|error| self.cannot_claim(&error))?;
            unless(cancelled, self.shards.load(durables, epoch)).await?;
            self.claims.served.begin(slots, epoch);
        }
        Ok(())
    }

    /// Says in the store that the slots which stay are still ours at this epoch.
    async fn keep(&self, epoch: u64, mut held: Vec<(Slot, u64)>) -> Result<(), Fault> {
        held.retain(|(_, claimed_at)| *claimed_at < epoch);
        let kept = self.claims.keep(epoch, &held).await;
        kept.map_err(|error| self.cannot_claim(&error))
    }

    fn cannot_claim(&self, error: &store::Error) -> Fault {
        if let store::Error::Fenced { epoch } = error {
            tracing::info!(
                member = self.claims.me.as_str(),
                epoch,
                "the store knows a newer epoch"
            );
        } else {
            let error: &dyn std::error::Error = error;
            tracing::error!(error, "the store cannot be read, trying again");
        }
        Fault::Unavailable
    }

    /// Returns when a former home has finished with its slots, or is a member no more: then nothing it
    /// did is unfinished but what is lost.
    async fn settled(&self, epoch: u64, former: &MemberId) {
        while let Some(address) = self.address_of(former) {
            if let Ok(link) = self.links.to(&address).await {
                let call = Call {
                    deadline: SETTLE_WAIT,
                    epoch,
                    trace: None,
                    op: Op::Settle,
                };
                if link.call(call).await == Ok(Ok(Answer::Done)) {
                    return;
                }
            }
            tokio::time::sleep(ASK_AGAIN_AFTER).await;
        }
    }

    fn address_of(&self, member: &MemberId) -> Option<String> {
        self.placements
            .now()
            .members()
            .get(member)
            .map(|member| member.address.clone())
    }
}

/// Waits for something as long as nobody wants to end.
async fn unless<T>(
    cancelled: &CancellationToken,
    waited: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    let waited = cancelled.run_until_cancelled(waited).await;
    waited.unwrap_or(Err(Fault::Unavailable))
}

fn without(placement: &Placement, me: &MemberId) -> Placement {
    let others: Vec<Member> = placement
        .members()
        .iter()
        .filter(|member| member.id != *me)
        .cloned()
        .collect();
    Placement::new(Arc::new(Members::new(placement.epoch(), others)))
}
