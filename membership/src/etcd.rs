//! Membership kept in etcd. What is kept where, and what it means: the text of [`EtcdMembership`].

mod backoff;
mod config;
mod connect;
mod failure;
mod follow;
mod join;
mod joined;
mod keep;
mod keys;
mod read;
mod record;
mod snapshot;
mod state;

pub use config::{Credentials, EtcdConfig, OnSilence, TlsFiles};

use crate::{Error, Joined, Member, Members, Membership, Terminal};
use async_trait::async_trait;
use connect::Connector;
use follow::Follower;
use join::Joining;
use joined::EtcdJoined;
use keep::Keeper;
use keys::Keys;
use state::State;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::watch;

/// Runs a loop in the background, as a task of whoever gives this. A loop that it ends early stops doing its
/// work: a set is no longer followed, a lease no longer kept.
pub type Spawn = Arc<dyn Fn(Pin<Box<dyn Future<Output = ()> + Send>>) + Send + Sync>;

/// The membership of one process, kept in etcd, with one watch for all of it. It is followed until this and
/// everything that joined through it is dropped.
///
/// # What is kept where
///
/// Format version 1, persistent; `PREFIX` is the configured one.
///
/// | key | value | lease |
/// |---|---|---|
/// | `PREFIX/v1/members/ID` | a member's record as JSON, see `etcd/record.rs` | the member's |
/// | `PREFIX/v1/changed` | empty; put in the same transaction as every purposeful change | none |
/// | `PREFIX/v1/ahead` | how far epochs are ahead of revisions, decimal; no key means 0 | none |
///
/// A record that cannot be read is ignored, counted ([`EtcdMembership::corrupt_records`]) and named once in
/// the log. Nobody joins over it.
///
/// # Epochs
///
/// The epoch of a set is `ahead` plus the etcd revision of the last change below `PREFIX/v1/`. A watcher sees that
/// revision with each change. A reader does not see when something was deleted and finds it out (see
/// `etcd/read.rs`); where
/// etcd has compacted the revisions in question, it puts `changed`, which gives the same set a new epoch
/// for everybody. So every process has the same epoch for the same set, and every process must be allowed to write
/// below the prefix.
///
/// When etcd was wiped or restored from a backup, its revisions begin again below epochs that processes have seen
/// and that the store fences by. The first process that notices sets `ahead` to the epoch it has seen, so all
/// epochs go on above it. Until then it keeps its last set.
///
/// # Leases
///
/// A member's lease is kept alive five times in its life. It is lost when etcd says so, when the record was
/// deleted by somebody else, and, with [`OnSilence::Lose`], when etcd was not heard from for four fifths of its
/// life, counted from when the last answered keepalive was sent.
///
/// # When etcd is away
///
/// The last set stays in force and is never replaced by an empty one that was not read. Tries go on with
/// bounded waits at one endpoint after the other; the log says when it begins and when it ends. Afterwards, and
/// whenever a watch breaks, is silent or was compacted away, everything is read anew.
pub struct EtcdMembership {
    handle: Arc<Handle>,
}

/// What a process has of its membership.
pub(crate) struct Handle {
    config: Arc<EtcdConfig>,
    keys: Keys,
    state: Arc<State>,
    spawn: Spawn,
    /// From here come the seeds of all waits and first endpoints.
    seed: AtomicU64,
    /// Dropping it ends the loop that follows.
    _following: watch::Sender<()>,
}

