//! Being a member.

use crate::etcd::Handle;
use crate::etcd::connect::Connector;
use crate::etcd::failure::{answered, retryable};
use crate::etcd::join::revoke;
use crate::etcd::record;
use crate::{Error, Joined, Member, MemberChange, Terminal};
use async_trait::async_trait;
use etcd_client::{Client, Compare, CompareOp, KeyValue, PutOptions, Txn, TxnOp, TxnOpResponse, TxnResponse};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const DOING: &str = "change the member's record";

/// A home server's own record and lease.
pub(crate) struct EtcdJoined {
    pub(crate) handle: Arc<Handle>,
    pub(crate) connector: Connector,
    pub(crate) member: Member,
    pub(crate) lease: i64,
    /// The revision of the record as `member` has it. A change is made to that one only: a try that was given up
    /// may still be on its way, and must not undo what came after it.
    pub(crate) revision: i64,
    pub(crate) lost: watch::Sender<bool>,
    /// Dropping it ends the loop that keeps the lease.
    pub(crate) keeping: watch::Sender<()>,
}

impl EtcdJoined {
    /// Changes the record if it is still under our lease, or deletes it without a change, and says whether it was.
    async fn change(&mut self, change: Option<&MemberChange>) -> Result<bool, Error> {
        let mut left = self.connector.tries();
        loop {
            let tried = match (self.connector.connect().await, change) {
                (Ok(mut client), Some(change)) => self.write_once(&mut client, change).await,
                (Ok(mut client), None) => self.delete_once(&mut client).await,
                (Err(error), _) => Err(error),
            };
            if let Some(done) = self.connector.settle(&mut left, tried).await {
                return done;
            }
        }
    }

    async fn write_once(&mut self, client: &mut Client, change: &MemberChange) -> Result<bool, Error> {
        let member = change.apply(&self.member)?;
        let keys = &self.handle.keys;
        let key = keys.member(&self.member.id);
        let as_known = Compare::mod_revision(key.clone(), CompareOp::Equal, self.revision);
        let leased = PutOptions::new().with_lease(self.lease);
        let puts = [
            TxnOp::put(key.clone(), record::write(&member), Some(leased)),
            TxnOp::put(keys.changed(), "", None),
        ];
        let txn = Txn::new()
            .when([self.ours(&key), as_known])
            .and_then(puts)
            .or_else([TxnOp::get(key, None)]);
        let done = answered(DOING, self.wait(), client.txn(txn)).await?;
        if done.succeeded() {
            let header = done
                .header()
                .ok_or_else(|| retryable(DOING, "the answer has no revision"))?;
            (self.member, self.revision) = (member, header.revision());
            return Ok(true);
        }
        let Some(kept) = there(&done).filter(|kept| kept.lease() == self.lease) else {
            return Ok(false);
        };
        // A change before this one was made, and only its answer was lost.
        self.revision = kept.mod_revision();
        if let Ok(member) = record::read(self.member.id.as_str(), kept.value()) {
            self.member = member;
        }
        if change.apply(&self.member)? == self.member {
            return Ok(true);
        }
        Err(retryable(DOING, "it has changed meanwhile"))
    }

    async fn delete_once(&self, client: &mut Client) -> Result<bool, Error> {
        let keys = &self.handle.keys;
        let key = keys.member(&self.member.id);
        let txn = Txn::new()
            .when([self.ours(&key)])
            .and_then([TxnOp::delete(key, None), TxnOp::put(keys.changed(), "", None)]);
        let done = answered(DOING, self.wait(), client.txn(txn)).await?;
        Ok(done.succeeded())
    }

    fn ours(&self, key: &str) -> Compare {
        Compare::lease(key, CompareOp::Equal, self.lease)
    }

    fn wait(&self) -> Duration {
        self.connector.config().answer_wait()
    }

    fn is_lost(&self) -> bool {
        *self.lost.borrow()
    }
}

/// What a transaction has read instead of changing it.
fn there(done: &TxnResponse) -> Option<KeyValue> {
    done.op_responses()
        .into_iter()
        .find_map(|response| match response {
            TxnOpResponse::Get(found) => found.kvs().first().cloned(),
            TxnOpResponse::Put(_) | TxnOpResponse::Delete(_) | TxnOpResponse::Txn(_) => None,
        })
}

#[async_trait]
impl Joined for EtcdJoined {
    async fn update(&mut self, change: MemberChange) -> Result<(), Error> {
        let lost = Terminal::LeaseLost(self.member.id.clone());
        if self.is_lost() {
            return Err(lost.into());
        }
        if !self.change(Some(&change)).await? {
            self.lost.send_replace(true);
            return Err(lost.into());
        }
        Ok(())
    }

    async fn leave(self: Box<Self>) -> Result<(), Error> {
        let mut leaving = *self;
        let was_lost = leaving.is_lost();
        // The loop that keeps the lease must not take the deletion for a loss.
        drop(std::mem::replace(&mut leaving.keeping, watch::Sender::new(())));
        let left = leaving.change(None).await;
        if was_lost {
            // It is out already; this was only to be sure.
            return Ok(());
        }
        left?;
        if let Ok(mut client) = leaving.connector.connect().await
            && let Err(error) = revoke(&mut client, leaving.lease, leaving.wait()).await
        {
            let error: &dyn std::error::Error = &error;
            tracing::debug!(
                error,
                "the lease was not ended, it ends by itself and holds nothing any more"
            );
        }
        Ok(())
    }

    fn lost(&self) -> watch::Receiver<bool> {
        self.lost.subscribe()
    }
}
