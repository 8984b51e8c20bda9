//! A change of somebody whom this person watches: it goes to every client of this person.

use super::Presentity;
use crate::command::Effect;
use proto::Change;

impl Presentity {
    /// A property change that cannot be delivered is dropped: the state is read again with the next
    /// watch (spec 7.4).
    pub(super) fn change(&self, change: &Change, effects: &mut Vec<Effect>) {
        for (router, client) in self.logins.clients(self.principal()) {
            effects.push(Effect::DeliverChange(router, change.clone(), client));
        }
    }
}
