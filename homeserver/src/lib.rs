//! A home server: the state of its people, and every decision about them.
//!
//! The walk of a command: a link hands a call to `service`, which checks that we are home and asks the shard
//! of the person (`shards`, `shard`). The shard's loop applies it to the `presentity`, which answers with a
//! verdict and effects and touches nothing outside. `shard` persists what is to be durable and answers when it
//! is; `delivery` tells other homes of changes, and routers of what is for clients. `ownership` follows the
//! placement, `accounts` follows the store, `expiry` knows what ends when.

mod accounts;
mod authenticate;
mod command;
mod config;
mod delivery;
mod expiry;
mod ids;
mod incoming;
mod lease;
mod metrics;
mod ownership;
mod presentity;
mod served;
mod service;
mod settings;
mod shard;
mod shards;

pub use config::HomeServerConfig;
pub use settings::{HomeServerSettings, ListenSection, SettingsError, StoreSection};

use daemon::{Clock, Listener, Network, OnError, Readiness, Tasks};
use delivery::Delivery;
use membership::{Joined, Member, MemberId, Membership, Phase, Placements};
use metrics::Metrics;
use ownership::Ownership;
use prometheus_client::registry::Registry;
use proto::{Connect, LinkServer, Links, Peer, Role};
use served::Served;
use service::Service;
use shard::Shard;
use shards::Shards;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::{Store, Writer};

/// What a home server is given: nothing here is reached for.
#[derive(Clone)]
pub struct Resources {
    /// Who else is there.
    pub membership: Arc<dyn Membership>,
    /// Durable state.
    pub store: Arc<dyn Store>,
    /// Connections.
    pub network: Arc<dyn Network>,
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
    name: String,
    address: SocketAddr,
    joined: Box<dyn Joined>,
    placements: Placements,
    served: Served,
    tasks: Tasks,
    /// Shards, links and the store's writer, which end last, in this order: what a shard is at is answered
    /// on the link that asked.
    shard_tasks: Tasks,
    link_tasks: Tasks,
    writer_tasks: Tasks,
    readiness: Readiness,
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
        let joined = resources.membership.join(member).await.map_err(Error::Join)?;
        Ok(Joining {
            config,
            resources,
            listener,
            address,
            revision,
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
        let (tasks, shards) = (self.tasks.clone(), self.shard_tasks.clone());
        let (links, writer) = (self.link_tasks.clone(), self.writer_tasks.clone());
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
    pub async fn drain(mut self, deadline: Duration) -> Vec<&'static str> {
        if let Err(error) = self.joined.set_phase(Phase::Draining).await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(
                member = self.name,
                error,
                "the membership was not told of the drain"
            );
        } else if tokio::time::timeout(deadline, handed_over(&self.name, &self.placements, &self.served))
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
    pub async fn stop(mut self, deadline: Duration) -> Vec<&'static str> {
        self.readiness.set(&self.name, false);
        if let Err(error) = self.joined.set_phase(Phase::Draining).await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(
                member = self.name,
                error,
                "the membership was not told of the drain"
            );
        }
        let mut left = self.tasks.drain(deadline).await;
        left.extend(self.shard_tasks.drain(deadline).await);
        // Not before: routers hang up on who is no member, and what is under way is answered on their links.
        if let Err(error) = self.joined.leave().await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(
                member = self.name,
                error,
                "the membership was not told, the lease will end"
            );
        }
        left.extend(self.link_tasks.drain(deadline).await);
        left.extend(self.writer_tasks.drain(deadline).await);
        tracing::info!(member = self.name, "home server has left");
        left
    }

    /// Ends at once and tells nobody, as a crash would.
    pub fn abort(self) {
        self.tasks.abort();
        self.shard_tasks.abort();
        self.link_tasks.abort();
        self.writer_tasks.abort();
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

/// A home server that has joined the membership and is about to serve.
pub struct Joining {
    config: HomeServerConfig,
    resources: Resources,
    listener: Box<dyn Listener>,
    address: SocketAddr,
    revision: u64,
    joined: Box<dyn Joined>,
}

impl Joining {
    /// Serves. It is ready, in [`Resources::readiness`], once it has read the state of its slots from the
    /// store.
    pub fn serve(self, registry: &mut Registry) -> HomeServer {
        let Self {
            config,
            resources,
            listener,
            address,
            revision,
            joined,
        } = self;
        let metrics = Metrics::register(registry, &config.name);
        let (tasks, shard_tasks, link_tasks, writer_tasks) =
            (Tasks::new(), Tasks::new(), Tasks::new(), Tasks::new());
        let stages = Stages {
            tasks: &tasks,
            shards: &shard_tasks,
            links: &link_tasks,
            writer: &writer_tasks,
        };
        let served = Served::new();
        build(
            &config,
            &resources,
            &stages,
            (metrics, &served),
            listener,
            revision,
        );
        lease::end_when_lost(MemberId::from(config.name.as_str()), joined.lost(), &tasks);
        HomeServer {
            name: config.name,
            address,
            joined,
            placements: Placements::follow(resources.membership.members()),
            served,
            tasks,
            shard_tasks,
            link_tasks,
            writer_tasks,
            readiness: resources.readiness,
        }
    }
}

/// The tasks of a home server, by when they end.
struct Stages<'a> {
    tasks: &'a Tasks,
    shards: &'a Tasks,
    links: &'a Tasks,
    writer: &'a Tasks,
}

