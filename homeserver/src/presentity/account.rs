//! An account that was changed from outside.

use super::Presentity;
use crate::command::Effect;
use crate::ids::Ids;
use rvp::Property;
use store::Account;

impl Presentity {
    /// Takes the new account. A disabled one loses its logins and views, so its watchers see it go offline.
    pub(super) fn set_account(&mut self, ids: &mut Ids, account: Account, effects: &mut Vec<Effect>) {
        let renamed = account.display_name != self.account.display_name;
        self.account = account;
        self.drop_strays(effects);
        self.spread_if_changed(ids, effects);
        if renamed {
            self.spread_display_name(ids, effects);
        }
    }

    pub(super) fn spread_display_name(&mut self, ids: &mut Ids, effects: &mut Vec<Effect>) {
        let name = Property::DisplayName(self.account.display_name.clone());
        let watchers = self.watchers.permitted(&self.access);
        self.spread(ids, vec![name], watchers, effects);
    }
}
