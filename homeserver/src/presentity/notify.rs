//! NOTIFY: a message to this person (spec 3.7, 5).

use super::deliveries::{Accepted, UnderWay};
use super::hand_out::HandOut;
use super::{Context, Presentity};
use crate::command::Verdict;
use rvp::access::Right;
use rvp::limits::HOPS_MAX;
use rvp::method::Notify;
use rvp::notification::{AckType, Content, MessageKind};
use rvp::{Fault, Reply};
use std::time::SystemTime;

impl Presentity {
    pub(super) fn notify(&mut self, context: &mut Context<'_>, notify: Notify) -> Verdict {
        match self.deliver(context, notify) {
            Ok(verdict) => verdict,
            Err(fault) => Verdict::Now(Err(fault)),
        }
    }

    fn deliver(&mut self, context: &mut Context<'_>, notify: Notify) -> Result<Verdict, Fault> {
        let kind = match &notify.notification.content {
            // What clients show as the sender is in the document: it must be who asks.
            Content::Message(message) if message.from == context.caller.identity => message.kind,
            // A client has no changes of others to tell; between homes they travel otherwise.
            Content::Message(_) | Content::PropertyChange(_) => return Err(Fault::Forbidden),
        };
        // Somebody who is blocked sees an offline person, and this is what that looks like.
        let hidden = |fault| {
            if fault == Fault::Forbidden {
                Fault::NotLoggedOn
            } else {
                fault
            }
        };
        self.access
            .check(&context.caller, Right::SendTo)
            .map_err(hidden)?;
        if notify.hop >= HOPS_MAX {
            return Err(Fault::TooManyHops);
        }
        // That somebody types, or has left, is of no use later, and does no harm twice.
        let passing = match kind {
            MessageKind::Typing | MessageKind::Leave => true,
            MessageKind::Text | MessageKind::Join => false,
        };
        let message = Accepted {
            from: context.caller.identity.clone(),
            id: notify.id.filter(|_| !passing),
            ack: notify.ack,
            document: notify.notification.document,
            at: context.now,
            keeps: !passing && self.kept.policy().keep,
        };
        if let Some(verdict) = self.came_before(context.now, &message) {
            return Ok(verdict);
        }
        self.accept(context, message, notify.hop, passing)
    }

    /// The answer to a message that came before.
    fn came_before(&self, now: SystemTime, message: &Accepted) -> Option<Verdict> {
        let (from, id) = (&message.from, message.id.as_ref()?);
        if self.kept.has(from, id) {
            return Some(Verdict::Known(Reply::Stored));
        }
        if self.known.has(now, from, id) {
            return Some(Verdict::Known(Reply::Notified));
        }
        Some(match self.deliveries.find(from, id)? {
            UnderWay::Out(_) if message.ack == AckType::SingleHop => Verdict::Known(Reply::Notified),
            UnderWay::Out(delivery) | UnderWay::Keeping(delivery) => Verdict::Again(delivery),
        })
    }

    fn accept(
        &mut self,
        context: &mut Context<'_>,
        message: Accepted,
        hop: u8,
        passing: bool,
    ) -> Result<Verdict, Fault> {
        let clients = self.logins.clients(self.principal());
        // Behind what is kept, so that all messages of one sender come in order.
        let behind = !passing && (self.backlog.is_before(&self.kept) || self.deliveries.waiting().0 > 0);
        if clients.is_empty() || behind {
            return self.accept_to_keep(context, message);
        }
        if !self.deliveries.has_room() {
            return Err(Fault::Busy);
        }
        let id = self.next_delivery(context.now);
        let (ack, count) = (message.ack, clients.len());
        let out = HandOut {
            id,
            from: &message.from,
            message: message.id.as_ref(),
            ack,
            hop: hop + 1,
            document: &message.document,
            taken: self.perhaps_taken(context.now, &message.from, message.id.as_ref()),
        };
        out.to(clients, &mut context.effects);
        self.deliveries.begin(id, message, count);
        if ack == AckType::SingleHop {
            return Ok(Verdict::Now(Ok(Reply::Notified)));
        }
        Ok(Verdict::Later(id))
    }

    /// Accepts a message that no client can be handed now.
    fn accept_to_keep(&mut self, context: &mut Context<'_>, message: Accepted) -> Result<Verdict, Fault> {
        if !message.keeps {
            return Err(Fault::NotLoggedOn);
        }
        if !self.deliveries.has_room() {
            return Err(Fault::Busy);
        }
        self.kept
            .check_room(message.document.len(), self.deliveries.waiting())?;
        let id = self.next_delivery(context.now);
        let (deliveries, mut around) = self.under_way(context.now, &mut context.effects);
        deliveries.begin_to_keep(id, message, &mut around);
        Ok(Verdict::Later(id))
    }
}
