//! What operators ask this home.

use crate::census::Census;
use crate::ledger::Ledger;
use crate::metrics::Metrics;
use crate::served::Served;
use crate::standing::Standing;
use membership::{Member, MemberChange, MemberId, Members, Phase, Slot};
use proto::Refusal;
use proto::operator::{Explained, HomeLoad, KnownMember, KnownMembers, Loan, MemberPhase, SlotMove};
use rvp::Fault;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;
use store::Store;

/// What answers operators.
pub(crate) struct Operator {
    pub(crate) me: MemberId,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) served: Served,
    pub(crate) census: Census,
    pub(crate) ledger: Ledger,
    pub(crate) metrics: Metrics,
    pub(crate) standing: Standing,
}

impl Operator {
    /// How this home is.
    pub(crate) fn load(&self) -> HomeLoad {
        HomeLoad {
            online: self.census.online(),
            sessions: self.census.sessions(),
            subscriptions: self.census.watchers(),
            slots: u32::try_from(self.served.len()).unwrap_or(u32::MAX),
            messages_in_flight: self.ledger.in_flight(),
            requests_per_second: self.metrics.requests_per_second(),
            online_by_slot: self.census.online_by_slot(),
        }
    }

    /// Says that it drains, or does not any more.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] when the members cannot be told.
    pub(crate) async fn set_phase(&self, phase: Phase) -> Result<(), Refusal> {
        tracing::info!(member = self.me.as_str(), %phase, "an operator sets the phase");
        self.standing
            .update(MemberChange::phase(phase))
            .await
            .map_err(|error| {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(member = self.me.as_str(), error, "the members were not told");
                Refusal::Fault(Fault::Unavailable)
            })
    }

    /// Adds what the home knows to what the shard knows.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] when the store cannot be read.
    pub(crate) async fn complete(&self, epoch: u64, explained: &mut Explained) -> Result<(), Refusal> {
        explained.epoch = epoch;
        self.me.as_str().clone_into(&mut explained.home);
        let moves = self.store.moves(explained.slot).await.map_err(|error| {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "the store cannot be read");
            Refusal::Fault(Fault::Unavailable)
        })?;
        let slot_move = |each: store::Move| SlotMove {
            member: each.member,
            epoch: each.epoch,
            at_ms: millis(each.at),
        };
        explained.moves = moves.into_iter().map(slot_move).collect();
        Ok(())
    }
}

/// The members, as operators are told.
pub(crate) fn known(members: &Members) -> KnownMembers {
    KnownMembers {
        epoch: members.epoch(),
        members: members.iter().map(known_member).collect(),
    }
}

fn known_member(member: &Member) -> KnownMember {
    let mut lent: BTreeMap<&MemberId, Vec<u16>> = BTreeMap::new();
    for (slot, to) in &member.lent {
        lent.entry(to).or_default().push(Slot::number(*slot));
    }
    let loan = |(to, slots): (&MemberId, Vec<u16>)| Loan {
        to: to.to_string(),
        slots,
    };
    KnownMember {
        id: member.id.to_string(),
        address: member.address.clone(),
        zone: member.zone.clone(),
        capacity: member.capacity,
        phase: match member.phase {
            Phase::Joining => MemberPhase::Joining,
            Phase::Active => MemberPhase::Active,
            Phase::Draining => MemberPhase::Draining,
        },
        full: member.full,
        lent: lent.into_iter().map(loan).collect(),
        protocol: member.protocol,
        placement: member.placement,
    }
}

fn millis(at: SystemTime) -> u64 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
