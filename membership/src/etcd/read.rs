//! Reads the whole set, and finds out which epoch it has.
//!
//! Whoever watches knows the revision of each change. Whoever reads sees the revision of what is there, but not
//! when something was deleted. Every purposeful change also puts the `changed` key, so only leases that ended
//! after the latest revision that is there can be missing; and since they only make the keys fewer, the first
//! revision at which there were as few as now is found by halving. Where etcd has forgotten the revisions
//! in question, nobody can know, and the reader makes a new last change that all processes see.

use crate::Error;
use crate::etcd::failure::{answered, is_compacted, retryable, split};
use crate::etcd::keys::Keys;
use crate::etcd::snapshot::Snapshot;
use etcd_client::{Client, Compare, CompareOp, GetOptions, Txn, TxnOp};
use std::time::Duration;

const DOING: &str = "read the members";
/// How often somebody else may raise the epoch first; each of them raises it, so this ends.
const RAISE_TRIES: usize = 16;

/// Reads everything below the prefix, and the revision at which it was so.
pub(crate) async fn everything(
    client: &mut Client,
    keys: &Keys,
    wait: Duration,
) -> Result<(Snapshot, i64), Error> {
    let options = GetOptions::new().with_prefix();
    let found = answered(DOING, wait, client.get(keys.root(), Some(options))).await?;
    let Some(header) = found.header() else {
        return Err(retryable(DOING, "the answer has no revision"));
    };
    Ok((Snapshot::new(keys.clone(), found.kvs()), header.revision()))
}

/// How a set of another revision compares with the one that was read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Forgotten,
    More,
    AsFew,
}

/// The revision of the last change of a set that was read at a revision; none when etcd has forgotten it.
pub(crate) async fn last_change(
    client: &mut Client,
    snapshot: &Snapshot,
    read_at: i64,
    wait: Duration,
) -> Result<Option<i64>, Error> {
    let (mut early, mut late) = (snapshot.revision(), read_at);
    if early == 0 || early == late {
        return Ok(Some(early));
    }
    let mut at_early = then(client, snapshot, early, wait).await?;
    if at_early == Then::AsFew {
        return Ok(Some(early));
    }
    while late - early > 1 {
        let middle = early + (late - early) / 2;
        match then(client, snapshot, middle, wait).await? {
            Then::AsFew => late = middle,
            other @ (Then::Forgotten | Then::More) => (early, at_early) = (middle, other),
        }
    }
    Ok((at_early == Then::More).then_some(late))
}

async fn then(client: &mut Client, now: &Snapshot, revision: i64, wait: Duration) -> Result<Then, Error> {
    let options = GetOptions::new()
        .with_prefix()
        .with_count_only()
        .with_revision(revision);
    match tokio::time::timeout(wait, client.get(now.keys().root(), Some(options))).await {
        Ok(Ok(found)) if found.count() == now.count() => Ok(Then::AsFew),
        Ok(Ok(_more)) => Ok(Then::More),
        Ok(Err(error)) if is_compacted(&error) => Ok(Then::Forgotten),
        Ok(Err(error)) => Err(split(DOING, error)),
        Err(_elapsed) => Err(retryable(DOING, format!("etcd did not answer within {wait:?}"))),
    }
}

/// Makes a new last change, unless somebody else just did.
pub(crate) async fn change(client: &mut Client, seen: &Snapshot, wait: Duration) -> Result<(), Error> {
    let key = seen.keys().changed();
    let unchanged = Compare::mod_revision(key.clone(), CompareOp::Equal, seen.changed_revision());
    let txn = Txn::new().when([unchanged]).and_then([TxnOp::put(key, "", None)]);
    answered("give the members an epoch", wait, client.txn(txn))
        .await
        .map(drop)
}

/// Makes all epochs greater than one that was seen, unless somebody else just did so.
pub(crate) async fn raise(
    client: &mut Client,
    seen: &Snapshot,
    epoch: u64,
    wait: Duration,
) -> Result<(), Error> {
    let key = seen.keys().ahead();
    let unchanged = Compare::mod_revision(key.clone(), CompareOp::Equal, seen.ahead_revision());
    let txn = Txn::new()
        .when([unchanged])
        .and_then([TxnOp::put(key, epoch.to_string(), None)]);
    answered("raise the epoch", wait, client.txn(txn)).await.map(drop)
}

/// Makes all epochs greater than one that is known from elsewhere, unless they are.
pub(crate) async fn raise_above(
    client: &mut Client,
    keys: &Keys,
    epoch: u64,
    wait: Duration,
) -> Result<(), Error> {
    for _ in 0..RAISE_TRIES {
        let (seen, read_at) = everything(client, keys, wait).await?;
        // Whatever changes from now on has a later revision than this one.
        if seen.epoch_at(read_at) >= epoch {
            return Ok(());
        }
        raise(client, &seen, epoch, wait).await?;
    }
    Err(retryable("raise the epoch", "it changed too often meanwhile"))
}
