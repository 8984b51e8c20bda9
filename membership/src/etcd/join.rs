//! Becoming a member.

use crate::etcd::connect::Connector;
use crate::etcd::failure::{answered, is_lease_gone, retryable, split};
use crate::etcd::keep::Held;
use crate::etcd::keys::Keys;
use crate::etcd::snapshot::Snapshot;
use crate::etcd::state::State;
use crate::etcd::{read, record};
use crate::{Error, Member, Terminal, admit};
use etcd_client::{Client, Compare, CompareOp, PutOptions, Txn, TxnOp};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const DOING: &str = "join the members";
/// How often others may come first. Each of them is one that got in, so it ends.
const CONFLICTS_MAX: usize = 64;

/// One joining, over however many tries.
pub(crate) struct Joining {
    pub(crate) connector: Connector,
    pub(crate) keys: Keys,
    pub(crate) state: Arc<State>,
    pub(crate) member: Member,
    pub(crate) granted: Option<Granted>,
}

/// The lease, once there is one.
#[derive(Clone, Copy)]
pub(crate) struct Granted {
    lease: i64,
    ttl: Duration,
    asked: Instant,
}

impl Joining {
    /// Joins, or leaves nothing behind.
    pub(crate) async fn run(&mut self) -> Result<Held, Error> {
        let mut left = self.connector.tries();
        let joined = loop {
            let tried = match self.connector.connect().await {
                Ok(mut client) => self.once(&mut client).await,
                Err(error) => Err(error),
            };
            if let Some(done) = self.connector.settle(&mut left, tried).await {
                break done;
            }
        };
        if joined.is_ok() {
            self.granted = None;
        } else if let Some(granted) = self.granted.take() {
            // It may hold a record, if only the answer to the last try was lost.
            self.state.orphan(granted.lease);
            if let Ok(mut client) = self.connector.connect().await
                && let Err(error) = end_orphans(&mut client, &self.state, self.wait()).await
            {
                let error: &dyn std::error::Error = &error;
                tracing::debug!(error, "a lease was not ended, it ends by itself");
            }
        }
        joined
    }

    async fn once(&mut self, client: &mut Client) -> Result<Held, Error> {
        if self.granted.is_none() {
            end_orphans(client, &self.state, self.wait()).await?;
        }
        for _ in 0..CONFLICTS_MAX {
            let (there, _) = read::everything(client, &self.keys, self.wait()).await?;
            if let Some(granted) = self.granted
                && let Some(kept) = there.kept(&self.member.id)
                && kept.lease == granted.lease
            {
                // A try before this one succeeded and only its answer was lost.
                return Ok(self.held(granted, &there, kept.revision));
            }
            self.admit(&there)?;
            let granted = self.grant(client).await?;
            if let Some(revision) = self.enter(client, &there, granted).await? {
                return Ok(self.held(granted, &there, revision));
            }
        }
        Err(retryable(DOING, "others always came first"))
    }

    /// The rules for joining, and one more: nobody writes over what cannot be read.
    fn admit(&self, there: &Snapshot) -> Result<(), Error> {
        admit(&self.member, &there.members())?;
        match there.kept(&self.member.id) {
            None => Ok(()),
            Some(_unreadable) => Err(Terminal::NoRecord {
                key: self.keys.member(&self.member.id),
            }
            .into()),
        }
    }

    async fn grant(&mut self, client: &mut Client) -> Result<Granted, Error> {
        if let Some(granted) = self.granted {
            return Ok(granted);
        }
        let (asked, doing) = (Instant::now(), "open a lease");
        let seconds = i64::try_from(self.connector.config().ttl.as_secs()).unwrap_or(i64::MAX);
        let answer = answered(doing, self.wait(), client.lease_grant(seconds, None)).await?;
        let Ok(seconds) = u64::try_from(answer.ttl()) else {
            return Err(retryable(doing, format!("etcd gave it {} s", answer.ttl())));
        };
        let granted = Granted {
            lease: answer.id(),
            ttl: Duration::from_secs(seconds),
            asked,
        };
        self.granted = Some(granted);
        Ok(granted)
    }

    /// Writes the record, if nothing has changed since the rules were applied. Returns the revision of it.
    async fn enter(
        &self,
        client: &mut Client,
        there: &Snapshot,
        granted: Granted,
    ) -> Result<Option<i64>, Error> {
        let (key, changed, ahead) = (
            self.keys.member(&self.member.id),
            self.keys.changed(),
            self.keys.ahead(),
        );
        let unchanged = [
            Compare::create_revision(key.clone(), CompareOp::Equal, 0),
            Compare::mod_revision(changed.clone(), CompareOp::Equal, there.changed_revision()),
            Compare::mod_revision(ahead, CompareOp::Equal, there.ahead_revision()),
        ];
        let leased = PutOptions::new().with_lease(granted.lease);
        let puts = [
            TxnOp::put(key, record::write(&self.member), Some(leased)),
            TxnOp::put(changed, "", None),
        ];
        let txn = Txn::new().when(unchanged).and_then(puts);
        match tokio::time::timeout(self.wait(), client.txn(txn)).await {
            Ok(Ok(done)) if done.succeeded() => Ok(done.header().map(etcd_client::ResponseHeader::revision)),
            Ok(Ok(_conflict)) => Ok(None),
            Ok(Err(error)) => Err(split(DOING, error)),
            Err(_elapsed) => Err(retryable(
                DOING,
                format!("etcd did not answer within {:?}", self.wait()),
            )),
        }
    }

    fn held(&self, granted: Granted, there: &Snapshot, revision: i64) -> Held {
        let Granted { lease, ttl, asked } = granted;
        Held {
            id: self.member.id.clone(),
            lease,
            epoch: there.epoch_at(revision),
            revision,
            ttl,
            heard: asked,
        }
    }

    fn wait(&self) -> Duration {
        self.connector.config().answer_wait()
    }
}

impl Drop for Joining {
    /// The caller waits no longer: what it may have left behind is not to be in its way when it tries again.
    fn drop(&mut self) {
        if let Some(granted) = self.granted.take() {
            self.state.orphan(granted.lease);
        }
    }
}

/// Ends leases that this process gave up, and with them records that would be in its own way.
async fn end_orphans(client: &mut Client, state: &State, wait: Duration) -> Result<(), Error> {
    while let Some(lease) = state.an_orphan() {
        revoke(client, lease, wait).await?;
        state.forget(lease);
    }
    Ok(())
}

/// Ends a lease. It is no error when there is none any more.
pub(crate) async fn revoke(client: &mut Client, lease: i64, wait: Duration) -> Result<(), Error> {
    let doing = "end a lease";
    match tokio::time::timeout(wait, client.lease_revoke(lease)).await {
        Ok(Ok(_ended)) => Ok(()),
        Ok(Err(error)) if is_lease_gone(&error) => Ok(()),
        Ok(Err(error)) => Err(split(doing, error)),
        Err(_elapsed) => Err(retryable(doing, format!("etcd did not answer within {wait:?}"))),
    }
}
