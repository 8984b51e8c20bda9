//! Messages that have not ended: handed to clients that have not acknowledged them yet (spec 3.7), or about to be
//! kept because no client could be reached. Where messages are archived, that comes before either.
//!
//! Messages of one sender keep their order also where some are delivered and others kept. So one that no client
//! could be handed waits until it is decided about all that its sender sent besides: if a later one was delivered,
//! it is refused, else they are kept in their order.

mod archiving;

use super::kept::Kept;
use super::known::Known;
use crate::command::{DeliveryId, Effect, Ended, Written};
use bytes::Bytes;
use proto::Outcome;
use rvp::notification::AckType;
use rvp::{Fault, Identity, MessageId};
use std::collections::BTreeMap;
use std::time::SystemTime;
use store::ChainHash;

/// Messages to one person that may be under way at once.
const DELIVERIES_MAX: usize = 256;

/// The messages of one person that are under way.
#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    open: BTreeMap<DeliveryId, Delivery>,
    /// How many of these have not ended.
    in_flight: usize,
    /// How many of these wait to be kept.
    waiting: usize,
}

/// A message that was accepted.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) from: Identity,
    /// None for one that may come twice.
    pub(super) id: Option<MessageId>,
    pub(super) ack: AckType,
    /// The hop on which it came.
    pub(super) hop: u8,
    pub(super) document: Bytes,
    pub(super) at: SystemTime,
    /// Whether it is kept if no client can be reached.
    pub(super) keeps: bool,
    /// Whether it is of no use later, and goes before what is kept.
    pub(super) passing: bool,
}

#[derive(Debug)]
struct Delivery {
    message: Accepted,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// It is not handed to anybody before it is in the archive.
    Archiving {
        /// By what it is known again.
        fingerprint: ChainHash,
        /// Whether it is there.
        done: bool,
    },
    /// Clients have it, or will.
    Out(Out),
    /// No client could be reached.
    Waiting,
    /// It is about to be durable, under this number.
    Keeping(u64),
}

#[derive(Debug)]
struct Out {
    /// Clients whose outcome is not known.
    outstanding: usize,
    /// The worst outcome so far that is not success.
    worst: Option<Outcome>,
    /// Whether a client has taken it.
    any_taken: bool,
    /// Whether it has been decided how it ends.
    ended: bool,
    /// Whether a later message of its sender was delivered.
    overtaken: bool,
}

/// What the outcomes of a message come to.
enum Decided {
    Ended(Ended),
    /// Nobody was handed it, because no client could be reached.
    Unreached,
}

/// What a message that came before is doing.
pub(super) enum UnderWay {
    /// Clients have it.
    Out(DeliveryId),
    /// It is about to be archived or kept.
    Keeping(DeliveryId),
}

/// What is changed beside the messages under way.
pub(super) struct Around<'a> {
    pub(super) now: SystemTime,
    pub(super) kept: &'a mut Kept,
    pub(super) known: &'a mut Known,
    pub(super) effects: &'a mut Vec<Effect>,
}

impl Deliveries {
    /// Whether no message is under way.
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// How many have not ended.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// How many wait to be kept, and their octets.
    pub(super) fn waiting(&self) -> (usize, u64) {
        if self.waiting == 0 {
            return (0, 0);
        }
        let waiting = self
            .open
            .values()
            .filter(|each| matches!(each.stage, Stage::Waiting));
        let octets = waiting.map(|each| each.message.document.len() as u64).sum();
        (self.waiting, octets)
    }

    /// What a message of this sender and id is doing, if it is under way.
    pub(super) fn find(&self, from: &Identity, id: &MessageId) -> Option<UnderWay> {
        let (delivery, found) = self
            .open
            .iter()
            .find(|(_, each)| each.message.id.as_ref() == Some(id) && each.message.from == *from)?;
        match &found.stage {
            // How it ended is known elsewhere.
            Stage::Out(out) if out.ended => None,
            Stage::Out(_) => Some(UnderWay::Out(*delivery)),
            Stage::Archiving { .. } | Stage::Waiting | Stage::Keeping(..) => {
                Some(UnderWay::Keeping(*delivery))
            }
        }
    }

    /// Whether one more may be under way.
    pub(super) fn has_room(&self) -> bool {
        self.open.len() < DELIVERIES_MAX
    }

    /// Begins a message to so many clients; there is room.
    pub(super) fn begin(&mut self, id: DeliveryId, message: Accepted, clients: usize) {
        self.in_flight += 1;
        let stage = Stage::Out(Out::to(clients));
        self.open.insert(id, Delivery { message, stage });
    }

