//! Puts the parts of a home server together and sets them going.

use crate::census::Census;
use crate::claims::Claims;
use crate::delivery::Delivery;
use crate::governor::Governor;
use crate::lease::Lease;
use crate::ledger::Ledger;
use crate::lending::{Lender, Lending};
use crate::metrics::Metrics;
use crate::operator::Operator;
use crate::ownership::Ownership;
use crate::purge::Purge;
use crate::served::Served;
use crate::service::Service;
use crate::shard::{self, Shard};
use crate::shards::Shards;
use crate::standing::Standing;
use crate::talk::Talk;
use crate::{HomeServer, HomeServerConfig, Resources, accounts, incoming};
use async_trait::async_trait;
use daemon::{Listener, Network, OnError, Tasks};
use membership::{Joined, Member, MemberId, Placements};
use prometheus_client::registry::Registry;
use proto::{Connect, LinkServer, Links, NotCalled, Peer, Role};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use store::Writer;

/// A home server that has joined the membership and is about to serve.
pub struct Joining {
    pub(crate) config: HomeServerConfig,
    pub(crate) resources: Resources,
    pub(crate) listener: Box<dyn Listener>,
    pub(crate) address: SocketAddr,
    pub(crate) revision: u64,
    pub(crate) member: Member,
    pub(crate) joined: Box<dyn Joined>,
}

/// The tasks of a home server, by when they end.
#[derive(Clone, Default)]
pub(crate) struct Stages {
    /// First: whatever follows the world outside.
    pub(crate) tasks: Tasks,
    /// Then what a shard is at, which is answered on the link that asked.
    pub(crate) shards: Tasks,
    /// Then the links.
    pub(crate) links: Tasks,
    /// And last the store's writer.
    pub(crate) writer: Tasks,
}

/// What the parts of a home server share.
struct Shared {
    me: MemberId,
    placements: Placements,
    shards: Shards,
    claims: Claims,
    served: Served,
    census: Census,
    ledger: Ledger,
    governor: Governor,
    metrics: Metrics,
    standing: Standing,
    links: Links,
    delivery: Delivery,
    stages: Stages,
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
            member,
            joined,
        } = self;
        let advertised = member.address.clone();
        let (stages, lost) = (Stages::default(), joined.lost());
        let standing = Standing::new(member.clone(), joined);
        let (shared, mailboxes) = share(&config, &resources, standing, stages, registry);
        let lease = Lease {
            membership: Arc::clone(&resources.membership),
            member,
            standing: shared.standing.clone(),
            served: shared.served.clone(),
        };
        lease.keep(lost, &shared.stages.tasks);
        run_shards(&resources, &shared, &config, mailboxes);
        run_purge(&resources, &shared, &config);
        let lending = run_followers(&config, &resources, &shared, revision);
        serve_links(&config, &resources, &shared, &advertised, listener, lending);
        HomeServer {
            name: config.name,
            address,
            standing: shared.standing,
            placements: shared.placements,
            served: shared.served,
            shards: shared.shards,
            stages: shared.stages,
            readiness: resources.readiness,
        }
    }
}

type Mailboxes = Vec<tokio::sync::mpsc::Receiver<crate::shards::Ask>>;

fn share(
    config: &HomeServerConfig,
    resources: &Resources,
    standing: Standing,
    stages: Stages,
    registry: &mut Registry,
) -> (Shared, Mailboxes) {
    let me = MemberId::from(config.name.as_str());
    let label = ("member".into(), config.name.clone().into());
    let home = registry
        .sub_registry_with_prefix("homeserver")
        .sub_registry_with_label(label);
    let (metrics, ledger) = (Metrics::register(home), Ledger::register(home));
    let census = Census::new(config.capacity);
    census.register(home);
    let now = resources.clock.now();
    let governor = Governor::new(Talk::new(ledger.clone(), now), now);
    governor.register(home);
    let placements = Placements::follow(resources.membership.members());
    let (shards, mailboxes) = Shards::new(config.shards);
    let connect = Arc::new(LinkConnect(Arc::clone(&resources.network)));
    let spawn = stages.links.spawner("link", OnError::Log);
    // Homes are called on the links that they accept.
    let links = Links::within(
        resources.beside.clone(),
        peer(config),
        connect,
        Arc::new(NotCalled),
        spawn,
    );
    let served = Served::new();
    let claims = Claims {
        me: me.clone(),
        store: Arc::clone(&resources.store),
        served: served.clone(),
        clock: Arc::clone(&resources.clock),
    };
    let delivery = Delivery::new(
        claims.clone(),
        links.clone(),
        placements.clone(),
        shards.clone(),
        (stages.tasks.clone(), metrics.clone()),
    );
    let shared = Shared {
        standing,
        me,
        placements,
        shards,
        served,
        claims,
        census,
        ledger,
        governor,
        metrics,
        links,
        delivery,
        stages,
    };
    (shared, mailboxes)
}

