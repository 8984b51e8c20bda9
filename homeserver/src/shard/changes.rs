//! Changes of people whom people here watch. Most have many watchers here, and most of these are reached by few routers:
//! their clients are handed to delivery together.

use super::Shard;
use crate::delivery::{Telling, Ways};
use crate::shards::Ask;
use proto::Change;
use rvp::Principal;
use std::sync::Arc;

impl Shard {
    /// Whoever is told of the change has a share in these tellings.
    pub(super) fn changed(&mut self, change: &Arc<Change>, watchers: Vec<Principal>, tellings: &[Telling]) {
        let mut ways = Ways::default();
        for watcher in watchers {
            let Some(presentity) = self.presentities.get(&watcher) else {
                self.changed_later(change, watcher, tellings);
                continue;
            };
            for (router, client) in presentity.clients() {
                let client = (client, presentity.epoch());
                self.parts.delivery.add(client, router, &mut ways);
            }
        }
        self.parts.delivery.change(change, ways, tellings);
    }

    /// A watcher who is not here yet, because the slot has just become ours, must not miss the change.
    fn changed_later(&mut self, change: &Arc<Change>, watcher: Principal, tellings: &[Telling]) {
        let ask = Ask::SpreadChange {
            change: Arc::clone(change),
            watchers: vec![watcher.clone()],
            tellings: tellings.to_vec(),
        };
        self.wait_for_store(watcher, ask);
    }
}
