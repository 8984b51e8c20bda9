//! UNSUBSCRIBE: log off, or stop watching (spec 3.3).

use super::{Answer, Context, Presentity};
use crate::command::Effect;
use rvp::method::Unsubscribe;
use rvp::{Fault, Reply};

impl Presentity {
    pub(super) fn unsubscribe(&mut self, context: &mut Context<'_>, unsubscribe: &Unsubscribe) -> Answer {
        let id = unsubscribe.id;
        self.may_touch(context, id)?;
        if self.logins.get(id).is_some() {
            self.end_login(context.ids, id, &mut context.effects);
            if context.login == Some(id) {
                // Who logs off by a connection hears the answer on it.
                let detaches = |effect: &Effect| matches!(effect, Effect::Detach(..));
                context.effects.retain(|effect| !detaches(effect));
            }
            return Ok(Reply::Unsubscribed);
        }
        if !self.watchers.remove(id) {
            return Err(Fault::NoSuchSubscription);
        }
        context
            .effects
            .push(Effect::Persist(store::Change::RemoveSubscription(id)));
        Ok(Reply::Unsubscribed)
    }
}
