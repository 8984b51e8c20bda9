//! Kept messages on their way to the store and back.

use super::Shard;
use super::doing::{Done, KeptRead};
use crate::command::{Command, Ticket, Written};
use membership::Slot;
use rvp::Principal;
use std::sync::Arc;
use store::{KeptMessage, Write};

/// Kept messages that are read at once. A few, since many people log on in one morning.
const READ_MAX: u32 = 16;

impl Shard {
    /// Makes changes of kept messages, or what is archived, durable, in the order of all writes, and comes back to the core with what
    /// became of it.
    pub(super) fn keep(&mut self, principal: &Principal, ticket: Ticket, changes: Vec<store::Change>) {
        // Only who is here has anything to keep.
        let Some(epoch) = self.presentities.get(principal).map(|each| each.epoch()) else {
            return;
        };
        changes.iter().for_each(|change| self.parts.metrics.write(change));
        let slot = Slot::of(principal);
        let write = |change| Write {
            principal: principal.clone(),
            slot: slot.number(),
            epoch,
            change,
        };
        let committed = self.parts.writer.submit(changes.into_iter().map(write).collect());
        let principal = principal.clone();
        self.doing.push(async move {
            Done::Written {
                principal,
                claim: (slot, epoch),
                ticket,
                result: committed.await,
            }
        });
    }

    pub(super) fn written(
        &mut self,
        principal: &Principal,
        (slot, epoch): (Slot, u64),
        ticket: Ticket,
        result: Result<(), store::Error>,
    ) {
        let written = match result {
            Ok(()) => Written::Durable,
            Err(store::Error::Fenced { epoch: newer }) => {
                tracing::warn!(%slot, epoch, newer, "another home has taken a slot over");
                self.parts.served.fence(slot, epoch);
                Written::Fenced
            }
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "a message is not durable");
                Written::Failed
            }
        };
        self.outcome(principal, Command::Written { ticket, written });
    }

    /// Reads what is to be read, if anything is.
    pub(super) fn read_kept(&mut self, read: Option<KeptRead>) {
        let Some(KeptRead {
            principal,
            ticket,
            after,
        }) = read
        else {
            return;
        };
        let store = Arc::clone(&self.parts.store);
        self.doing.push(async move {
            let result = store.kept(&principal, after, READ_MAX).await;
            Done::Read {
                principal,
                ticket,
                result,
            }
        });
    }

    pub(super) fn has_read(
        &mut self,
        principal: &Principal,
        ticket: Ticket,
        result: Result<Vec<KeptMessage>, store::Error>,
    ) {
        let messages = result.inspect_err(|error| {
            let error: &dyn std::error::Error = error;
            tracing::error!(error, "kept messages cannot be read, trying again");
        });
        let messages = messages.ok();
        self.command(principal, Command::Read { ticket, messages });
    }
}
