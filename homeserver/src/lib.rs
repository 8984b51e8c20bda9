//! A home server: the state of its people, and every decision about them.
//!
//! The walk of a command: a link hands a call to `service`, which checks that we are home and asks the shard
//! of the person (`shards`, `shard`). The shard's loop applies it to the `presentity`, which answers with a
//! verdict and effects and touches nothing outside. `shard` persists what is to be durable and answers when it
//! is; `delivery` tells other homes of changes, and routers of what is for clients. `ownership` follows the
//! placement, `accounts` follows the store, `expiry` knows what ends when.

mod accounts;
mod archives;
mod authenticate;
mod census;
mod claims;
mod command;
mod config;
mod delivery;
mod expiry;
mod governor;
mod ids;
mod incoming;
mod lease;
mod ledger;
mod lending;
mod metrics;
mod operator;
mod ownership;
mod pace;
mod presentity;
mod purge;
mod served;
mod service;
mod settings;
mod shard;
mod shards;
mod standing;
mod start;
mod talk;

pub use archives::{ArchivePolicy, Archives};
pub use config::{HomeServerConfig, Offline, OfflinePolicy};
pub use settings::{
    ArchiveSection, HomeServerSettings, ListenSection, OfflineSection, SettingsError, StoreSection,
};
pub use start::Joining;

use daemon::{Clock, Network, Readiness};
use membership::{Member, MemberChange, MemberId, Membership, Phase, Placements, SLOTS};
use prometheus_client::registry::Registry;
use proto::Beside;
use served::Served;
use shards::Shards;
use standing::Standing;
use start::Stages;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::Store;

/// What a home server is given: nothing here is reached for.
#[derive(Clone)]
pub struct Resources {
    /// Who else is there.
    pub membership: Arc<dyn Membership>,
    /// Durable state.
    pub store: Arc<dyn Store>,
    /// Connections.
    pub network: Arc<dyn Network>,
    /// Where routers and homes of the same process find it, and it finds those homes, without a connection.
    pub beside: Beside,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Where it says whether it is ready.
    pub readiness: Readiness,
    /// Randomness: from here come subscription and view ids.
    pub seed: u64,
}