impl EtcdMembership {
    /// Begins to follow the members in the background. Does not wait for etcd: until it is reached the set is
    /// empty at epoch 0. The seed is for jitter; processes should have different ones.
    ///
    /// # Errors
    /// [`Terminal::BadSettings`] when the settings cannot be right or the TLS files cannot be read.
    pub fn start(config: EtcdConfig, spawn: Spawn, seed: u64) -> Result<Arc<Self>, Error> {
        config.validate()?;
        if let Some(files) = &config.tls {
            connect::read_tls(files).map_err(Terminal::BadSettings)?;
        }
        let (keys, config) = (Keys::new(&config.prefix), Arc::new(config));
        let (state, following) = (Arc::new(State::default()), watch::Sender::new(()));
        let connector = Connector::new(Arc::clone(&config), seed);
        let follower = Follower::new(connector, keys.clone(), Arc::clone(&state));
        spawn(Box::pin(follower.run(following.subscribe())));
        let seed = AtomicU64::new(seed.wrapping_add(1));
        let handle = Handle {
            config,
            keys,
            state,
            spawn,
            seed,
            _following: following,
        };
        Ok(Arc::new(Self {
            handle: Arc::new(handle),
        }))
    }

    /// Asks etcd once, for a process that wants to know at its start whether its settings work.
    ///
    /// # Errors
    /// [`Error::Terminal`] when etcd refuses this process, [`Error::Retryable`] when it cannot be reached now.
    pub async fn check(&self) -> Result<(), Error> {
        let (handle, mut connector) = (&self.handle, self.handle.connector());
        let wait = handle.config.answer_wait();
        let mut left = connector.tries();
        loop {
            let tried = match connector.connect().await {
                Ok(mut client) => read::everything(&mut client, &handle.keys, wait).await.map(drop),
                Err(error) => Err(error),
            };
            if let Some(done) = connector.settle(&mut left, tried).await {
                return done;
            }
        }
    }

    /// How many records were ignored because they cannot be read, each counted once by this process.
    #[must_use]
    pub fn corrupt_records(&self) -> u64 {
        self.handle.state.corrupt.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for EtcdMembership {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EtcdMembership")
            .field("config", &self.handle.config)
            .finish_non_exhaustive()
    }
}

impl Handle {
    fn connector(&self) -> Connector {
        Connector::new(
            Arc::clone(&self.config),
            self.seed.fetch_add(1, Ordering::Relaxed),
        )
    }
}

#[async_trait]
impl Membership for EtcdMembership {
    async fn join(&self, member: Member) -> Result<Box<dyn Joined>, Error> {
        let handle = Arc::clone(&self.handle);
        let mut joining = Joining {
            connector: handle.connector(),
            keys: handle.keys.clone(),
            state: Arc::clone(&handle.state),
            member: member.clone(),
            granted: None,
        };
        let held = Box::pin(joining.run()).await?;
        let (lease, epoch, revision) = (held.lease, held.epoch, held.revision);
        let (lost, keeping) = (watch::Sender::new(false), watch::Sender::new(()));
        let keeper = Keeper::new(handle.connector(), held, Arc::clone(&handle.state), lost.clone());
        (handle.spawn)(Box::pin(keeper.run(keeping.subscribe())));
        // Whoever joined finds itself in the set, unless the watch is away just now.
        let mut seen = handle.state.seen.subscribe();
        let itself = seen.wait_for(|seen| seen.epoch >= epoch);
        let _in_time = tokio::time::timeout(handle.config.answer_wait(), itself).await;
        let connector = handle.connector();
        Ok(Box::new(EtcdJoined {
            handle,
            connector,
            member,
            lease,
            revision,
            lost,
            keeping,
        }))
    }

    async fn raise(&self, epoch: u64) -> Result<(), Error> {
        let (handle, mut connector) = (&self.handle, self.handle.connector());
        let wait = handle.config.answer_wait();
        let mut left = connector.tries();
        loop {
            let tried = match connector.connect().await {
                Ok(mut client) => read::raise_above(&mut client, &handle.keys, epoch, wait).await,
                Err(error) => Err(error),
            };
            if let Some(done) = connector.settle(&mut left, tried).await {
                return done;
            }
        }
    }

    fn connected(&self) -> watch::Receiver<bool> {
        self.handle.state.connected.subscribe()
    }

    fn members(&self) -> watch::Receiver<Arc<Members>> {
        self.handle.state.members.subscribe()
    }
}
