//! Hands a message to a person's clients: one that comes in, or the next of those that were kept.

use super::Presentity;
use super::backlog::Next;
use super::deliveries::Accepted;
use crate::command::{DeliveryId, Effect, RouterName, Taken};
use bytes::Bytes;
use proto::{ClientLogin, DeliverMessage};
use rvp::notification::AckType;
use rvp::{Identity, MessageId};
use std::time::{Duration, SystemTime};

/// The hop that a kept message states: how it came is not kept, and it goes no further.
const KEPT_HOP: u8 = 2;

/// How long after a person came here a message may be one that the home before has handed over: longer than routers
/// and clients wait before they send again what was not answered.
const DOUBT_FOR: Duration = Duration::from_secs(60);

/// A message on its way out.
pub(super) struct HandOut<'a> {
    pub(super) id: DeliveryId,
    pub(super) from: &'a Identity,
    /// By which clients' routers know it again.
    pub(super) message: Option<&'a MessageId>,
    pub(super) ack: AckType,
    pub(super) hop: u8,
    pub(super) document: &'a Bytes,
    pub(super) taken: Taken,
}

impl HandOut<'_> {
    /// To each of these clients, side by side.
    pub(super) fn to(&self, clients: Vec<(RouterName, ClientLogin)>, effects: &mut Vec<Effect>) {
        for (router, login) in clients {
            let message = DeliverMessage {
                login,
                from: self.from.clone(),
                ack: self.ack,
                hop: self.hop,
                document: self.document.clone(),
                id: self.message.cloned(),
                attempt: self.id.0,
                probe: false,
                asked_by: None,
            };
            effects.push(Effect::DeliverMessage(self.id, router, message, self.taken));
        }
    }
}

impl Presentity {
    /// Hands a message that came in to the person's clients; says to how many.
    pub(super) fn hand(
        &self,
        now: SystemTime,
        id: DeliveryId,
        message: &Accepted,
        effects: &mut Vec<Effect>,
    ) -> usize {
        let clients = self.logins.clients(self.principal());
        let count = clients.len();
        let out = HandOut {
            id,
            from: &message.from,
            message: message.id.as_ref(),
            ack: message.ack,
            hop: message.hop + 1,
            document: &message.document,
            taken: self.perhaps_taken(now, &message.from, message.id.as_ref()),
        };
        out.to(clients, effects);
        count
    }

    /// Goes on with what was kept, if there is anything, and a client.
    pub(super) fn go_on(&mut self, now: SystemTime, effects: &mut Vec<Effect>) {
        if self.left || !self.backlog.is_before(&self.kept) {
            return;
        }
        let clients = self.logins.clients(self.principal());
        let next = self
            .backlog
            .next(now, !clients.is_empty(), &mut self.kept, effects);
        let Next::Deliver(message) = next else { return };
        let id = self.next_delivery(now);
        self.backlog.handed(id, &message, clients.len());
        let out = HandOut {
            id,
            from: &message.from,
            message: Some(&message.id),
            ack: message.ack,
            hop: KEPT_HOP,
            document: &message.document,
            taken: self.perhaps_taken(now, &message.from, Some(&message.id)),
        };
        out.to(clients, effects);
    }

    /// Whether a client may have taken a message in an attempt of which this home does not know what became: its
    /// own, or one of the home before it.
    pub(super) fn perhaps_taken(&self, now: SystemTime, from: &Identity, id: Option<&MessageId>) -> Taken {
        let Some(id) = id else { return Taken::No };
        let lately = self.since.is_none_or(|since| since + DOUBT_FOR > now);
        if lately || self.known.is_doubtful(now, from, id) {
            Taken::Perhaps
        } else {
            Taken::No
        }
    }

    /// An id that no other message to this person has. A person may leave this process and come back while a
    /// message's outcome is still on its way; microseconds keep that outcome from being taken for another
    /// message's.
    pub(super) fn next_delivery(&mut self, now: SystemTime) -> DeliveryId {
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let micros = u64::try_from(since.as_micros()).unwrap_or(u64::MAX);
        self.last_delivery = micros.max(self.last_delivery + 1);
        DeliveryId(self.last_delivery)
    }
}
