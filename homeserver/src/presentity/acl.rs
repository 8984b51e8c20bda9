//! ACL (spec 3.8).

use super::{Answer, Context, Presentity};
use crate::command::Effect;
use rvp::access::Right;
use rvp::method::Acl;
use rvp::{PresenceState, Principal, Property, Reply};

impl Presentity {
    pub(super) fn acl(&mut self, context: &mut Context<'_>, acl: Acl) -> Answer {
        match acl {
            Acl::Read => {
                self.access.check(&context.caller, Right::ReadAcl)?;
                Ok(Reply::AccessList(self.access.list()))
            }
            Acl::Change(changes) => {
                self.access.check(&context.caller, Right::WriteAcl)?;
                let before = self.watchers_who_see();
                self.access.merge(changes)?;
                context
                    .effects
                    .push(Effect::Persist(store::Change::PutAccess(self.access.list())));
                self.tell_of_rights(context, &before);
                Ok(Reply::AccessChanged)
            }
        }
    }

    /// Watchers for whom the person is not offline, in order.
    fn watchers_who_see(&self) -> Vec<Principal> {
        if self.spread.shown == PresenceState::Offline {
            Vec::new()
        } else {
            self.watchers.permitted(&self.access)
        }
    }

    /// A watcher who lost the right to see the state sees offline, and one who gained it sees the state.
    fn tell_of_rights(&mut self, context: &mut Context<'_>, before: &[Principal]) {
        let after = self.watchers_who_see();
        let only_in = |some: &[Principal], others: &[Principal]| -> Vec<Principal> {
            some.iter()
                .filter(|watcher| others.binary_search(watcher).is_err())
                .cloned()
                .collect()
        };
        let (lost, gained) = (only_in(before, &after), only_in(&after, before));
        let Context { ids, effects, .. } = context;
        self.spread(ids, vec![Property::State(PresenceState::Offline)], lost, effects);
        // What the name has become meanwhile they have not heard either.
        let shown = self.shown_properties();
        self.spread(ids, shown, gained, effects);
    }
}