fn run_shards(resources: &Resources, shared: &Shared, config: &HomeServerConfig, mailboxes: Mailboxes) {
    let offline = Arc::new(config.offline.clone());
    let archives = config.archive.is_on().then(|| Arc::new(config.archive.clone()));
    let (writer, writing) = Writer::new(Arc::clone(&resources.store));
    let stages = &shared.stages;
    stages.writer.spawn("store writer", OnError::Stop, async move {
        writing.await;
        Ok(())
    });
    for (index, mailbox) in mailboxes.into_iter().enumerate() {
        let parts = shard::Parts {
            store: Arc::clone(&resources.store),
            writer: writer.clone(),
            delivery: shared.delivery.clone(),
            served: shared.served.clone(),
            clock: Arc::clone(&resources.clock),
            metrics: shared.metrics.clone(),
            census: shared.census.clone(),
            ledger: shared.ledger.clone(),
            offline: Arc::clone(&offline),
            archives: archives.clone(),
            seed: resources.seed.wrapping_add(index as u64),
        };
        let (shard, cancelled) = (Shard::new(parts, mailbox), stages.shards.cancelled());
        stages.shards.spawn("shard", OnError::Stop, async move {
            shard.run(cancelled).await;
            Ok(())
        });
    }
}

fn run_purge(resources: &Resources, shared: &Shared, config: &HomeServerConfig) {
    let purge = Purge {
        archives: config.archive.clone(),
        store: Arc::clone(&resources.store),
        served: shared.served.clone(),
        clock: Arc::clone(&resources.clock),
        metrics: shared.metrics.clone(),
    };
    let tasks = &shared.stages.tasks;
    let cancelled = tasks.cancelled();
    tasks.spawn("archive purge", OnError::Stop, async move {
        purge.run(cancelled).await;
        Ok(())
    });
}

/// Starts the loops that follow the placement, the accounts, and how many people are here.
fn run_followers(
    config: &HomeServerConfig,
    resources: &Resources,
    shared: &Shared,
    revision: u64,
) -> Lending {
    let tasks = &shared.stages.tasks;
    let (store, shards) = (Arc::clone(&resources.store), shared.shards.clone());
    let accounts = accounts::follow(store, shards, revision, tasks.cancelled());
    tasks.spawn("account follower", OnError::Stop, async move {
        accounts.await;
        Ok(())
    });
    let governor = shared.governor.clone();
    let watching = governor.watch(Arc::clone(&resources.clock), tasks.cancelled());
    tasks.spawn("governor", OnError::Stop, async move {
        watching.await;
        Ok(())
    });
    let delivery = shared.delivery.clone();
    tasks.spawn("forget what was told", OnError::Stop, async move {
        delivery.forget().await;
        Ok(())
    });
    let ownership = Ownership {
        placements: shared.placements.clone(),
        links: shared.links.clone(),
        shards: shared.shards.clone(),
        claims: shared.claims.clone(),
    };
    let (readiness, name) = (resources.readiness.clone(), config.name.clone());
    let cancelled = tasks.cancelled();
    tasks.spawn("placement follower", OnError::Stop, async move {
        ownership
            .run(cancelled, |ready| readiness.set(&name, ready))
            .await;
        Ok(())
    });
    let (lending, lender): (Lending, Lender) = Lending::new(
        shared.me.clone(),
        shared.placements.clone(),
        shared.census.clone(),
        shared.standing.clone(),
    );
    let cancelled = tasks.cancelled();
    tasks.spawn("lender", OnError::Stop, async move {
        lender.run(cancelled).await;
        Ok(())
    });
    lending
}

/// Serves links, at the address by which this home is known and to this process's own routers and homes.
fn serve_links(
    config: &HomeServerConfig,
    resources: &Resources,
    shared: &Shared,
    address: &str,
    listener: Box<dyn Listener>,
    lending: Lending,
) {
    let operator = Operator {
        me: shared.me.clone(),
        store: Arc::clone(&resources.store),
        served: shared.served.clone(),
        census: shared.census.clone(),
        ledger: shared.ledger.clone(),
        metrics: shared.metrics.clone(),
        standing: shared.standing.clone(),
    };
    let service = Service {
        me: shared.me.clone(),
        placements: shared.placements.clone(),
        shards: shared.shards.clone(),
        delivery: shared.delivery.clone(),
        served: shared.served.clone(),
        governor: shared.governor.clone(),
        clock: Arc::clone(&resources.clock),
        lending,
        operator,
    };
    let links = &shared.stages.links;
    let spawn = links.spawner("link", OnError::Log);
    let server = LinkServer::new(peer(config), Arc::new(service), spawn);
    let beside = resources.beside.serve(address.to_owned(), server.clone());
    let incoming = incoming::serve(listener, server, links.cancelled());
    links.spawn("link listener", OnError::Stop, async move {
        let _beside = beside;
        incoming.await
    });
}

fn peer(config: &HomeServerConfig) -> Peer {
    Peer {
        name: config.name.clone(),
        role: Role::Home,
    }
}

/// Connects links through the network that was given.
struct LinkConnect(Arc<dyn Network>);

#[async_trait]
impl Connect for LinkConnect {
    async fn connect(&self, address: &str) -> io::Result<Box<dyn proto::links::Io>> {
        let stream = self.0.connect_to(address).await?;
        Ok(Box::new(stream))
    }
}
