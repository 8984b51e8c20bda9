//! SUBSCRIBE: log on, watch, renew (spec 3.2).

use super::{Answer, Context, Presentity, watchers};
use crate::command::Effect;
use rvp::access::Right;
use rvp::method::Subscribe;
use rvp::{CallBack, Fault, Identity, Lifetime, Principal, Reach, Reply, SubscriptionId, SubscriptionKind};
use std::time::SystemTime;
use store::{Change, Login, PropertySubscription, RENEWAL_DELAY};

/// The longest lifetime that is granted, in seconds: what the clients of the time ask.
const LIFETIME_SECONDS_MAX: u32 = 14_400;

fn granted(asked: Lifetime) -> Lifetime {
    Lifetime(asked.0.clamp(1, LIFETIME_SECONDS_MAX))
}

/// Whether a renewal may become durable a little later than it is answered: what is durable already lasts until long
/// after that, so that a client whose renewal a crash took back can renew again.
fn may_wait(now: SystemTime, before: SystemTime, after: SystemTime) -> bool {
    after >= before && before >= now + 2 * RENEWAL_DELAY
}

impl Presentity {
    pub(super) fn subscribe(&mut self, context: &mut Context<'_>, subscribe: Subscribe) -> Answer {
        match subscribe {
            Subscribe::New {
                kind: SubscriptionKind::Login,
                call_back,
                lifetime,
            } => self.log_on(context, call_back, granted(lifetime)),
            Subscribe::New {
                kind: SubscriptionKind::Property,
                call_back,
                lifetime,
            } => self.watch(context, call_back, granted(lifetime)),
            Subscribe::Refresh { id, lifetime } => self.refresh(context, id, granted(lifetime)),
        }
    }

    /// Only the person logs on. Sinks of third parties are not served: what is meant for a person would
    /// go to whoever was once let in.
    fn log_on(&mut self, context: &mut Context<'_>, call_back: CallBack, lifetime: Lifetime) -> Answer {
        self.must_be_owner(&context.caller)?;
        let reach = match call_back {
            CallBack::Client(listener) => Reach::CallBack(listener),
            CallBack::Attachment(attachment) => Reach::Attachment(attachment),
            CallBack::Principal(_) => return Err(Fault::BadRequest),
        };
        if let Some(login) = context.login {
            return self.resume(context, login, (reach, lifetime));
        }
        if let Some(oldest) = self.logins.in_the_way() {
            self.end_login(context.ids, oldest, &mut context.effects);
        }
        let id = context.ids.subscription(|id| self.has_subscription(id));
        self.backlog.logged_on();
        Ok(self.put_login(context, id, reach, lifetime))
    }

    pub(super) fn put_login(
        &mut self,
        context: &mut Context<'_>,
        id: SubscriptionId,
        reach: Reach,
        lifetime: Lifetime,
    ) -> Reply {
        let ends = context.now + lifetime.duration();
        let login = Login {
            id,
            reach,
            router: context.router.to_string(),
            ends,
        };
        let same = |before: &&Login| before.router == login.router && before.reach == login.reach;
        let before = self.logins.get(id).filter(same);
        let may_wait = before.is_some_and(|before| may_wait(context.now, before.ends, ends));
        self.logins.put(login.clone());
        context.effects.push(Effect::WakeAt(ends));
        context.effects.push(Effect::Persist(if may_wait {
            Change::RenewLogin(id, ends)
        } else {
            Change::PutLogin(login)
        }));
        self.go_on(context.now, &mut context.effects);
        Reply::Subscribed {
            id,
            lifetime,
            properties: None,
        }
    }

    fn watch(&mut self, context: &mut Context<'_>, call_back: CallBack, lifetime: Lifetime) -> Answer {
        let caller = &context.caller;
        // A change is told to people, by their homes, never to a bare listener of anybody's choice.
        let CallBack::Principal(watcher) = call_back else {
            return Err(Fault::Forbidden);
        };
        match self.access.check(caller, Right::Presence) {
            // Somebody who is blocked is answered as if the person were offline (spec 4.5).
            Ok(()) | Err(Fault::Forbidden) => {}
            Err(other) => return Err(other),
        }
        if caller.identity.person() != Some(&watcher) {
            self.access.check(caller, Right::SubscribeOthers)?;
        }
        let id = context.ids.subscription(|id| self.has_subscription(id));
        let subscriber = caller.identity.clone();
        let properties = self.watched_properties(context);
        self.put_watcher(context, (id, watcher, subscriber), (None, lifetime))?;
        Ok(Reply::Subscribed {
            id,
            lifetime,
            properties: Some(properties),
        })
    }

    /// Puts a new one, or one in the place of that which ended at `before`.
    fn put_watcher(
        &mut self,
        context: &mut Context<'_>,
        (id, watcher, subscriber): (SubscriptionId, Principal, Identity),
        (before, lifetime): (Option<SystemTime>, Lifetime),
    ) -> Result<(), Fault> {
        let ends = watchers::end(context.now + lifetime.duration());
        let new = PropertySubscription {
            id,
            watcher,
            subscriber,
            ends,
        };
        // Of whom, and who asked for it, never changes.
        let may_wait = before.is_some_and(|before| may_wait(context.now, before, ends));
        let evicted = self.watchers.put(new.clone())?;
        context
            .effects
            .extend(evicted.map(|id| Effect::Persist(Change::RemoveSubscription(id))));
        context.effects.push(Effect::WakeAt(ends));
        context.effects.push(Effect::Persist(if may_wait {
            Change::RenewSubscription(id, ends)
        } else {
            Change::PutSubscription(new)
        }));
        Ok(())
    }

    fn refresh(&mut self, context: &mut Context<'_>, id: SubscriptionId, lifetime: Lifetime) -> Answer {
        self.may_touch(context, id)?;
        if let Some(login) = self.logins.get(id) {
            // Who has lost the client without hearing of it does not get it back so.
            if login.reach.attachment().is_some() && *context.router != *login.router {
                return Err(Fault::NoSuchSubscription);
            }
            let reach = login.reach.clone();
            self.backlog.is_there();
            return Ok(self.put_login(context, id, reach, lifetime));
        }
        let Some(watch) = self.watchers.get(id) else {
            return Err(Fault::NoSuchSubscription);
        };
        let before = Some(watch.ends);
        self.put_watcher(context, (id, watch.watcher, watch.subscriber), (before, lifetime))?;
        Ok(Reply::Subscribed {
            id,
            lifetime,
            properties: None,
        })
    }

    /// Whether the caller may renew or end a subscription: the owner may with all of them, a subscriber
    /// with its own. Somebody else's id is refused, and an unknown one is told only to who may ask.
    pub(super) fn may_touch(&self, context: &Context<'_>, id: SubscriptionId) -> Result<(), Fault> {
        let caller = &context.caller;
        if caller.is_proved(self.principal()) {
            return Ok(());
        }
        let watch = self.watchers.get(id);
        if watch
            .as_ref()
            .is_some_and(|watch| watch.subscriber == caller.identity)
        {
            return match self.access.check(caller, Right::Presence) {
                Ok(()) | Err(Fault::Forbidden) => Ok(()),
                Err(other) => Err(other),
            };
        }
        if caller.credential == rvp::Credential::Assertion {
            return Err(Fault::Unauthenticated);
        }
        if watch.is_some() || self.logins.get(id).is_some() {
            return Err(Fault::Forbidden);
        }
        Err(Fault::NoSuchSubscription)
    }

    fn has_subscription(&self, id: SubscriptionId) -> bool {
        self.logins.get(id).is_some() || self.watchers.has(id)
    }
}
