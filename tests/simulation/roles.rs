//! Home servers and routers on simulated hosts: the product's own, given a network, a clock, a membership and a
//! store of the simulation. The one file that makes them, as their `main` does.

use crate::client::ROUTER_PORT;
use crate::faults::Faults;
use crate::history::{Event, Ledger, Recorder};
use crate::membership::Source;
use crate::network::SimNetwork;
use crate::store::Kept;
use crate::time::{SimClock, pass};
use daemon::Readiness;
use homeserver::{ArchivePolicy, Archives, HomeServer, HomeServerConfig};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use router::{OwnListeners, Policy, Router, RouterConfig, Scheme};
use rvp::Domain;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tests::accounts::DOMAIN;
use tokio::sync::watch;

/// Where homes listen for links.
pub(crate) const LINK_PORT: u16 = 7400;
/// How long a home server may take to leave service.
pub(crate) const DRAIN_DEADLINE: Duration = Duration::from_secs(10);
/// How long before a process that could not start, or has ended, is started again.
const START_AGAIN_AFTER: Duration = Duration::from_millis(250);

/// What every process of a run is given.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) source: Source,
    pub(crate) kept: Kept,
    pub(crate) faults: Faults,
    pub(crate) recorder: Recorder,
    /// Whether messages are archived.
    pub(crate) archives: bool,
    /// The metrics of each home server since it last began.
    pub(crate) metrics: Arc<Mutex<BTreeMap<String, Arc<Registry>>>>,
    /// Grows with every start, so that a process that begins again draws other ids.
    pub(crate) seed: Arc<AtomicU64>,
}

impl Surroundings {
    fn metrics(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Registry>>> {
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ledger of a home server's messages as it shows it.
    pub(crate) fn ledger(&self, home: &str) -> Option<Ledger> {
        let text = self.metrics().get(home).map(|registry| text(registry))?;
        let sum = |name: &str| {
            let lines = text
                .lines()
                .filter(|line| line.starts_with(&format!("homeserver_messages_{name}{{")));
            lines
                .filter_map(|line| line.rsplit(' ').next()?.parse::<i64>().ok())
                .sum::<i64>()
        };
        Some(Ledger {
            accepted: sum("accepted_total"),
            ended: [
                "delivered_total",
                "stored_total",
                "refused_total",
                "expired_total",
            ]
            .map(sum)
            .iter()
            .sum(),
            in_flight: sum("in_flight"),
        })
    }

    fn network(&self, me: &str) -> Arc<SimNetwork> {
        let (me, faults) = (me.to_owned(), self.faults.clone());
        Arc::new(SimNetwork { me, faults })
    }

    fn stage(&self, text: impl Into<String>) {
        self.recorder.note(Event::Stage(text.into()));
    }

    /// A process serves: for the first time, or again after it has died.
    fn started(&self, name: &str) {
        self.stage(format!("{name} has started"));
        self.recorder.note(Event::Broken {
            ends: vec![name.to_owned()],
            broken: false,
        });
    }
}

/// Whether a home server is to be in service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Service {
    /// It is.
    On,
    /// It drains, and ends.
    Off,
}

/// A host that runs a home server whenever it is to be in service, and starts it again when it fails.
pub(crate) async fn home(
    name: String,
    around: Surroundings,
    mut service: watch::Receiver<Service>,
) -> turmoil::Result {
    loop {
        service.wait_for(|service| *service == Service::On).await?;
        let mut registry = Registry::default();
        let started = start_home(&name, &around, &mut registry).await;
        let registry = Arc::new(registry);
        around.metrics().insert(name.clone(), Arc::clone(&registry));
        let home = match started {
            Ok(home) => home,
            Err(error) => {
                around.stage(format!("{name} cannot start: {error}"));
                pass(START_AGAIN_AFTER).await;
                continue;
            }
        };
        around.started(&name);
        tokio::select! {
            biased;
            failure = home.failed() => {
                fail(&around, &name, failure.reason);
                home.drain(DRAIN_DEADLINE).await;
                pass(START_AGAIN_AFTER).await;
            }
            off = service.wait_for(|service| *service == Service::Off) => {
                off?;
                around.recorder.note(Event::DrainBegan { home: name.clone() });
                let left = home.drain(DRAIN_DEADLINE).await;
                let left = left.into_iter().map(str::to_owned).collect();
                let (online, subscriptions) = people_of(&registry);
                let home = name.clone();
                around.recorder.note(Event::DrainEnded { home, left, online, subscriptions });
            }
        }
    }
}

fn archives(on: bool) -> Archives {
    let policy = ArchivePolicy { on, retention: None };
    let domain = Domain::parse(DOMAIN).expect("it is a host");
    Archives(BTreeMap::from([(domain, policy)]))
}

async fn start_home(
    name: &str,
    around: &Surroundings,
    registry: &mut Registry,
) -> Result<HomeServer, homeserver::Error> {
    around.source.reached_by(name).await;
    let config = HomeServerConfig {
        name: name.to_owned(),
        zone: "inside".to_owned(),
        capacity: 1_000,
        listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, LINK_PORT)),
        advertise: Some(format!("{name}:{LINK_PORT}")),
        shards: 2,
        offline: homeserver::Offline::default(),
        archive: archives(around.archives),
    };
    let resources = homeserver::Resources {
        membership: around.source.process(name),
        store: around.kept.of(name, &around.faults),
        network: around.network(name),
        beside: proto::Beside::default(),
        clock: Arc::new(SimClock),
        readiness: Readiness::new(),
        seed: around.seed.fetch_add(1_000, Ordering::Relaxed),
    };
    HomeServer::start(config, resources, registry).await
}