    /// Begins a message that is to be kept; there is room.
    pub(super) fn begin_to_keep(&mut self, id: DeliveryId, message: Accepted, around: &mut Around<'_>) {
        self.in_flight += 1;
        self.waiting += 1;
        let stage = Stage::Waiting;
        self.open.insert(id, Delivery { message, stage });
        self.keep_waiting(around);
    }

    /// Takes the outcome at one client, and ends the message as soon as the outcomes decide. `leaving` says that
    /// the person has another home.
    pub(super) fn outcome(
        &mut self,
        id: DeliveryId,
        outcome: Outcome,
        leaving: bool,
        around: &mut Around<'_>,
    ) {
        let Some(delivery) = self.open.get_mut(&id) else {
            return;
        };
        let Stage::Out(out) = &mut delivery.stage else {
            return;
        };
        out.take(outcome);
        let decided = (!out.ended)
            .then(|| out.decide(delivery.message.ack, outcome))
            .flatten();
        let (all_in, keeps) = (out.outstanding == 0, delivery.message.keeps);
        match decided {
            Some(Decided::Unreached) if keeps && !leaving => self.wait(id, around),
            // Nobody was handed it, so that asking elsewhere cannot hand it to anybody twice.
            Some(Decided::Unreached) if keeps => self.end(id, Ended::Moved, around),
            Some(Decided::Unreached) => self.end(id, Ended::Refused(Fault::NotLoggedOn), around),
            Some(Decided::Ended(ended)) => self.end(id, ended, around),
            None => {}
        }
        if all_in && matches!(self.open.get(&id), Some(each) if matches!(each.stage, Stage::Out(_))) {
            self.remove(id);
        }
        self.keep_waiting(around);
    }

    /// What became of the write of a message.
    pub(super) fn written(&mut self, id: DeliveryId, written: Written, around: &mut Around<'_>) {
        let number = match self.open.get(&id).map(|each| &each.stage) {
            Some(Stage::Keeping(number)) => *number,
            Some(Stage::Archiving { .. }) => return self.archive_written(id, written, around),
            // It has ended meanwhile.
            Some(Stage::Out(_) | Stage::Waiting) | None => return,
        };
        around
            .kept
            .put_written(around.now, number, written, around.effects);
        let ended = match written {
            Written::Durable => Ended::Stored,
            Written::Failed => Ended::Refused(Fault::Unavailable),
            Written::Fenced => Ended::Moved,
        };
        self.end(id, ended, around);
    }

    /// The person has another home now. What waits to be kept is kept there; but not what its sender was told has
    /// been taken already. What is about to be archived is archived and handed out there.
    pub(super) fn leave(&mut self, around: &mut Around<'_>) {
        self.leave_archiving(around);
        let waiting = self
            .open
            .iter()
            .filter(|(_, each)| matches!(each.stage, Stage::Waiting));
        let waiting: Vec<(DeliveryId, AckType)> = waiting.map(|(id, each)| (*id, each.message.ack)).collect();
        for (id, ack) in waiting {
            match ack {
                AckType::SingleHop => self.keep(id, around),
                AckType::DeepOr | AckType::DeepAnd => self.end(id, Ended::Moved, around),
            }
        }
    }

    fn remove(&mut self, id: DeliveryId) {
        self.open.remove(&id);
        if self.open.is_empty() {
            // An empty tree keeps room for eleven, for everybody who was ever sent something.
            self.open = BTreeMap::new();
        }
    }

    fn end(&mut self, id: DeliveryId, ended: Ended, around: &mut Around<'_>) {
        let Some(delivery) = self.open.get_mut(&id) else {
            return;
        };
        self.in_flight -= 1;
        around.effects.push(Effect::Ended(id, ended));
        match &mut delivery.stage {
            // Other clients still owe their outcomes.
            Stage::Out(out) => out.ended = true,
            Stage::Waiting => {
                self.waiting -= 1;
                self.remove(id);
                return;
            }
            Stage::Archiving { .. } | Stage::Keeping(..) => {
                self.remove(id);
                return;
            }
        }
        let from = delivery.message.from.clone();
        if matches!(ended, Ended::Expired(_))
            && let Some(id) = delivery.message.id.clone()
        {
            around.known.doubt(around.now, from.clone(), id);
        }
        if ended != Ended::Delivered {
            return;
        }
        if let Some(known) = delivery.message.id.clone() {
            around.known.put(around.now, from.clone(), known);
        }
        self.overtake(id, &from, around);
    }

