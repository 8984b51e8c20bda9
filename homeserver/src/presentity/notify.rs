//! NOTIFY: a message to this person (spec 3.7, 5).

use super::{Context, Presentity};
use crate::command::{Effect, Verdict};
use proto::DeliverMessage;
use rvp::access::Right;
use rvp::limits::HOPS_MAX;
use rvp::method::Notify;
use rvp::notification::{AckType, Content};
use rvp::{Fault, Reply};

impl Presentity {
    pub(super) fn notify(&mut self, context: &mut Context<'_>, notify: Notify) -> Verdict {
        match self.deliver(context, notify) {
            Ok(verdict) => verdict,
            Err(fault) => Verdict::Now(Err(fault)),
        }
    }

    fn deliver(&mut self, context: &mut Context<'_>, notify: Notify) -> Result<Verdict, Fault> {
        match &notify.notification.content {
            // What clients show as the sender is in the document: it must be who asks.
            Content::Message(message) if message.from == context.caller.identity => {}
            // A client has no changes of others to tell; between homes they travel otherwise.
            Content::Message(_) | Content::PropertyChange(_) => return Err(Fault::Forbidden),
        }
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
        let clients = self.logins.clients(self.principal());
        if clients.is_empty() {
            return Err(Fault::NotLoggedOn);
        }
        let delivery = self.deliveries.begin(context.now, notify.ack, clients.len())?;
        for (router, login) in clients {
            let message = DeliverMessage {
                login,
                from: context.caller.identity.clone(),
                ack: notify.ack,
                hop: notify.hop + 1,
                document: notify.notification.document.clone(),
            };
            context
                .effects
                .push(Effect::DeliverMessage(delivery, router, message));
        }
        if notify.ack == AckType::SingleHop {
            return Ok(Verdict::Now(Ok(Reply::Notified)));
        }
        Ok(Verdict::Later(delivery))
    }
}