/// A host that runs a router whenever it is to be in service, and starts it again when it fails.
pub(crate) async fn router(
    name: String,
    around: Surroundings,
    mut service: watch::Receiver<Service>,
) -> turmoil::Result {
    loop {
        service.wait_for(|service| *service == Service::On).await?;
        around.source.reached_by(&name).await;
        let config = RouterConfig {
            name: name.clone(),
            listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, ROUTER_PORT)),
            tls: None,
            domains: vec![Domain::parse(DOMAIN)?],
            schemes: vec![Scheme::Digest],
            call_backs: Policy::Peer,
            proxies: router::Proxies::default(),
            key: [7; 32],
            attachments: router::AttachmentConfig::default(),
            connections_max: 1_000,
        };
        let resources = router::Resources {
            membership: around.source.process(&name),
            network: around.network(&name),
            beside: proto::Beside::default(),
            clock: Arc::new(SimClock),
            readiness: Readiness::new(),
            own: OwnListeners::default(),
            seed: around.seed.fetch_add(1_000, Ordering::Relaxed),
        };
        let mut registry = Registry::default();
        let router = Router::start(config, resources, &mut registry).await?;
        around.started(&name);
        tokio::select! {
            biased;
            failure = router.failed() => {
                fail(&around, &name, failure.reason);
                router.drain(DRAIN_DEADLINE).await;
                pass(START_AGAIN_AFTER).await;
            }
            off = service.wait_for(|service| *service == Service::Off) => {
                off?;
                around.recorder.note(Event::DrainBegan { home: name.clone() });
                let left = router.drain(DRAIN_DEADLINE).await;
                let left = left.into_iter().map(str::to_owned).collect();
                let online = gauge(&text(&registry), "router_attachments");
                let home = name.clone();
                around.recorder.note(Event::DrainEnded { home, left, online, subscriptions: 0 });
            }
        }
    }
}

/// A home server that has lost its lease ends, which is as it should be. Anything else is a defect.
fn fail(around: &Surroundings, name: &str, reason: String) {
    if reason.contains("lease") {
        around.stage(format!("{name} ends: {reason}"));
    } else {
        around.recorder.note(Event::Failed {
            role: name.to_owned(),
            reason,
        });
    }
}

/// How many people are online at a home server and how many subscriptions it holds, by its own gauges.
fn people_of(registry: &Registry) -> (i64, i64) {
    let text = text(registry);
    (
        gauge(&text, "homeserver_online_users"),
        gauge(&text, "homeserver_subscriptions"),
    )
}

fn gauge(text: &str, name: &str) -> i64 {
    let line = text.lines().find(|line| line.starts_with(&format!("{name}{{")));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
        .unwrap_or(i64::MAX)
}

fn text(registry: &Registry) -> String {
    let mut text = String::new();
    // Writing into memory does not fail.
    let _ = encode(&mut text, registry);
    text
}

/// Every home server there may be.
pub(crate) fn home_name(number: usize) -> String {
    format!("home-{number}")
}

/// Every router there may be.
pub(crate) fn router_name(number: usize) -> String {
    format!("router-{number}")
}
