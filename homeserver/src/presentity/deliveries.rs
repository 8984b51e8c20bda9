//! Messages that clients have not acknowledged yet, and when their senders are answered (spec 3.7).

use crate::command::{DeliveryId, Effect, Ended};
use proto::Outcome;
use rvp::Fault;
use rvp::notification::AckType;
use std::collections::BTreeMap;
use std::time::SystemTime;

/// Messages to one person that may be on their way to clients at once.
const DELIVERIES_MAX: usize = 256;

/// The messages of one person that are on their way.
#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    last: u64,
    open: BTreeMap<DeliveryId, Delivery>,
    /// How many of these have not ended.
    in_flight: usize,
}

#[derive(Debug)]
struct Delivery {
    ack: AckType,
    /// Clients whose outcome is not known.
    outstanding: usize,
    /// The worst outcome so far that is not success.
    worst: Option<Outcome>,
    /// Whether a client has taken it.
    any_taken: bool,
    /// Whether it has been decided how it ends.
    ended: bool,
}

impl Deliveries {
    /// Whether no message is on its way.
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// How many have not ended.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Begins a message to so many clients.
    pub(crate) fn begin(
        &mut self,
        now: SystemTime,
        ack: AckType,
        clients: usize,
    ) -> Result<DeliveryId, Fault> {
        if self.open.len() >= DELIVERIES_MAX {
            return Err(Fault::Busy);
        }
        // A person may leave this process and come back while a message's outcome is still on its way;
        // microseconds keep that outcome from being taken for another message's.
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let micros = u64::try_from(since.as_micros()).unwrap_or(u64::MAX);
        self.last = micros.max(self.last + 1);
        let id = DeliveryId(self.last);
        self.in_flight += 1;
        self.open.insert(
            id,
            Delivery {
                ack,
                outstanding: clients,
                worst: None,
                any_taken: false,
                ended: false,
            },
        );
        Ok(id)
    }

    /// Takes the outcome at one client, and ends the message as soon as the outcomes decide.
    pub(crate) fn outcome(&mut self, id: DeliveryId, outcome: Outcome, effects: &mut Vec<Effect>) {
        let Some(delivery) = self.open.get_mut(&id) else {
            return;
        };
        delivery.outstanding = delivery.outstanding.saturating_sub(1);
        delivery.any_taken |= outcome == Outcome::Taken;
        if outcome != Outcome::Taken
            && delivery
                .worst
                .is_none_or(|worst| badness(outcome) > badness(worst))
        {
            delivery.worst = Some(outcome);
        }
        if !delivery.ended
            && let Some(ended) = delivery.decide(outcome)
        {
            delivery.ended = true;
            self.in_flight -= 1;
            effects.push(Effect::Ended(id, ended));
        }
        if delivery.outstanding == 0 {
            self.open.remove(&id);
        }
    }
}

impl Delivery {
    fn decide(&self, latest: Outcome) -> Option<Ended> {
        let any_is_enough = self.ack != AckType::DeepAnd;
        if any_is_enough && latest == Outcome::Taken {
            return Some(Ended::Delivered);
        }
        if self.outstanding > 0 {
            return None;
        }
        Some(match self.worst {
            None => Ended::Delivered,
            // Nobody was handed it, so that asking elsewhere cannot hand it to anybody twice.
            Some(Outcome::Moved) if !self.any_taken => Ended::Moved,
            Some(Outcome::Expired) => Ended::Expired(Fault::NotLoggedOn),
            Some(worst) => Ended::Refused(fault(worst)),
        })
    }
}

/// Which of several outcomes a sender should hear of (spec 8.5: the worst).
fn badness(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Taken => 0,
        Outcome::Moved => 1,
        Outcome::Busy => 2,
        Outcome::Rejected => 3,
        Outcome::Expired => 4,
        Outcome::Unreachable => 5,
        Outcome::Left => 6,
    }
}

fn fault(outcome: Outcome) -> Fault {
    match outcome {
        Outcome::Left => Fault::LeftConversation,
        Outcome::Busy => Fault::Busy,
        Outcome::Taken | Outcome::Rejected | Outcome::Expired | Outcome::Unreachable => Fault::NotLoggedOn,
        Outcome::Moved => Fault::Unavailable,
    }
}
