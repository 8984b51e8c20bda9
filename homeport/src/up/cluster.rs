//! The roles of a topology, put together in one process and taken apart in order.

use anyhow::{Context, Result};
use daemon::{AdminState, Clock, Network, Readiness, SystemClock, Tasks, Telemetry, TokioNetwork};
use futures_util::FutureExt;
use futures_util::future::select_all;
use homeserver::{ArchivePolicy, Archives, HomeServer, HomeServerConfig, Offline, OfflinePolicy};
use membership::{EmbeddedMembership, Membership};
use prometheus_client::registry::Registry;
use proto::Beside;
use router::{AttachmentConfig, OwnListeners, Policy, Proxies, Router, RouterConfig, Tls};
use rvp::Domain;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use topologies::{CallBacks, HomeRole, IpNet, RouterRole, Scheme, Topology};

/// Where the roles listen.
pub(super) struct Places {
    /// The first router.
    pub(super) listen: SocketAddr,
    /// The admin listener.
    pub(super) admin: SocketAddr,
    /// The address of links, on ports that are free.
    pub(super) inside: IpAddr,
    /// What routers show their clients, if these speak TLS.
    pub(super) tls: Option<Tls>,
}

/// Everything that runs.
pub(super) struct Cluster {
    pub(super) routers: Vec<Router>,
    pub(super) homes: Vec<HomeServer>,
    pub(super) admin: SocketAddr,
    pub(super) readiness: Readiness,
    admin_tasks: Tasks,
}

/// What all roles share.
struct Shared {
    network: Arc<dyn Network>,
    beside: Beside,
    clock: Arc<dyn Clock>,
    membership: Arc<dyn Membership>,
    readiness: Readiness,
    own: OwnListeners,
}

impl Cluster {
    /// Starts every role: ports first, then homes, then routers, then the admin listener.
    pub(super) async fn start(
        topology: &Topology,
        places: &Places,
        store: &Arc<dyn Store>,
        telemetry: &Telemetry,
    ) -> Result<Self> {
        let shared = Shared {
            network: Arc::new(TokioNetwork),
            beside: Beside::default(),
            clock: Arc::new(SystemClock::new()),
            membership: EmbeddedMembership::new(),
            readiness: Readiness::new(),
            own: OwnListeners::default(),
        };
        let bind_admin = shared.network.bind(places.admin).await;
        let admin = bind_admin.with_context(|| format!("listen on {} (--admin)", places.admin))?;
        let admin_address = admin.local_addr()?;
        let mut registry = Registry::with_prefix("homeport");
        let homes = start_homes(topology, places, &shared, store, &mut registry).await?;
        shared.own.add(admin_address);
        homes.iter().for_each(|home| shared.own.add(home.address()));
        let routers = start_routers(topology, places, &shared, &mut registry).await?;
        let admin_tasks = Tasks::new();
        let readiness = shared.readiness.clone();
        let registry = Arc::new(registry.into());
        let state = AdminState {
            readiness,
            registry,
            telemetry: telemetry.clone(),
        };
        daemon::admin::serve(admin, state, &admin_tasks);
        Ok(Self {
            routers,
            homes,
            admin: admin_address,
            readiness: shared.readiness,
            admin_tasks,
        })
    }

    /// Returns when a role cannot go on.
    pub(super) async fn failed(&self) -> daemon::Failure {
        let routers = self.routers.iter().map(|router| router.failed().boxed());
        let homes = self.homes.iter().map(|home| home.failed().boxed());
        select_all(routers.chain(homes)).await.0
    }

    /// Takes everything out of service: routers, so that nothing new comes in; homes; and last what tells
    /// an operator how it goes.
    pub(super) async fn drain(self, deadline: Duration) {
        for router in self.routers {
            report(&router.drain(deadline).await);
        }
        for home in self.homes {
            // All of them leave: there is nobody to hand anything to.
            report(&home.stop(deadline).await);
        }
        report(&self.admin_tasks.drain(deadline).await);
    }
}

fn report(left: &[&str]) {
    if !left.is_empty() {
        tracing::warn!(tasks = left.join(", "), "did not end in time");
    }
}

async fn start_homes(
    topology: &Topology,
    places: &Places,
    shared: &Shared,
    store: &Arc<dyn Store>,
    registry: &mut Registry,
) -> Result<Vec<HomeServer>> {
    let mut joining = Vec::new();
    for home in &topology.homes {
        let resources = homeserver::Resources {
            membership: Arc::clone(&shared.membership),
            store: Arc::clone(store),
            network: Arc::clone(&shared.network),
            beside: shared.beside.clone(),
            clock: Arc::clone(&shared.clock),
            readiness: shared.readiness.clone(),
            seed: rand::random(),
        };
        let config = HomeServerConfig {
            offline: offline(topology)?,
            archive: archives(topology)?,
            ..home_config(home, places)
        };
        let joined = HomeServer::join(config, resources).await;
        joining.push(joined.with_context(|| format!("start home server {}", home.name))?);
    }
    // All have joined before any reads the state of its slots.
    Ok(joining.into_iter().map(|home| home.serve(registry)).collect())
}

