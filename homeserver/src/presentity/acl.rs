//! ACL (spec 3.8).

use super::{Answer, Context, Presentity};
use crate::command::Effect;
use rvp::access::Right;
use rvp::method::Acl;
use rvp::{PresenceState, Property, Reply};

impl Presentity {
    pub(super) fn acl(&mut self, context: &mut Context<'_>, acl: Acl) -> Answer {
        match acl {
            Acl::Read => {
                self.access.check(&context.caller, Right::ReadAcl)?;
                Ok(Reply::AccessList(self.access.list()))
            }
            Acl::Change(changes) => {
                self.access.check(&context.caller, Right::WriteAcl)?;
                let before = self.watchers.permitted(&self.access);
                self.access.merge(changes)?;
                context.effects.push(Effect::Persist(store::Change::PutAccess(self.access.list())));
                self.tell_of_rights(context, &before);
                Ok(Reply::AccessChanged)
            }
        }
    }

    /// A watcher who lost the right to see the state sees offline, and one who gained it sees the state.
    fn tell_of_rights(&mut self, context: &mut Context<'_>, before: &[rvp::Principal]) {
        if self.shown == PresenceState::Offline {
            return;
        }
        let after = self.watchers.permitted(&self.access);
        let lost = before.iter().filter(|watcher| !after.contains(watcher)).cloned().collect();
        let gained = after.iter().filter(|watcher| !before.contains(watcher)).cloned().collect();
        let (now, shown) = (context.now, self.shown);
        self.spread(now, vec![Property::State(PresenceState::Offline)], lost, &mut context.effects);
        self.spread(now, vec![Property::State(shown)], gained, &mut context.effects);
    }
}