    /// A message was delivered: those of the same sender that came before it and are not decided come too late to
    /// be kept.
    fn overtake(&mut self, delivered: DeliveryId, from: &Identity, around: &mut Around<'_>) {
        let mut waiting = Vec::new();
        let earlier = self.open.range_mut(..delivered);
        for (id, delivery) in earlier.filter(|(_, each)| each.message.from == *from) {
            match &mut delivery.stage {
                Stage::Out(out) => out.overtaken = true,
                Stage::Waiting => waiting.push(*id),
                // It has not been its turn, and comes behind.
                Stage::Archiving { .. } | Stage::Keeping(_) => {}
            }
        }
        for id in waiting {
            self.end(id, Ended::Refused(Fault::NotLoggedOn), around);
        }
    }

    /// No client could be handed a message: it waits to be kept, if there is room, and unless a later one of its
    /// sender was delivered.
    fn wait(&mut self, id: DeliveryId, around: &mut Around<'_>) {
        let waiting = self.waiting();
        let Some(delivery) = self.open.get_mut(&id) else {
            return;
        };
        let Stage::Out(Out { overtaken, .. }) = delivery.stage else {
            return;
        };
        let room = around.kept.check_room(delivery.message.document.len(), waiting);
        delivery.stage = Stage::Waiting;
        self.waiting += 1;
        match room {
            _ if overtaken => self.end(id, Ended::Refused(Fault::NotLoggedOn), around),
            Ok(()) => {}
            Err(fault) => self.end(id, Ended::Refused(fault), around),
        }
    }

    /// Keeps what waits, in order, except behind what clients of the same sender may yet take.
    fn keep_waiting(&mut self, around: &mut Around<'_>) {
        if self.waiting == 0 {
            return;
        }
        let undecided = |each: &&Delivery| matches!(&each.stage, Stage::Out(out) if !out.ended);
        let still_out: Vec<&Identity> = self
            .open
            .values()
            .filter(undecided)
            .map(|each| &each.message.from)
            .collect();
        let ready = self
            .open
            .iter()
            .filter(|(_, each)| matches!(each.stage, Stage::Waiting))
            .filter(|(_, each)| !still_out.contains(&&each.message.from))
            .map(|(id, _)| *id);
        for id in ready.collect::<Vec<_>>() {
            self.keep(id, around);
        }
    }

    fn keep(&mut self, id: DeliveryId, around: &mut Around<'_>) {
        let Some(delivery) = self.open.get_mut(&id) else {
            return;
        };
        self.waiting -= 1;
        let number = around.kept.put(id, &delivery.message, around.effects);
        delivery.stage = Stage::Keeping(number);
    }
}

impl Out {
    fn to(clients: usize) -> Self {
        Self {
            outstanding: clients,
            worst: None,
            any_taken: false,
            ended: false,
            overtaken: false,
        }
    }

    fn take(&mut self, outcome: Outcome) {
        self.outstanding = self.outstanding.saturating_sub(1);
        self.any_taken |= outcome == Outcome::Taken;
        if outcome != Outcome::Taken && self.worst.is_none_or(|worst| badness(outcome) > badness(worst)) {
            self.worst = Some(outcome);
        }
    }

    fn decide(&self, ack: AckType, latest: Outcome) -> Option<Decided> {
        let any_is_enough = ack != AckType::DeepAnd;
        if any_is_enough && latest == Outcome::Taken {
            return Some(Decided::Ended(Ended::Delivered));
        }
        if self.outstanding > 0 {
            return None;
        }
        Some(match self.worst {
            None => Decided::Ended(Ended::Delivered),
            Some(Outcome::Unreachable) if !self.any_taken => Decided::Unreached,
            // Nobody was handed it, so that asking elsewhere cannot hand it to anybody twice.
            Some(Outcome::Moved) if !self.any_taken => Decided::Ended(Ended::Moved),
            Some(Outcome::Expired) => Decided::Ended(Ended::Expired(Fault::NotLoggedOn)),
            Some(worst) => Decided::Ended(Ended::Refused(fault(worst))),
        })
    }
}

/// Which of several outcomes a sender should hear of (spec 8.5: the worst). Who cannot be reached counts least: most
/// often that is a login that its client left behind.
pub(super) fn badness(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Taken => 0,
        Outcome::Unreachable => 1,
        Outcome::Moved => 2,
        Outcome::Busy => 3,
        Outcome::Rejected => 4,
        Outcome::Expired => 5,
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
