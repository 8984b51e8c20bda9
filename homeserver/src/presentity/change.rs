//! A change of somebody whom this person watches: it goes to every client of this person.

use super::Presentity;
use crate::command::Effect;
use proto::Change;
use std::sync::Arc;

impl Presentity {
    /// A property change that cannot be delivered is dropped: the state is read again with the next
    /// watch (spec 7.4).
    pub(super) fn change(&self, change: &Arc<Change>, effects: &mut Vec<Effect>) {
        let clients = self.logins.each_client(self.principal());
        effects.extend(
            clients.map(|(router, client)| Effect::DeliverChange(router, Arc::clone(change), client)),
        );
    }
}
