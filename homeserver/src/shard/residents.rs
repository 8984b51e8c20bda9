//! Who is here: people come from the store, and go with their slots.

use super::doing::Done;
use super::requests::refuse;
use super::{Shard, counted, difference, entry};
use crate::census::Counted;
use crate::command::Command;
use crate::presentity::Presentity;
use crate::shards::Ask;
use membership::Slot;
use rvp::{Fault, Principal};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use store::{AccountChange, Durable};
use tokio::sync::oneshot;

/// Questions about one principal that may wait until the store has said whether there is such a person.
const WAITING_FOR_STORE_MAX: usize = 64;
/// Principals of whom the store is asked at once: whoever asked may have given up, and asked about others.
const ASKED_OF_STORE_MAX: usize = 16_384;
/// How long a read of the store may take: whoever waits gives up a little later.
const READ_WITHIN: Duration = Duration::from_secs(10);

impl Shard {
    /// Keeps a question until the store has said whether there is such a person: an account that was
    /// made a moment ago must be able to log on.
    pub(super) fn wait_for_store(&mut self, principal: Principal, ask: Ask) {
        let is_full = self.waiting.len() >= ASKED_OF_STORE_MAX && !self.waiting.contains_key(&principal);
        if is_full {
            return refuse(ask, Fault::Busy);
        }
        let waiting = self.waiting.entry(principal.clone()).or_default();
        if waiting.len() >= WAITING_FOR_STORE_MAX {
            return refuse(ask, Fault::Busy);
        }
        waiting.push(ask);
        if waiting.len() == 1 {
            self.parts.metrics.account_read();
            self.reads.want(principal);
            self.read();
        }
    }

    /// Begins the next read of people, if it is time for one.
    fn read(&mut self) {
        let Some(people) = self.reads.begin() else {
            return;
        };
        let store = Arc::clone(&self.parts.store);
        self.doing.push(async move {
            let read = tokio::time::timeout(READ_WITHIN, store.load(&people)).await;
            let result = read.unwrap_or_else(|elapsed| Err(store::Error::Unavailable(Arc::new(elapsed))));
            Done::Loaded { people, result }
        });
    }

    pub(super) fn loaded(&mut self, people: Vec<Principal>, result: Result<Vec<Durable>, store::Error>) {
        match result {
            Ok(durables) => {
                let found = durables.into_iter();
                let mut found: HashMap<Principal, Durable> = found
                    .map(|durable| (durable.account.principal.clone(), durable))
                    .collect();
                for principal in people {
                    let fault = self.found(&principal, found.remove(&principal)).err();
                    self.answer_waiting(&principal, fault);
                }
            }
            Err(error) => {
                // What is stored of somebody among them, and not the store.
                let is_of_one = matches!(
                    error,
                    store::Error::Unreadable { .. } | store::Error::Corrupt { .. }
                );
                if is_of_one && people.len() > 1 {
                    self.reads.part(people);
                } else {
                    self.cannot_read(people, is_of_one, &error);
                }
            }
        }
        // Only now: whoever was wanted meanwhile is read together.
        self.reads.end();
        self.read();
    }

    fn cannot_read(&mut self, mut people: Vec<Principal>, is_of_one: bool, error: &store::Error) {
        let error: &dyn std::error::Error = error;
        tracing::error!(error, "the store cannot be read");
        if !is_of_one {
            people.extend(self.reads.give_up());
        }
        for principal in people {
            self.answer_waiting(&principal, Some(Fault::Unavailable));
        }
    }

    /// Takes in what the store holds of somebody.
    fn found(&mut self, principal: &Principal, durable: Option<Durable>) -> Result<(), Fault> {
        let durable = durable.ok_or(Fault::NoSuchPrincipal)?;
        // The slot may have gone meanwhile.
        let epoch = self.parts.served.claimed_at(Slot::of(principal));
        self.load(durable, epoch.ok_or(Fault::Unavailable)?);
        Ok(())
    }

    /// Asks anew what has waited for somebody, or says why not.
    fn answer_waiting(&mut self, principal: &Principal, fault: Option<Fault>) {
        for ask in self.waiting.remove(principal).unwrap_or_default() {
            match fault {
                None => self.ask(ask),
                Some(fault) => refuse(ask, fault),
            }
        }
    }

