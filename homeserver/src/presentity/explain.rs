//! What is known of this person, for an operator.

use super::Presentity;
use membership::Slot;
use proto::operator::{Explained, Session, WATCHERS_LISTED_MAX, Watcher};
use std::time::{Duration, SystemTime};

impl Presentity {
    /// What is known at this moment. Which home it is, at which epoch, and how the slot came here is for the home
    /// to add.
    pub(crate) fn explain(&self, now: SystemTime) -> Explained {
        let left = |ends: SystemTime| {
            let left = ends.duration_since(now).unwrap_or_default();
            Duration::from_secs(left.as_secs())
        };
        let sessions = self.logins.iter().map(|login| Session {
            login: login.id,
            router: login.router.clone(),
            reach: login.reach.clone(),
            ends_in: left(login.ends),
        });
        let watchers = self.watchers.iter().map(|watch| Watcher {
            principal: watch.watcher,
            ends_in: left(watch.ends),
        });
        Explained {
            slot: Slot::of(self.principal()).number(),
            epoch: 0,
            home: String::new(),
            state: self.spread.shown,
            disabled: self.account.disabled,
            sessions: sessions.collect(),
            watchers: watchers.take(WATCHERS_LISTED_MAX).collect(),
            watchers_count: u32::try_from(self.watchers.len()).unwrap_or(u32::MAX),
            kept_count: u32::try_from(self.kept.len()).unwrap_or(u32::MAX),
            moves: Vec::new(),
        }
    }
}
