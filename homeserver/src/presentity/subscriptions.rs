//! SUBSCRIPTIONS: who watches this person, or where the person is logged on (spec 3.4).

use super::{Answer, Context, Presentity};
use rvp::access::Right;
use rvp::method::Subscriptions;
use rvp::method::subscriptions::Subscribed;
use rvp::{CallBack, Identity, Lifetime, Reach, Reply, SubscriptionKind};
use std::time::SystemTime;

impl Presentity {
    pub(super) fn subscriptions(&mut self, context: &Context<'_>, subscriptions: &Subscriptions) -> Answer {
        match subscriptions.kind {
            // Where somebody listens is nobody else's business, whatever the list says.
            SubscriptionKind::Login => self.must_be_owner(&context.caller)?,
            SubscriptionKind::Property => self.access.check(&context.caller, Right::Subscriptions)?,
        }
        let left = |ends: SystemTime| {
            let seconds = ends.duration_since(context.now).unwrap_or_default().as_secs();
            Lifetime(u32::try_from(seconds).unwrap_or(u32::MAX))
        };
        let entries = match subscriptions.kind {
            SubscriptionKind::Login => self
                .logins
                .iter()
                .map(|login| Subscribed {
                    id: login.id,
                    call_back: match &login.reach {
                        Reach::CallBack(listener) => CallBack::Client(listener.clone()),
                        // What RVP has no word for is the person.
                        Reach::Attachment(_) => CallBack::Principal(self.principal().clone()),
                    },
                    subscriber: Identity::Person(self.principal().clone()),
                    left: left(login.ends),
                })
                .collect(),
            SubscriptionKind::Property => self
                .watchers
                .iter()
                .map(|watch| Subscribed {
                    id: watch.id,
                    call_back: CallBack::Principal(watch.watcher),
                    subscriber: watch.subscriber,
                    left: left(watch.ends),
                })
                .collect(),
        };
        Ok(Reply::Subscriptions(entries))
    }
}