/// Puts the parts together and sets them going.
fn build(
    config: &HomeServerConfig,
    resources: &Resources,
    stages: &Stages<'_>,
    (metrics, served): (Metrics, &Served),
    listener: Box<dyn Listener>,
    revision: u64,
) {
    let me = MemberId::from(config.name.as_str());
    let placements = Placements::follow(resources.membership.members());
    let (shards, mailboxes) = Shards::new(config.shards);
    let (writer, writing) = Writer::new(Arc::clone(&resources.store));
    stages.writer.spawn("store writer", OnError::Stop, async move {
        writing.await;
        Ok(())
    });
    let spawn = stages.links.spawner("link", OnError::Log);
    let my_peer = Peer {
        name: config.name.clone(),
        role: Role::Home,
    };
    let connect = Arc::new(LinkConnect(Arc::clone(&resources.network)));
    let links = Links::new(my_peer.clone(), connect, Arc::new(NotCalled), Arc::clone(&spawn));
    let ways = (stages.tasks.clone(), metrics.clone());
    let delivery = Delivery::new(
        me.clone(),
        links.clone(),
        placements.clone(),
        (shards.clone(), served.clone()),
        ways,
    );
    for (index, mailbox) in mailboxes.into_iter().enumerate() {
        let parts = shard::Parts {
            store: Arc::clone(&resources.store),
            writer: writer.clone(),
            delivery: delivery.clone(),
            clock: Arc::clone(&resources.clock),
            metrics: metrics.clone(),
            seed: resources.seed.wrapping_add(index as u64),
        };
        let (shard, cancelled) = (Shard::new(parts, mailbox), stages.shards.cancelled());
        stages.shards.spawn("shard", OnError::Stop, async move {
            shard.run(cancelled).await;
            Ok(())
        });
    }
    let ownership = Ownership {
        me: me.clone(),
        placements: placements.clone(),
        links,
        shards: shards.clone(),
        store: Arc::clone(&resources.store),
        served: served.clone(),
    };
    follow_outside(config, resources, stages.tasks, ownership, revision);
    let service = Arc::new(Service {
        me,
        placements,
        shards,
        delivery,
        served: served.clone(),
    });
    let server = LinkServer::new(my_peer, service, spawn);
    stages.links.spawn(
        "link listener",
        OnError::Stop,
        incoming::serve(listener, server, stages.links.cancelled()),
    );
}

/// Starts the loops that follow the placement and the accounts.
fn follow_outside(
    config: &HomeServerConfig,
    resources: &Resources,
    tasks: &Tasks,
    ownership: Ownership,
    revision: u64,
) {
    let (store, shards) = (Arc::clone(&resources.store), ownership.shards.clone());
    let accounts = accounts::follow(store, shards, revision, tasks.cancelled());
    tasks.spawn("account follower", OnError::Stop, async move {
        accounts.await;
        Ok(())
    });
    let (readiness, name) = (resources.readiness.clone(), config.name.clone());
    let cancelled = tasks.cancelled();
    tasks.spawn("placement follower", OnError::Stop, async move {
        ownership
            .run(cancelled, |ready| readiness.set(&name, ready))
            .await;
        Ok(())
    });
}

/// The answering end of the links that a home server opens: homes are called on the links they accept.
struct NotCalled;

#[async_trait::async_trait]
impl proto::Serve for NotCalled {
    async fn serve(&self, _: &proto::Link, _: proto::Call) -> Result<proto::Answer, proto::Refusal> {
        Err(rvp::Fault::BadRequest.into())
    }
}

/// Connects links through the network that was given.
struct LinkConnect(Arc<dyn Network>);

#[async_trait::async_trait]
impl Connect for LinkConnect {
    async fn connect(&self, address: &str) -> io::Result<Box<dyn proto::links::Io>> {
        let stream = self.0.connect_to(address).await?;
        Ok(Box::new(stream))
    }
}