fn home_config(home: &HomeRole, places: &Places) -> HomeServerConfig {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    HomeServerConfig {
        name: home.name.clone(),
        zone: home.zone.clone(),
        capacity: home.capacity,
        listen: SocketAddr::new(places.inside, 0),
        advertise: None,
        shards: cores,
        offline: Offline::default(),
        archive: Archives::default(),
    }
}

async fn start_routers(
    topology: &Topology,
    places: &Places,
    shared: &Shared,
    registry: &mut Registry,
) -> Result<Vec<Router>> {
    let key = rand::random();
    let mut routers: Vec<Router> = Vec::new();
    for (index, role) in topology.routers.iter().enumerate() {
        let free = SocketAddr::new(places.listen.ip(), 0);
        let listen = if index == 0 { places.listen } else { free };
        let resources = router::Resources {
            membership: Arc::clone(&shared.membership),
            network: Arc::clone(&shared.network),
            beside: shared.beside.clone(),
            clock: Arc::clone(&shared.clock),
            readiness: shared.readiness.clone(),
            own: shared.own.clone(),
            seed: rand::random(),
        };
        let config = RouterConfig {
            tls: places.tls.clone(),
            ..router_config(role, topology, listen, key)?
        };
        let started = Router::start(config, resources, registry).await;
        routers.push(started.with_context(|| {
            format!(
                "start router {}: is the port taken, or below 1024 without the right? Try --listen",
                role.name
            )
        })?);
    }
    Ok(routers)
}

fn router_config(
    role: &RouterRole,
    topology: &Topology,
    listen: SocketAddr,
    key: [u8; 32],
) -> Result<RouterConfig> {
    let domains = topology
        .domains
        .iter()
        .map(|domain| Domain::parse(&domain.im_host));
    Ok(RouterConfig {
        name: role.name.clone(),
        listen,
        tls: None,
        domains: domains
            .collect::<Result<_, _>>()
            .context("read the topology's domains")?,
        schemes: role.schemes.iter().map(|scheme| self::scheme(*scheme)).collect(),
        call_backs: policy(&role.call_backs),
        proxies: Proxies::new(
            proxies(role, listen)
                .iter()
                .map(|range| (range.network(), range.prefix_len()))
                .collect(),
        ),
        attachments: AttachmentConfig {
            origins: role.origins.clone(),
            ..AttachmentConfig::default()
        },
        key,
        connections_max: usize::try_from(topology.limits.router_cap)?,
    })
}

/// Who may connect to a router: all if there is none. Where only this machine can connect, anybody on it may.
pub(super) fn proxies(role: &RouterRole, listen: SocketAddr) -> &[IpNet] {
    if listen.ip().is_loopback() {
        &[]
    } else {
        &role.proxies
    }
}

/// What becomes of messages for who cannot be reached, as home servers know it.
fn offline(topology: &Topology) -> Result<Offline> {
    let mut policies = BTreeMap::new();
    for domain in &topology.domains {
        let host = Domain::parse(&domain.im_host).context("read the topology's domains")?;
        policies.insert(host, offline_policy(domain.offline));
    }
    Ok(Offline(policies))
}

/// As home servers know it.
pub(super) fn offline_policy(offline: topologies::Offline) -> OfflinePolicy {
    OfflinePolicy {
        keep: offline.keep,
        count: offline.count,
        bytes: offline.bytes,
        age: offline.age,
    }
}

/// What is archived, as home servers know it.
fn archives(topology: &Topology) -> Result<Archives> {
    let mut policies = BTreeMap::new();
    for domain in &topology.domains {
        let host = Domain::parse(&domain.im_host).context("read the topology's domains")?;
        policies.insert(host, archive_policy(domain.archive));
    }
    Ok(Archives(policies))
}

/// As home servers know it.
pub(super) fn archive_policy(archive: topologies::Archive) -> ArchivePolicy {
    ArchivePolicy {
        on: archive.on,
        retention: archive.retention,
    }
}

/// As routers know it.
pub(super) fn scheme(scheme: Scheme) -> router::Scheme {
    match scheme {
        Scheme::Ntlm => router::Scheme::Ntlm,
        Scheme::Digest => router::Scheme::Digest,
    }
}

/// As routers know it.
pub(super) fn policy(call_backs: &CallBacks) -> Policy {
    match call_backs {
        CallBacks::Off => Policy::Off,
        CallBacks::Peer => Policy::Peer,
        CallBacks::Ranges(ranges) => Policy::Ranges(
            ranges
                .iter()
                .map(|range| (range.network(), range.prefix_len()))
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homeserver::{ArchiveSection, HomeServerSettings};

    #[test]
    fn what_a_domain_archives_is_what_its_topology_says() {
        let lab = include_str!("../../../topologies/lab.toml").replace("# archive = {", "archive = {");
        let topology = Topology::parse("lab.toml", &lab).unwrap();
        let policy = archives(&topology).unwrap().0[&Domain::parse("localhost").unwrap()];
        assert!(policy.on);
        // As a home server that is a process of its own is told.
        let settings = HomeServerSettings {
            archive: vec![ArchiveSection::new("localhost".to_owned(), policy)],
            ..HomeServerSettings::default()
        };
        let text = toml::to_string(&settings).unwrap();
        let section = "[[archive]]\ndomain = \"localhost\"\non = true\nretention = \"61368h\"\n";
        assert!(text.contains(section), "{text}");
    }
}
