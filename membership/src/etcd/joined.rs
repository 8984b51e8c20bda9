//! Being a member.

use crate::etcd::Handle;
use crate::etcd::connect::Connector;
use crate::etcd::failure::answered;
use crate::etcd::join::revoke;
use crate::etcd::record;
use crate::{Error, Joined, Member, MemberChange, Terminal};
use async_trait::async_trait;
use etcd_client::{Client, Compare, CompareOp, PutOptions, Txn, TxnOp};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A home server's own record and lease.
pub(crate) struct EtcdJoined {
    pub(crate) handle: Arc<Handle>,
    pub(crate) connector: Connector,
    pub(crate) member: Member,
    pub(crate) lease: i64,
    pub(crate) lost: watch::Sender<bool>,
    /// Dropping it ends the loop that keeps the lease.
    pub(crate) keeping: watch::Sender<()>,
}

impl EtcdJoined {
    /// Does something to the record if it is still under our lease, and says whether it was.
    async fn change(&mut self, what: impl Fn(String) -> TxnOp) -> Result<bool, Error> {
        let mut left = self.connector.tries();
        loop {
            let tried = match self.connector.connect().await {
                Ok(mut client) => self.change_once(&mut client, &what).await,
                Err(error) => Err(error),
            };
            if let Some(done) = self.connector.settle(&mut left, tried).await {
                return done;
            }
        }
    }

    async fn change_once(&self, client: &mut Client, what: impl Fn(String) -> TxnOp) -> Result<bool, Error> {
        let keys = &self.handle.keys;
        let key = keys.member(&self.member.id);
        let ours = Compare::lease(key.clone(), CompareOp::Equal, self.lease);
        let txn = Txn::new()
            .when([ours])
            .and_then([what(key), TxnOp::put(keys.changed(), "", None)]);
        Ok(
            answered("change the member's record", self.wait(), client.txn(txn))
                .await?
                .succeeded(),
        )
    }

    fn wait(&self) -> Duration {
        self.connector.config().answer_wait()
    }

    fn is_lost(&self) -> bool {
        *self.lost.borrow()
    }
}

#[async_trait]
impl Joined for EtcdJoined {
    async fn update(&mut self, change: MemberChange) -> Result<(), Error> {
        let lost = Terminal::LeaseLost(self.member.id.clone());
        if self.is_lost() {
            return Err(lost.into());
        }
        let member = change.apply(&self.member)?;
        let (value, lease) = (record::write(&member), self.lease);
        let put = move |key| TxnOp::put(key, value.clone(), Some(PutOptions::new().with_lease(lease)));
        if !self.change(put).await? {
            self.lost.send_replace(true);
            return Err(lost.into());
        }
        self.member = member;
        Ok(())
    }

    async fn leave(self: Box<Self>) -> Result<(), Error> {
        let mut leaving = *self;
        let was_lost = leaving.is_lost();
        // The loop that keeps the lease must not take the deletion for a loss.
        drop(std::mem::replace(&mut leaving.keeping, watch::Sender::new(())));
        let left = leaving.change(|key| TxnOp::delete(key, None)).await;
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
