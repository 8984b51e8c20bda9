//! A cluster in one process: home servers and routers on loopback, one store in a folder of its own, and a
//! clock that stands still.

mod cluster;

use crate::accounts::{Accounts, CAPACITY, DOMAIN};
use crate::clock::ManualClock;
use crate::cluster::Plan;
use crate::logs::CRASH;
use crate::network::{StageNetwork, Way};
use crate::wait::{PATIENCE, let_others_run, within};
use anyhow::{Context, ensure};
use daemon::{Clock, Readiness};
use homeserver::{Archives, HomeServer, HomeServerConfig, Offline};
use membership::{EmbeddedMembership, MemberId, Membership};
use prometheus_client::registry::Registry;
use router::{Router, RouterConfig};
use rvp::{Domain, Principal};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::SqliteStore;
use tempfile::TempDir;

/// A cluster that can be taken apart and put together again. Its data and addresses stay.
pub struct Stage {
    plan: Plan,
    clock: Arc<ManualClock>,
    network: Arc<StageNetwork>,
    membership: Arc<EmbeddedMembership>,
    folder: TempDir,
    homes: BTreeMap<String, HomeServer>,
    routers: BTreeMap<String, Router>,
    /// The routers' ways to home servers.
    ways: BTreeMap<String, Arc<Way>>,
    doors: BTreeMap<String, SocketAddr>,
    /// Grows with every start, so that a restarted home draws other ids than before.
    seed: u64,
    accounts: Accounts,
}

