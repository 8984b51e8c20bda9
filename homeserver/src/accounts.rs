//! Notices accounts that were changed in the store from outside, by the command line for example.

use crate::shards::Shards;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio_util::sync::CancellationToken;

/// How often the store is asked. A disabled person is gone after at most this long.
const EVERY: Duration = Duration::from_secs(1);

/// Follows the accounts until cancelled. A store that cannot be read is asked again; sessions stay.
pub(crate) async fn follow(
    store: Arc<dyn Store>,
    shards: Shards,
    mut revision: u64,
    stop: CancellationToken,
) {
    let mut broken = false;
    while stop
        .run_until_cancelled(tokio::time::sleep(EVERY))
        .await
        .is_some()
    {
        match store.changes_since(revision).await {
            Ok((newest, changes)) => {
                revision = newest;
                broken = false;
                if !changes.is_empty() && shards.accounts(changes).await.is_err() {
                    return;
                }
            }
            Err(error) if !broken => {
                broken = true;
                let error: &dyn std::error::Error = &error;
                tracing::error!(
                    error,
                    "changed accounts cannot be read, sessions stay as they are"
                );
            }
            // Said once for each outage.
            Err(_) => {}
        }
    }
}
