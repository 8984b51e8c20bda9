//! The `homeport-homeserver` program: a home server, with the membership in etcd and the store in SQLite or PostgreSQL.

use anyhow::Context;
use async_trait::async_trait;
use daemon::{Failed, OnError, Role, Surroundings, Tasks};
use homeserver::{Error, HomeServer, HomeServerConfig, HomeServerSettings, Joining, Resources};
use membership::{EtcdMembership, Terminal};
use proto::Beside;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use store::Store;

/// A message is many small blocks that come and go, and a person is many that stay: this one wastes less of both.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Pause between tries to join.
const JOIN_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The process: the home server and what it stands on.
struct Process {
    home: HomeServer,
    store: Arc<dyn Store>,
    /// Follows the membership and keeps the lease, until the home server has left.
    following: Tasks,
}

#[async_trait]
impl Role for Process {
    type Settings = HomeServerSettings;
    const PROGRAM: &'static str = "homeport-homeserver";
    const SUMMARY: &'static str =
        "The state of Homeport: presence, watchers, rights and messages of its people";
    const ENVIRONMENT: &'static str = "HOMEPORT_HOMESERVER";

    async fn start(settings: HomeServerSettings, surroundings: Surroundings<'_>) -> anyhow::Result<Self> {
        let location = settings.store.location()?;
        let store = location.open().await.context("open the store")?;
        let following = Tasks::new();
        let membership = EtcdMembership::start(
            settings.etcd()?,
            following.spawner("membership", OnError::Stop),
            rand::random(),
        );
        let resources = Resources {
            membership: membership.context("follow the membership")?,
            store: store.clone(),
            network: surroundings.network,
            beside: Beside::default(),
            clock: surroundings.clock,
            readiness: surroundings.readiness,
            seed: rand::random(),
        };
        let joining = join(&settings.config(), &resources, settings.membership.etcd.lease_ttl).await?;
        let home = joining.serve(surroundings.registry);
        tracing::info!(member = settings.name, address = %home.address(), "links are served");
        Ok(Self {
            home,
            store,
            following,
        })
    }

    fn failed(&self) -> Failed {
        let (home, following) = (self.home.failed(), self.following.clone());
        Box::pin(async move {
            tokio::select! {
                failure = home => failure,
                failure = following.failed() => failure,
            }
        })
    }

    async fn drain(self, deadline: Duration) -> Vec<&'static str> {
        let mut left = self.home.drain(deadline).await;
        left.extend(self.following.drain(deadline).await);
        self.store.close().await;
        tracing::info!("store closed");
        left
    }
}

/// Joins, however long etcd cannot be reached: processes may start in any order. A namesake is waited for as
/// long as two leases live: mostly it is the one that ran here before and crashed.
async fn join(config: &HomeServerConfig, resources: &Resources, lease: Duration) -> Result<Joining, Error> {
    let mut patience = lease.as_secs().saturating_mul(2);
    let mut complained = false;
    loop {
        let error = match HomeServer::join(config.clone(), resources.clone()).await {
            Err(Error::Join(error @ membership::Error::Retryable { .. })) => error,
            Err(Error::Join(error @ membership::Error::Terminal(Terminal::AlreadyThere(_))))
                if patience > 0 =>
            {
                patience -= 1;
                error
            }
            done => return done,
        };
        if !complained {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(member = config.name, error, "cannot join yet, trying on");
            complained = true;
        }
        tokio::time::sleep(JOIN_AGAIN_AFTER).await;
    }
}

fn main() -> ExitCode {
    daemon::run::<Process>()
}
