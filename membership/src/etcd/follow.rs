//! Follows the members: reads them once, then watches, and begins again whenever that breaks.

use crate::etcd::connect::Connector;
use crate::etcd::failure::{answered, retryable, split};
use crate::etcd::keys::Keys;
use crate::etcd::read;
use crate::etcd::snapshot::Snapshot;
use crate::etcd::state::{Behind, State};
use crate::{Error, Terminal};
use etcd_client::{Client, WatchOptions, WatchResponse, WatchStream};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::watch;

const DOING: &str = "watch the members";
/// How often the set may change while its epoch is found out, before that counts as failed.
const CATCH_UP_TRIES: usize = 8;

/// The loop of a process that keeps [`State`] up to date.
pub(crate) struct Follower {
    connector: Connector,
    keys: Keys,
    state: Arc<State>,
    /// The records that were named in the log, with the revision that was.
    named: BTreeMap<String, i64>,
    /// Sessions that failed since the last one that worked.
    failures: u32,
    /// Whether the log says that it does not work.
    told: bool,
    /// The refusal that the log names, so that another one is named too.
    refused: Option<Terminal>,
}

impl Follower {
    pub(crate) fn new(connector: Connector, keys: Keys, state: Arc<State>) -> Self {
        Self {
            connector,
            keys,
            state,
            named: BTreeMap::new(),
            failures: 0,
            told: false,
            refused: None,
        }
    }

    /// Follows until nobody asks any more, which is when the other end of `end` is dropped.
    pub(crate) async fn run(mut self, mut end: watch::Receiver<()>) {
        tokio::select! {
            _ = end.changed() => {}
            () = Box::pin(self.follow()) => {}
        }
    }

    async fn follow(&mut self) {
        loop {
            let error = match self.session().await {
                Ok(never) => match never {},
                Err(error) => error,
            };
            self.broke(&error);
            let wait = self.connector.failed();
            // What broke once is usually back at the next endpoint, so the first try follows at once.
            if self.failures > 1 {
                tokio::time::sleep(wait).await;
            }
        }
    }

    /// One connection, from reading everything until it breaks.
    async fn session(&mut self) -> Result<Infallible, Error> {
        let mut client = self.connector.connect().await?;
        let (mut snapshot, from) = self.catch_up(&mut client).await?;
        let options = WatchOptions::new().with_prefix().with_start_revision(from);
        let opened = client.watch(self.keys.root(), Some(options));
        let mut stream = answered(DOING, self.wait(), opened).await?;
        self.works();
        loop {
            let response = self.next(&mut stream).await?;
            if response.canceled() {
                let why = format!(
                    "etcd ended the watch: {:?}, compacted to {}",
                    response.cancel_reason(),
                    response.compact_revision()
                );
                return Err(retryable(DOING, why));
            }
            if response.events().is_empty() {
                continue;
            }
            // All events of one revision come together, so no set is published that never was.
            for event in response.events() {
                snapshot.apply(event);
            }
            self.name_corrupt(&snapshot);
            if let Err(Behind { published }) = self.state.publish(&snapshot) {
                return Err(retryable(DOING, format!("there was an epoch {published} before")));
            }
        }
    }

    /// Reads everything and publishes it. The last set stays in force until this one has an epoch of its own.
    /// Returns it and the revision to watch from.
    async fn catch_up(&mut self, client: &mut Client) -> Result<(Snapshot, i64), Error> {
        let wait = self.wait();
        for _ in 0..CATCH_UP_TRIES {
            let (mut snapshot, read_at) = read::everything(client, &self.keys, wait).await?;
            self.name_corrupt(&snapshot);
            let Some(changed_at) = read::last_change(client, &snapshot, read_at, wait).await? else {
                read::change(client, &snapshot, wait).await?;
                continue;
            };
            snapshot.changed_at(changed_at);
            let Err(Behind { published }) = self.state.publish(&snapshot) else {
                // From the last change and not from what was read, so that whatever somebody put and deleted
                // by hand in between is seen too.
                let from = if snapshot.count() == 0 {
                    read_at
                } else {
                    changed_at
                };
                return Ok((snapshot, from + 1));
            };
            tracing::warn!(
                epoch = published,
                etcd = snapshot.epoch(),
                "etcd knows an older history than this process has seen, epochs go on from the greater one"
            );
            read::raise(client, &snapshot, published, wait).await?;
        }
        Err(retryable("read the members", "they changed too often meanwhile"))
    }

    /// The next word from the watch. Nothing to tell and nobody there are told apart by asking.
    async fn next(&mut self, stream: &mut WatchStream) -> Result<WatchResponse, Error> {
        let beat = self.connector.config().beat();
        let message = match tokio::time::timeout(beat, stream.message()).await {
            Ok(message) => message,
            Err(_silent) => {
                answered(DOING, self.wait(), stream.request_progress()).await?;
                match tokio::time::timeout(self.wait(), stream.message()).await {
                    Ok(message) => message,
                    Err(_silent) => return Err(retryable(DOING, "the watch is silent")),
                }
            }
        };
        match message {
            Ok(Some(response)) => Ok(response),
            Ok(None) => Err(retryable(DOING, "etcd hung up")),
            Err(error) => Err(split(DOING, error)),
        }
    }

    fn wait(&self) -> Duration {
        self.connector.config().answer_wait()
    }

    fn works(&mut self) {
        self.connector.worked();
        if self.told {
            tracing::info!("etcd is reached again, members are followed");
        }
        (self.failures, self.told, self.refused) = (0, false, None);
        self.state.connected.send_replace(true);
    }

    /// Says once that it does not work: at the second failure in a row, since an etcd of several members
    /// survives one, but a refusal at once.
    fn broke(&mut self, error: &Error) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= 2 {
            self.state.connected.send_replace(false);
        }
        let news = match error {
            Error::Terminal(refused) => self.refused.replace(refused.clone()).as_ref() != Some(refused),
            Error::Retryable { .. } => self.failures >= 2 && !self.told,
        };
        let error: &dyn std::error::Error = error;
        if news {
            self.told = true;
            tracing::warn!(error, "members cannot be followed, the last known stay in force");
        } else {
            tracing::debug!(error, "members cannot be followed");
        }
    }

    /// Counts and names each unreadable record once.
    fn name_corrupt(&mut self, snapshot: &Snapshot) {
        let before = std::mem::take(&mut self.named);
        for (id, revision, why) in snapshot.corrupt() {
            if before.get(id) != Some(&revision) {
                self.state.count_corrupt();
                let (key, why) = (self.keys.member(&id.into()), why as &dyn std::error::Error);
                let count = self.state.corrupt.load(Ordering::Relaxed);
                tracing::warn!(
                    key,
                    error = why,
                    count,
                    "what is kept here is no member and is ignored"
                );
            }
            self.named.insert(id.to_owned(), revision);
        }
    }
}
