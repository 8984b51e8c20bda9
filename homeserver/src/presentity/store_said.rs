//! What clients and the store have said of messages.

use super::Presentity;
use crate::command::{DeliveryId, Effect, Ticket, Written};
use proto::Outcome;
use std::time::SystemTime;
use store::KeptMessage;

impl Presentity {
    /// What became of a message at one client.
    pub(super) fn outcome(
        &mut self,
        now: SystemTime,
        id: DeliveryId,
        outcome: Outcome,
        effects: &mut Vec<Effect>,
    ) {
        let around = (&mut self.kept, &mut *effects);
        if !self.left && self.backlog.outcome(now, id, outcome, around) {
            if outcome == Outcome::Expired
                && let Some((from, message)) = self.backlog.last_handed()
            {
                self.known.doubt(now, from, message);
            }
            return self.go_on(now, effects);
        }
        let left = self.left;
        let (deliveries, mut around) = self.under_way(now, effects);
        deliveries.outcome(id, outcome, left, &mut around);
        if outcome == Outcome::Unreachable && self.backlog.is_before(&self.kept) {
            self.backlog.hold(now, effects);
        }
    }

    /// What became of a write.
    pub(super) fn written(
        &mut self,
        now: SystemTime,
        ticket: Ticket,
        written: Written,
        effects: &mut Vec<Effect>,
    ) {
        match self.kept.put_of(ticket) {
            Some(delivery) => {
                let (deliveries, mut around) = self.under_way(now, effects);
                deliveries.written(delivery, written, &mut around);
                self.hand_on(now, effects);
            }
            None => self.kept.written(now, ticket, written, effects),
        }
        self.go_on(now, effects);
    }

    /// What the store has found of kept messages.
    pub(super) fn read(
        &mut self,
        now: SystemTime,
        ticket: Ticket,
        messages: Option<Vec<KeptMessage>>,
        effects: &mut Vec<Effect>,
    ) {
        let around = (&mut self.kept, &mut *effects);
        self.backlog.found(now, ticket, messages, around);
        self.go_on(now, effects);
    }
}
