//! NOTIFY: a message to this person (spec 3.7, 5).

use super::deliveries::{Accepted, UnderWay};
use super::{Context, Presentity};
use crate::command::{DeliveryId, Verdict};
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
        let archives = match kind {
            MessageKind::Typing => Vec::new(),
            MessageKind::Text | MessageKind::Join | MessageKind::Leave => {
                self.archives_for(&context.caller.identity)
            }
        };
        let stated = notify.id.clone();
        let message = Accepted {
            from: context.caller.identity.clone(),
            id: notify.id.filter(|_| !passing),
            ack: notify.ack,
            hop: notify.hop,
            document: notify.notification.document,
            at: context.now,
            keeps: !passing && self.kept.policy().keep,
            passing,
        };
        if let Some(verdict) = self.came_before(context.now, &message) {
            return Ok(verdict);
        }
        self.check_place(&message)?;
        let id = self.next_delivery(context.now);
        if archives.is_empty() {
            return Ok(self.accept(context, id, message));
        }
        self.archive(context, (id, message), stated, archives);
        Ok(Verdict::Later(id))
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

    /// Whether a message can be handed to clients, or kept, as things are.
    pub(super) fn check_place(&self, message: &Accepted) -> Result<(), Fault> {
        let kept = self.logins.is_empty() || self.goes_behind(message);
        if kept && !message.keeps {
            return Err(Fault::NotLoggedOn);
        }
        if !self.deliveries.has_room() {
            return Err(Fault::Busy);
        }
        if kept {
            self.kept
                .check_room(message.document.len(), self.deliveries.waiting())?;
        }
        Ok(())
    }

    /// Whether a message goes behind what is kept, so that all messages of one sender come in order.
    pub(super) fn goes_behind(&self, message: &Accepted) -> bool {
        !message.passing && (self.backlog.is_before(&self.kept) || self.deliveries.waiting().0 > 0)
    }

    /// Hands a message to clients, or keeps it. There is a place for it.
    fn accept(&mut self, context: &mut Context<'_>, id: DeliveryId, message: Accepted) -> Verdict {
        if self.logins.is_empty() || self.goes_behind(&message) {
            let (deliveries, mut around) = self.under_way(context.now, &mut context.effects);
            deliveries.begin_to_keep(id, message, &mut around);
            return Verdict::Later(id);
        }
        let count = self.hand(context.now, id, &message, &mut context.effects);
        let ack = message.ack;
        self.deliveries.begin(id, message, count);
        if ack == AckType::SingleHop {
            return Verdict::Now(Ok(Reply::Notified));
        }
        Verdict::Later(id)
    }
}
