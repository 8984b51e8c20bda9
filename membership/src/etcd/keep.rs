//! Keeps a lease alive, and notices when it is lost.

use crate::etcd::connect::Connector;
use crate::etcd::failure::{answered, is_lease_gone, retryable, split};
use crate::etcd::state::{Seen, State};
use crate::{Error, MemberId, OnSilence};
use etcd_client::{Client, LeaseKeepAliveStream, LeaseKeeper};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

const DOING: &str = "keep the lease alive";

/// A lease and its holder.
pub(crate) struct Held {
    pub(crate) id: MemberId,
    pub(crate) lease: i64,
    /// The epoch since which the holder is in the set.
    pub(crate) epoch: u64,
    /// The revision that wrote its record.
    pub(crate) revision: i64,
    /// How long etcd lets it live without a word.
    pub(crate) ttl: Duration,
    /// When the last word was sent that etcd answered: it will not end the lease within the ttl from then.
    pub(crate) heard: Instant,
}

/// Why a lease is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lost {
    Ended,
    Deleted,
    Silence,
}

impl Lost {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "etcd has ended it",
            Self::Deleted => "its record was deleted",
            Self::Silence => "etcd was not heard from for nearly as long as it lives",
        }
    }
}

/// The loop that keeps one lease.
pub(crate) struct Keeper {
    connector: Connector,
    held: Held,
    state: Arc<State>,
    lost: watch::Sender<bool>,
}

/// A stream of keepalives, with the connection it needs.
struct Stream {
    _client: Client,
    asks: LeaseKeeper,
    answers: LeaseKeepAliveStream,
}

impl Keeper {
    pub(crate) fn new(
        connector: Connector,
        held: Held,
        state: Arc<State>,
        lost: watch::Sender<bool>,
    ) -> Self {
        Self {
            connector,
            held,
            state,
            lost,
        }
    }

    /// Keeps the lease until it is lost, or its holder leaves or is gone, which drops the other end of `end`.
    pub(crate) async fn run(mut self, mut end: watch::Receiver<()>) {
        let (id, lease, seen) = (self.held.id.clone(), self.held.lease, self.state.seen.subscribe());
        let deleted = deleted(seen, id.clone(), lease, self.held.epoch);
        let keep = Box::pin(self.keep());
        let Some(lost) = until_lost(&mut end, deleted, keep).await else {
            return;
        };
        if lost == Lost::Silence {
            self.state.orphan(lease);
        }
        tracing::warn!(member = %id, reason = lost.as_str(), "the lease is lost");
        self.lost.send_replace(true);
    }

    async fn keep(&mut self) -> Lost {
        let mut stream = None;
        loop {
            let asked = Instant::now();
            let deadline = self.deadline(asked);
            let beat = tokio::time::timeout_at(deadline, self.beat(&mut stream)).await;
            let next = match beat {
                Ok(Ok(true)) => {
                    self.connector.worked();
                    self.held.heard = asked;
                    asked + self.held.ttl / 5
                }
                Ok(Ok(false)) => return Lost::Ended,
                Ok(Err(error)) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::debug!(member = %self.held.id, error, "the lease was not kept alive this time");
                    stream = None;
                    Instant::now() + self.connector.failed().min(self.held.ttl / 10)
                }
                // The deadline, looked at below.
                Err(_elapsed) => asked,
            };
            let deadline = self.deadline(Instant::now());
            tokio::time::sleep_until(next.min(deadline)).await;
            // A process that was paused finds any time over. Who holds on does so all the same: etcd says what is.
            if self.connector.config().on_silence == OnSilence::Lose && Instant::now() >= deadline {
                return Lost::Silence;
            }
        }
    }

    /// Until when the lease is certainly alive, with a fifth of its life for clocks that differ in speed.
    fn deadline(&self, now: Instant) -> Instant {
        match self.connector.config().on_silence {
            OnSilence::Lose => self.held.heard + self.held.ttl * 4 / 5,
            // Later than anything that is waited for.
            OnSilence::Hold => now + self.held.ttl * 10,
        }
    }

    /// One keepalive. Says whether the lease was still there.
    async fn beat(&mut self, kept: &mut Option<Stream>) -> Result<bool, Error> {
        let (lease, wait) = (self.held.lease, self.connector.config().answer_wait());
        let Some(stream) = kept else {
            let mut client = self.connector.connect().await?;
            let opened = tokio::time::timeout(wait, client.lease_keep_alive(lease)).await;
            return match opened {
                Ok(Ok((asks, answers))) => {
                    *kept = Some(Stream {
                        _client: client,
                        asks,
                        answers,
                    });
                    Ok(true)
                }
                Ok(Err(error)) if is_lease_gone(&error) => Ok(false),
                Ok(Err(error)) => Err(split(DOING, error)),
                Err(_elapsed) => Err(retryable(DOING, format!("etcd did not answer within {wait:?}"))),
            };
        };
        answered(DOING, wait, stream.asks.keep_alive()).await?;
        match answered(DOING, wait, stream.answers.message()).await? {
            Some(answer) => Ok(answer.ttl() > 0),
            None => Err(retryable(DOING, "etcd hung up")),
        }
    }
}

/// Why the lease was lost, or none if its holder has left or is gone.
async fn until_lost(
    end: &mut watch::Receiver<()>,
    deleted: impl Future<Output = ()>,
    keep: impl Future<Output = Lost>,
) -> Option<Lost> {
    let lost = tokio::select! {
        biased;
        _ = end.changed() => return None,
        () = deleted => Lost::Deleted,
        lost = keep => lost,
    };
    // Leaving deletes the record too, and that is no loss. It may begin, and the deletion be seen, after this task was
    // woken for something else and had looked at the end.
    end.has_changed().is_ok().then_some(lost)
}

/// Waits until a set is seen in which the member is no more, or is there under another lease.
async fn deleted(mut seen: watch::Receiver<Arc<Seen>>, id: MemberId, lease: i64, epoch: u64) {
    let gone = |seen: &Arc<Seen>| seen.epoch >= epoch && seen.leases.get(&id) != Some(&lease);
    if seen.wait_for(gone).await.is_err() {
        // Nobody follows any more, so nothing will be seen.
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    #[tokio::test]
    async fn a_record_that_is_gone_is_a_loss_while_its_holder_stays() {
        let (_stays, mut end) = watch::channel(());
        assert_eq!(
            until_lost(&mut end, ready(()), pending()).await,
            Some(Lost::Deleted)
        );
        assert_eq!(
            until_lost(&mut end, pending(), ready(Lost::Ended)).await,
            Some(Lost::Ended)
        );
    }

    #[tokio::test]
    async fn a_record_that_its_holder_deletes_is_no_loss() {
        let (leaves, mut end) = watch::channel(());
        // All within one look: the end is not there when it is looked at, and then is, with what follows from it.
        let deleted = async move { drop(leaves) };
        assert_eq!(until_lost(&mut end, deleted, pending()).await, None);
    }
}