    /// Takes a presentity in, unless it is here already, and ends at once what has ended meanwhile. Who is here by an
    /// older claim is not believed: another home may have had the person in between.
    pub(super) fn load(&mut self, mut durable: Durable, epoch: u64) {
        self.share_addresses(&mut durable);
        let principal = durable.account.principal.clone();
        match self.presentities.get(&principal).map(|each| each.epoch()) {
            Some(claimed_at) if claimed_at >= epoch => return,
            Some(_) => self.forget(&principal),
            None => {}
        }
        let offline = self.parts.offline.policy_for(&principal);
        let mut presentity = Presentity::load(durable, epoch, offline);
        if let Some(archives) = &self.parts.archives {
            presentity = presentity.archived(Arc::clone(archives));
        }
        self.parts.metrics.kept_by(difference(0, presentity.kept_len()));
        if let Some(former) = self.leaving.remove(&principal) {
            presentity.adopt_deliveries(*former);
        }
        let now = counted(&presentity);
        self.parts
            .census
            .count(Slot::of(&principal), Counted::default(), now);
        self.presentities.insert(principal.clone(), Box::new(presentity));
        self.command(&principal, Command::Lapse);
    }

    fn share_addresses(&mut self, durable: &mut Durable) {
        let principal = &mut durable.account.principal;
        *principal = self.principals.shared(principal.clone());
        for subscription in &mut durable.subscriptions {
            let watcher = &mut subscription.watcher;
            *watcher = self.principals.shared(watcher.clone());
        }
    }

    pub(super) fn lapse(&mut self) {
        let now = self.parts.clock.now();
        while let Some(principal) = self.expiry.take_due(now) {
            self.command(&principal, Command::Lapse);
        }
    }

    pub(super) fn accounts(&mut self, changes: Vec<AccountChange>) {
        for change in changes {
            match change {
                AccountChange::Put(account) => {
                    let principal = account.principal.clone();
                    self.command(&principal, Command::Account(account));
                }
                AccountChange::Removed(principal) => {
                    if let Some(account) = self.presentities.get(&principal).map(|p| p.account().clone()) {
                        // As if disabled first, so that watchers see the person go.
                        let gone = store::Account {
                            disabled: true,
                            ..account
                        };
                        self.command(&principal, Command::Account(Box::new(gone)));
                        self.forget(&principal);
                    }
                }
            }
        }
    }

    /// Forgets the people of slots that are not served any more, and says so when what was changed of them is
    /// durable: writes are made in order, so that an empty one is durable last.
    pub(super) fn release(&mut self, ours: &[bool], settled: oneshot::Sender<()>) {
        let mut lost: Vec<Principal> = self
            .presentities
            .keys()
            .filter(|principal| !ours[usize::from(Slot::of(principal).number())])
            .cloned()
            .collect();
        lost.sort_unstable();
        for principal in lost {
            self.forget(&principal);
        }
        let durable = self.parts.writer.submit(Vec::new());
        self.doing.push(async move {
            Done::Settled {
                result: durable.await,
                settled,
            }
        });
    }

    fn forget(&mut self, principal: &Principal) {
        let now = self.parts.clock.now();
        if let Some(presentity) = self.presentities.get_mut(principal) {
            let open = presentity.in_flight();
            let effects = presentity.leave(now);
            let in_flight = difference(open, presentity.in_flight());
            self.parts.ledger.enter(&entry(in_flight, &effects));
            self.carry_out(principal, effects, None);
        }
        if self.unsaved.forget(principal) {
            // What was not durable was never so, and nobody is told.
            self.spreads.end(principal, u64::MAX);
        }
        if let Some(presentity) = self.presentities.remove(principal) {
            self.parts.metrics.kept_by(difference(presentity.kept_len(), 0));
            let before = counted(&presentity);
            self.parts
                .census
                .count(Slot::of(principal), before, Counted::default());
            self.expiry.forget(principal);
            if presentity.awaits_clients() {
                self.leaving.insert(principal.clone(), presentity);
            }
        }
    }

    /// What became of a message, also if its recipient is no longer ours.
    pub(super) fn outcome(&mut self, principal: &Principal, outcome: Command) {
        let Some(leaving) = self.leaving.get_mut(principal) else {
            return self.command(principal, outcome);
        };
        let open = leaving.in_flight();
        let effects = leaving
            .apply(self.parts.clock.now(), &mut self.ids, outcome)
            .effects;
        let in_flight = difference(open, leaving.in_flight());
        if !leaving.awaits_clients() {
            self.leaving.remove(principal);
        }
        self.parts.ledger.enter(&entry(in_flight, &effects));
        self.carry_out(principal, effects, None);
    }
}

#[cfg(test)]
#[path = "residents_tests.rs"]
mod tests;
