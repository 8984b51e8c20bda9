//! Makes durable what has changed, and goes on when that is known.

use super::Shard;
use super::doing::{Commit, Done, KeptRead};
use super::effects::send;
use super::spreads::Spread;
use super::unsaved::AGAIN_AFTER;
use crate::presentity::Piece;
use crate::shards::ReplyTo;
use membership::Slot;
use proto::Refusal;
use rvp::{Fault, Principal, Reply};
use std::sync::Arc;
use store::{Change, Write};

type Answer = Option<(ReplyTo, Result<Reply, Fault>)>;

/// Who is answered when it is durable, and what is read then.
pub(super) type Afterwards = (Answer, Option<KeptRead>);

impl Shard {
    /// Submits changes of somebody whom this home has since an epoch. Whoever asked is answered, and watchers are told,
    /// when they are durable.
    pub(super) fn commit(
        &mut self,
        (principal, epoch): (&Principal, u64),
        changes: Vec<Change>,
        spreads: Vec<Spread>,
        afterwards: Afterwards,
    ) {
        let commit = self.begin_commit((principal, epoch), &changes, spreads);
        self.submit(commit, changes, afterwards);
    }

    /// What is told waits from now on until the commit is durable.
    pub(super) fn begin_commit(
        &mut self,
        (principal, epoch): (&Principal, u64),
        changes: &[Change],
        spreads: Vec<Spread>,
    ) -> Commit {
        Commit {
            principal: principal.clone(),
            epoch,
            number: self.spreads.begin(principal, spreads),
            pieces: changes.iter().filter_map(Piece::of).collect(),
            again: false,
        }
    }

    /// The writes of a commit.
    pub(super) fn writes(&self, commit: &Commit, changes: Vec<Change>) -> Vec<Write> {
        changes.iter().for_each(|change| self.parts.metrics.write(change));
        let write = |change| Write {
            principal: commit.principal.clone(),
            slot: Slot::of(&commit.principal).number(),
            epoch: commit.epoch,
            change,
        };
        changes.into_iter().map(write).collect()
    }

    fn submit(&mut self, commit: Commit, changes: Vec<Change>, (answer, reads): Afterwards) {
        let committed = self.parts.writer.submit(self.writes(&commit, changes));
        self.doing.push(async move {
            Done::Committed {
                commit,
                result: committed.await,
                answer,
                reads,
            }
        });
    }

    pub(super) fn committed(&mut self, commit: &Commit, result: Result<(), store::Error>, answer: Answer) {
        let refusal = self.ended_commit(commit, result);
        if let Some((reply, answer)) = answer {
            send(
                reply,
                match refusal {
                    None => answer.map_err(Refusal::Fault),
                    Some(refusal) => Err(refusal),
                },
            );
        }
    }

    /// Goes on after a commit. Says with what to refuse whoever asked, if it is not durable.
    pub(super) fn ended_commit(
        &mut self,
        commit: &Commit,
        result: Result<(), store::Error>,
    ) -> Option<Refusal> {
        match result {
            Ok(()) => {
                self.durable(commit);
                None
            }
            // Nothing is lost: whoever asked asks the home that has the slot, and that one tells the watchers.
            Err(store::Error::Fenced { epoch: newer }) => {
                let (slot, epoch) = (Slot::of(&commit.principal), commit.epoch);
                tracing::warn!(%slot, epoch, newer, "another home has taken a slot over");
                self.parts.served.fence(slot, epoch);
                self.spreads.end(&commit.principal, commit.number);
                self.unsaved.forget(&commit.principal);
                Some(Refusal::Moved { epoch: newer })
            }
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "state is not durable");
                self.not_durable(commit);
                Some(Refusal::Fault(Fault::Unavailable))
            }
        }
    }

    /// Watchers are told, unless something before is not durable: then all of it is told when that is.
    fn durable(&mut self, commit: &Commit) {
        if commit.again {
            self.unsaved.saved(&commit.principal, commit.number);
        }
        if self.unsaved.contains(&commit.principal) {
            return;
        }
        for spread in self.spreads.end(&commit.principal, commit.number) {
            self.spread(&commit.principal, spread);
        }
    }

    fn not_durable(&mut self, commit: &Commit) {
        // Who has gone meanwhile is as the store says.
        let here = self.presentities.get(&commit.principal).map(|each| each.epoch());
        if here != Some(commit.epoch) {
            self.spreads.end(&commit.principal, commit.number);
            return;
        }
        if self
            .unsaved
            .failed(&commit.principal, commit.number, &commit.pieces)
        {
            self.save_later();
        }
    }

    /// Whoever stops does not wait for a store that is away.
    fn save_later(&mut self) {
        if self.mailbox.is_closed() {
            return;
        }
        let clock = Arc::clone(&self.parts.clock);
        self.doing.push(async move {
            clock.sleep_until(clock.now() + AGAIN_AFTER).await;
            Done::SaveAgain
        });
    }

    /// Tries once more to make durable what could not be made so.
    pub(super) fn save_again(&mut self) {
        for (principal, pieces) in self.unsaved.all() {
            let Some(presentity) = self.presentities.get(&principal) else {
                self.unsaved.forget(&principal);
                continue;
            };
            let changes = pieces.iter().map(|piece| presentity.saving(*piece)).collect();
            let commit = Commit {
                epoch: presentity.epoch(),
                number: self.spreads.begin(&principal, Vec::new()),
                principal,
                pieces,
                again: true,
            };
            self.submit(commit, changes, (None, None));
        }
        if !self.unsaved.is_empty() {
            self.save_later();
        }
    }
}
