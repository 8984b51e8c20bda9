//! An account that was changed from outside.

use super::Presentity;
use crate::command::Effect;
use rvp::Property;
use std::time::SystemTime;
use store::Account;

impl Presentity {
    /// Takes the new account. A disabled one loses its logins and views, so its watchers see it go offline.
    pub(super) fn set_account(&mut self, now: SystemTime, account: Account, effects: &mut Vec<Effect>) {
        let renamed = account.display_name != self.account.display_name;
        self.account = account;
        self.drop_strays(effects);
        self.spread_if_changed(now, effects);
        if renamed {
            self.spread_display_name(now, effects);
        }
    }

    pub(super) fn spread_display_name(&mut self, now: SystemTime, effects: &mut Vec<Effect>) {
        let name = Property::DisplayName(self.account.display_name.clone());
        let watchers = self.watchers.permitted(&self.access);
        self.spread(now, vec![name], watchers, effects);
    }
}
