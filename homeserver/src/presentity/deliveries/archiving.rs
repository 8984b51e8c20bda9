//! Messages that are about to be archived. They go on in the order in which they came: what is archived waits for
//! what its sender sent before and is not.

use super::{Accepted, Around, Deliveries, Delivery, Out, Stage};
use crate::command::{DeliveryId, Ended, Written};
use rvp::notification::AckType;
use rvp::{Fault, Identity};
use store::ArchiveEntry;

impl Deliveries {
    /// Begins a message that goes nowhere before it is in these archives; there is room.
    pub(in crate::presentity) fn begin_to_archive(
        &mut self,
        id: DeliveryId,
        message: Accepted,
        entries: Vec<ArchiveEntry>,
        around: &mut Around<'_>,
    ) {
        let Some(fingerprint) = entries.first().map(ArchiveEntry::fingerprint) else {
            return;
        };
        let known = message.id.is_some();
        let done = known && around.known.is_archived(around.now, fingerprint);
        if !done {
            around.kept.archive(id, entries, around.effects);
        }
        self.in_flight += 1;
        let stage = Stage::Archiving { fingerprint, done };
        self.open.insert(id, Delivery { message, stage });
    }

    /// What became of a message's entries.
    pub(super) fn archive_written(&mut self, id: DeliveryId, written: Written, around: &mut Around<'_>) {
        let Some(delivery) = self.open.get_mut(&id) else {
            return;
        };
        let Stage::Archiving { fingerprint, done } = &mut delivery.stage else {
            return;
        };
        match written {
            Written::Durable => {
                *done = true;
                if delivery.message.id.is_some() {
                    around.known.archived(around.now, *fingerprint);
                }
            }
            Written::Failed => self.end(id, Ended::Refused(Fault::Unavailable), around),
            Written::Fenced => self.end(id, Ended::Moved, around),
        }
    }

    /// Those that may go on, in their order.
    pub(in crate::presentity) fn archived(&self) -> Vec<DeliveryId> {
        let mut behind: Vec<&Identity> = Vec::new();
        let mut ready = Vec::new();
        for (id, delivery) in &self.open {
            let Stage::Archiving { done, .. } = delivery.stage else {
                continue;
            };
            let from = &delivery.message.from;
            if behind.contains(&from) {
                continue;
            }
            if done {
                ready.push(*id);
            } else {
                behind.push(from);
            }
        }
        ready
    }

    /// A message that is under way.
    pub(in crate::presentity) fn message(&self, id: DeliveryId) -> Option<&Accepted> {
        self.open.get(&id).map(|delivery| &delivery.message)
    }

    /// So many clients are handed a message that is archived. Says how it is acknowledged.
    pub(in crate::presentity) fn hand_archived(&mut self, id: DeliveryId, clients: usize) -> Option<AckType> {
        let delivery = self.open.get_mut(&id)?;
        delivery.stage = Stage::Out(Out::to(clients));
        Some(delivery.message.ack)
    }

    /// A message that is archived can be handed to nobody: it is kept, if there is room.
    pub(in crate::presentity) fn keep_archived(&mut self, id: DeliveryId, around: &mut Around<'_>) {
        let waiting = self.waiting();
        let Some(message) = self.message(id) else { return };
        let room = if message.keeps {
            around.kept.check_room(message.document.len(), waiting)
        } else {
            Err(Fault::NotLoggedOn)
        };
        if let Err(fault) = room {
            return self.end(id, Ended::Refused(fault), around);
        }
        if let Some(delivery) = self.open.get_mut(&id) {
            delivery.stage = Stage::Waiting;
            self.waiting += 1;
        }
        self.keep_waiting(around);
    }

    /// The person has another home: who sent what nobody was handed asks there.
    pub(super) fn leave_archiving(&mut self, around: &mut Around<'_>) {
        let archiving = self.open.iter();
        let archiving = archiving.filter(|(_, each)| matches!(each.stage, Stage::Archiving { .. }));
        for id in archiving.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.end(id, Ended::Moved, around);
        }
    }
}