/// Why a home server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its link listener cannot be opened.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The membership refuses it.
    #[error("cannot join the membership")]
    Join(#[source] membership::Error),
    /// The store cannot be read.
    #[error("cannot read the store")]
    Store(#[source] store::Error),
}

/// A home server that runs.
pub struct HomeServer {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    pub(crate) standing: Standing,
    pub(crate) placements: Placements,
    pub(crate) served: Served,
    pub(crate) shards: Shards,
    pub(crate) stages: Stages,
    pub(crate) readiness: Readiness,
}

impl HomeServer {
    /// Binds, joins and serves: [`HomeServer::join`] and then [`Joining::serve`].
    ///
    /// # Errors
    /// [`Error`] when it cannot listen, join, or read the store.
    pub async fn start(
        config: HomeServerConfig,
        resources: Resources,
        registry: &mut Registry,
    ) -> Result<Self, Error> {
        Ok(Self::join(config, resources).await?.serve(registry))
    }

    /// Binds and joins, but does not serve yet. When several home servers begin at once, all of them join
    /// first, so that none reads the state of slots that are another's a moment later.
    ///
    /// # Errors
    /// [`Error`] when it cannot listen, join, or read the store.
    pub async fn join(config: HomeServerConfig, resources: Resources) -> Result<Joining, Error> {
        resources.readiness.set(&config.name, false);
        let bad_listen = |source| Error::Listen {
            address: config.listen,
            source,
        };
        let listener = resources.network.bind(config.listen).await.map_err(bad_listen)?;
        let address = listener.local_addr().map_err(bad_listen)?;
        let revision = resources.store.revision().await.map_err(Error::Store)?;
        let me = MemberId::from(config.name.as_str());
        let advertised = config.advertise.clone().unwrap_or_else(|| address.to_string());
        let member = Member {
            phase: Phase::Active,
            ..Member::new(me, advertised, config.zone.clone(), config.capacity)
        };
        // The store refuses claims of older epochs than it has seen. A membership that begins anew, as one in
        // memory does with each process, goes on above them.
        let seen = resources.store.epoch().await.map_err(Error::Store)?;
        resources.membership.raise(seen).await.map_err(Error::Join)?;
        let joined = resources
            .membership
            .join(member.clone())
            .await
            .map_err(Error::Join)?;
        Ok(Joining {
            config,
            resources,
            listener,
            address,
            revision,
            member,
            joined,
        })
    }

    /// Where its link listener is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns when one of its tasks has failed so that it cannot go on.
    pub fn failed(&self) -> impl Future<Output = daemon::Failure> + Send + 'static {
        let Stages {
            tasks,
            shards,
            links,
            writer,
        } = self.stages.clone();
        async move {
            tokio::select! {
                failure = tasks.failed() => failure,
                failure = shards.failed() => failure,
                failure = links.failed() => failure,
                failure = writer.failed() => failure,
            }
        }
    }

    /// Leaves service so that nobody notices: first its slots go to the other homes, which takes at most the
    /// deadline, then as [`HomeServer::stop`].
    pub async fn drain(self, deadline: Duration) -> Vec<&'static str> {
        if self.say_draining().await
            && tokio::time::timeout(deadline, handed_over(&self.name, &self.placements, &self.served))
                .await
                .is_err()
        {
            let left = self.served.len();
            tracing::warn!(member = self.name, left, "not all slots were handed over in time");
        }
        self.stop(deadline).await
    }

    /// Leaves service in order: it says that it is draining, so that its people get other homes and new
    /// questions are refused with `Moved`; then what is under way, then out of the membership, then the links,
    /// then the store's last writes. Returns the names of tasks that did not end in time.
    pub async fn stop(self, deadline: Duration) -> Vec<&'static str> {
        self.readiness.set(&self.name, false);
        self.say_draining().await;
        let stages = &self.stages;
        let mut left = stages.tasks.drain(deadline).await;
        // Also people whom nobody was there to take: whoever comes finds them in the store.
        self.served.stop_all();
        let release = self.shards.release(vec![false; usize::from(SLOTS)]);
        if !matches!(tokio::time::timeout(deadline, release).await, Ok(Ok(()))) {
            tracing::warn!(member = self.name, "not everything that was changed is durable");
        }
        left.extend(stages.shards.drain(deadline).await);
        // Not before: routers hang up on who is no member, and what is under way is answered on their links.
        if let Err(error) = self.standing.leave().await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(
                member = self.name,
                error,
                "the membership was not told, the lease will end"
            );
        }
        left.extend(stages.links.drain(deadline).await);
        left.extend(stages.writer.drain(deadline).await);
        tracing::info!(member = self.name, "home server has left");
        left
    }

    /// Ends at once and tells nobody, as a crash would.
    pub fn abort(self) {
        self.stages.tasks.abort();
        self.stages.shards.abort();
        self.stages.links.abort();
        self.stages.writer.abort();
    }

    /// Tells the members; says whether they know.
    async fn say_draining(&self) -> bool {
        let told = self.standing.update(MemberChange::phase(Phase::Draining)).await;
        if let Err(error) = &told {
            let error: &dyn std::error::Error = error;
            tracing::warn!(
                member = self.name,
                error,
                "the membership was not told of the drain"
            );
        }
        told.is_ok()
    }
}

/// Returns when a draining home has given up its slots; at once when there is nobody else to take them.
async fn handed_over(name: &str, placements: &Placements, served: &Served) {
    let me = MemberId::from(name);
    let mut placement = placements.now();
    while placement
        .members()
        .get(&me)
        .is_some_and(|member| member.phase != Phase::Draining)
    {
        placement = placements.changed_from(placement.epoch()).await;
    }
    if placement.slots_of(&me).is_empty() {
        served.settled(placement.epoch()).await;
    }
}
