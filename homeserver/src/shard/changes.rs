//! Changes of people whom people here watch. Most have many watchers here, and most of these are reached by few routers:
//! their clients are handed to delivery together.

use super::Shard;
use crate::command::{Command, Effect};
use crate::delivery::{Telling, Ways};
use crate::shards::Ask;
use proto::Change;
use rvp::Principal;
use std::sync::Arc;

impl Shard {
    /// Whoever is told of the change has a share in these tellings.
    pub(super) fn changed(&mut self, change: &Arc<Change>, watchers: Vec<Principal>, tellings: &[Telling]) {
        let (mut ways, now) = (Ways::default(), self.parts.clock.now());
        for watcher in watchers {
            let command = Command::Change(Arc::clone(change));
            let Some((applied, since)) = self.decide(&watcher, (now, None), command) else {
                self.changed_later(change, watcher, tellings);
                continue;
            };
            let mut others = Vec::new();
            for effect in applied.effects {
                if let Effect::DeliverChange(router, _, client) = effect {
                    self.parts.delivery.add((client, since), &router, &mut ways);
                } else {
                    others.push(effect);
                }
            }
            if !others.is_empty() {
                self.carry_out(&watcher, others, None);
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
