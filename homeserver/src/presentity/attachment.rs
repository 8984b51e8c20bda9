//! Logins of clients that hold a connection open: the connection may end, and the login stays for the client to come
//! back by another one.

use super::logins::client;
use super::{Answer, Context, Presentity};
use crate::command::{Effect, RouterName};
use proto::Detach;
use rvp::{AttachmentId, Fault, Lifetime, Reach, SubscriptionId};
use std::time::{Duration, SystemTime};

/// How long a login stays of which it is not known whether its connection is still there: as long as routers let a
/// client come back, unless they are set otherwise. A router that has the connection says so at once.
const DOUBTED_FOR: Duration = Duration::from_secs(60);

impl Presentity {
    /// A client goes on with its login, by another connection.
    pub(super) fn resume(
        &mut self,
        context: &mut Context<'_>,
        id: SubscriptionId,
        (reach, lifetime): (Reach, Lifetime),
    ) -> Answer {
        let attached = self
            .logins
            .get(id)
            .filter(|login| login.reach.attachment().is_some());
        let Some(former) = attached.filter(|_| reach.attachment().is_some()) else {
            return Err(Fault::NoSuchSubscription);
        };
        if former.reach != reach {
            let router = former.router.as_str().into();
            let client = client(former, self.principal());
            context
                .effects
                .push(Effect::Detach(router, client, Detach::Resumed));
        }
        self.backlog.logged_on();
        Ok(self.put_login(context, id, reach, lifetime))
    }

    /// A connection has ended. Another one may have taken its place already.
    pub(super) fn detached(
        &mut self,
        (login, attachment): (SubscriptionId, AttachmentId),
        ends: SystemTime,
        effects: &mut Vec<Effect>,
    ) {
        let reach = Reach::Attachment(attachment);
        let ended = self
            .logins
            .end_by(ends, |each| each.id == login && each.reach == reach);
        effects.extend(ended.then_some(Effect::WakeAt(ends)));
    }

    /// It is not known whether connections to this router, or to any, are still there.
    pub(super) fn doubt_attachments(
        &mut self,
        now: SystemTime,
        router: Option<&RouterName>,
        effects: &mut Vec<Effect>,
    ) {
        let ends = now + DOUBTED_FOR;
        let doubted = self.logins.end_by(ends, |each| {
            let there = router.is_none_or(|router| **router == *each.router);
            there && each.reach.attachment().is_some()
        });
        effects.extend(doubted.then_some(Effect::WakeAt(ends)));
    }

    /// Whether a client is reached by a connection to this router.
    pub(crate) fn is_attached_to(&self, router: &RouterName) -> bool {
        let mut logins = self.logins.iter();
        logins.any(|each| **router == *each.router && each.reach.attachment().is_some())
    }
}