impl Stage {
    /// Sets everything up and waits until it is ready.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn start(plan: Plan) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("make a folder for the store")?;
        let store = open(&folder).await?;
        let network = Arc::new(StageNetwork::default());
        let mut doors = BTreeMap::new();
        for name in &plan.routers {
            doors.insert(
                name.clone(),
                network.reserve().await.context("reserve an address")?,
            );
        }
        let mut stage = Self {
            accounts: Accounts::new(store, &plan.homes),
            clock: Arc::default(),
            membership: EmbeddedMembership::new(),
            homes: BTreeMap::new(),
            routers: BTreeMap::new(),
            ways: BTreeMap::new(),
            seed: 1,
            plan,
            network,
            folder,
            doors,
        };
        stage.start_everything().await?;
        Ok(stage)
    }

    /// The time of day on this stage.
    #[must_use]
    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// The network of this stage.
    #[must_use]
    pub fn network(&self) -> &Arc<StageNetwork> {
        &self.network
    }

    /// What was set up.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Everybody who may log on.
    pub fn accounts(&mut self) -> &mut Accounts {
        &mut self.accounts
    }

    /// As [`Accounts::principal`].
    ///
    /// # Errors
    /// When there is no such home server.
    pub fn principal(&self, name: &str, home: Option<&str>) -> anyhow::Result<Principal> {
        self.accounts.principal(name, home)
    }

    /// As [`Accounts::add`].
    ///
    /// # Errors
    /// When the store does not take it.
    pub async fn add_person(&mut self, person: &Principal, display_name: &str) -> anyhow::Result<()> {
        self.accounts.add(person, display_name).await
    }

    /// Where a router is, whether it runs or not.
    ///
    /// # Errors
    /// When there is no such router.
    pub fn door(&self, router: &str) -> anyhow::Result<SocketAddr> {
        self.doors
            .get(router)
            .copied()
            .with_context(|| format!("there is no router {router}"))
    }

    /// Starts a home server and waits until it has read its state.
    ///
    /// # Errors
    /// When it does not start, or runs already.
    pub async fn start_home(&mut self, name: &str) -> anyhow::Result<()> {
        ensure!(
            self.plan.homes.iter().any(|home| home == name),
            "there is no home server {name}"
        );
        ensure!(!self.homes.contains_key(name), "{name} runs already");
        let readiness = Readiness::new();
        let config = HomeServerConfig {
            name: name.to_owned(),
            zone: "inside".to_owned(),
            capacity: CAPACITY,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            advertise: None,
            shards: 2,
            offline: Offline(BTreeMap::from([(Domain::parse(DOMAIN)?, self.plan.offline)])),
            archive: Archives(BTreeMap::from([(Domain::parse(DOMAIN)?, self.plan.archive)])),
        };
        self.seed += 1000;
        let resources = homeserver::Resources {
            membership: self.membership.clone(),
            store: self.accounts.store().clone(),
            network: self.network.clone(),
            // Every link over the network that tests can cut.
            beside: proto::Beside::default(),
            clock: self.clock.clone(),
            readiness: readiness.clone(),
            seed: self.seed,
        };
        let home = HomeServer::start(config, resources, &mut Registry::default()).await;
        self.homes
            .insert(name.to_owned(), home.with_context(|| format!("start {name}"))?);
        within(format!("{name} to be ready"), readiness.reached()).await
    }

    /// Starts a router and waits until it is linked to every home server.
    ///
    /// # Errors
    /// When it does not start, or runs already.
    pub async fn start_router(&mut self, name: &str) -> anyhow::Result<()> {
        let readiness = self.launch_router(name).await?;
        within(format!("{name} to be ready"), readiness.reached()).await
    }

    /// Starts a router; what is returned tells whether it is ready.
    ///
    /// # Errors
    /// When it does not start, or runs already.
    pub async fn launch_router(&mut self, name: &str) -> anyhow::Result<Readiness> {
        let listen = self.door(name)?;
        ensure!(!self.routers.contains_key(name), "{name} runs already");
        let readiness = Readiness::new();
        let config = RouterConfig {
            name: name.to_owned(),
            listen,
            tls: self.plan.tls.clone(),
            domains: vec![Domain::parse(DOMAIN)?],
            schemes: self.plan.schemes.clone(),
            call_backs: self.plan.call_backs.clone(),
            proxies: self.plan.proxies.clone(),
            key: [7; 32],
            attachments: router::AttachmentConfig::default(),
            connections_max: 1_000,
        };
        self.seed += 1000;
        let way = Arc::new(Way::new(Arc::clone(&self.network)));
        self.ways.insert(name.to_owned(), Arc::clone(&way));
        let resources = router::Resources {
            membership: self.membership.clone(),
            network: way,
            beside: proto::Beside::default(),
            clock: self.clock.clone(),
            readiness: readiness.clone(),
            own: self.own_listeners(),
            seed: self.seed,
        };
        let router = Router::start(config, resources, &mut Registry::default()).await;
        self.routers
            .insert(name.to_owned(), router.with_context(|| format!("start {name}"))?);
        Ok(readiness)
    }

    /// Stops a home server or a router in order.
    ///
    /// # Errors
    /// When it does not run, or leaves something running.
    pub async fn stop(&mut self, name: &str) -> anyhow::Result<()> {
        let left = if let Some(home) = self.homes.remove(name) {
            home.drain(PATIENCE).await
        } else if let Some(router) = self.routers.remove(name) {
            router.drain(PATIENCE).await
        } else {
            anyhow::bail!("{name} does not run");
        };
        ensure!(
            left.is_empty(),
            "{name} has stopped, but these go on: {}",
            left.join(", ")
        );
        Ok(())
    }

    /// Ends a home server or a router without a word. A home's lease ends at once.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn crash(&mut self, name: &str) -> anyhow::Result<()> {
        tracing::info!(member = name, "{CRASH}");
        if let Some(home) = self.homes.remove(name) {
            home.abort();
            let_others_run().await;
            ensure!(
                self.membership.expire(&MemberId::from(name)),
                "{name} had no lease"
            );
        } else if let Some(router) = self.routers.remove(name) {
            router.abort();
        } else {
            anyhow::bail!("{name} does not run");
        }
        let_others_run().await;
        Ok(())
    }

    /// Ends a home server's lease while it runs, as when it cannot be heard for a while. It joins again by itself,
    /// and is a member when this returns.
    ///
    /// # Errors
    /// When it had no lease, or does not join again.
    pub async fn lose_lease(&self, name: &str) -> anyhow::Result<()> {
        let id = MemberId::from(name);
        ensure!(self.membership.expire(&id), "{name} had no lease");
        let mut members = self.membership.members();
        let back = members.wait_for(|members| members.get(&id).is_some());
        within(format!("{name} to join again"), back).await??;
        Ok(())
    }

    /// Whether what a home server says to a router is held back from now on. What the router says arrives.
    ///
    /// # Errors
    /// When one of them does not run.
    pub fn hold_back(&self, (home, router): (&str, &str), hold: bool) -> anyhow::Result<()> {
        let members = self.membership.members().borrow().clone();
        let member = members.get(&MemberId::from(home));
        let address = &member.with_context(|| format!("{home} is no member"))?.address;
        let address: SocketAddr = address.parse().context("where it listens")?;
        let way = self.ways.get(router);
        way.with_context(|| format!("{router} does not run"))?
            .hold_back(address.port(), hold);
        Ok(())
    }

    /// Starts a home server or a router.
    ///
    /// # Errors
    /// As [`Stage::start_home`] and [`Stage::start_router`].
    pub async fn start_again(&mut self, name: &str) -> anyhow::Result<()> {
        if self.doors.contains_key(name) {
            self.start_router(name).await
        } else {
            self.start_home(name).await
        }
    }

    /// Starts every home server, then every router.
    ///
    /// # Errors
    /// When one does not start.
    pub async fn start_everything(&mut self) -> anyhow::Result<()> {
        for name in self.plan.homes.clone() {
            self.start_home(&name).await?;
        }
        for name in self.plan.routers.clone() {
            self.start_router(&name).await?;
        }
        Ok(())
    }

    /// Stops everything in order, routers first, and opens the store anew from its file.
    ///
    /// # Errors
    /// When something goes on, or the store does not open.
    pub async fn stop_everything(&mut self) -> anyhow::Result<()> {
        for name in self.running() {
            self.stop(&name).await?;
        }
        self.reopen_store().await
    }

    /// Ends everything without a word, and opens the store anew from its file.
    ///
    /// # Errors
    /// When the store does not open.
    pub async fn crash_everything(&mut self) -> anyhow::Result<()> {
        for name in self.running() {
            self.crash(&name).await?;
        }
        self.reopen_store().await
    }

    /// Everything that runs, routers first.
    #[must_use]
    pub fn running(&self) -> Vec<String> {
        self.routers.keys().chain(self.homes.keys()).cloned().collect()
    }

    /// Stops what runs. Every stage ends like this, so that every test proves that draining ends.
    ///
    /// # Errors
    /// When something goes on.
    pub async fn close(mut self) -> anyhow::Result<()> {
        for name in self.running() {
            self.stop(&name).await?;
        }
        self.accounts.store().close().await;
        Ok(())
    }

    /// Time passes.
    ///
    /// # Errors
    /// As [`ManualClock::advance`].
    pub async fn advance(&self, by: Duration) -> anyhow::Result<()> {
        self.clock.advance(by).await
    }

    /// The time of day.
    #[must_use]
    pub fn now(&self) -> std::time::SystemTime {
        self.clock.now()
    }

    /// Every router's listener, which no client may name as its call-back.
    fn own_listeners(&self) -> router::OwnListeners {
        let own = router::OwnListeners::default();
        self.doors.values().for_each(|door| own.add(*door));
        own
    }

    async fn reopen_store(&mut self) -> anyhow::Result<()> {
        self.accounts.store().close().await;
        self.accounts.set_store(open(&self.folder).await?);
        Ok(())
    }
}

async fn open(folder: &TempDir) -> anyhow::Result<Arc<SqliteStore>> {
    let store = SqliteStore::open(folder.path().join("homeport.db")).await;
    Ok(Arc::new(store.context("open the store")?))
}
