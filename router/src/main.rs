//! The `homeport-router` program: a router, with the membership in etcd.

use anyhow::Context;
use async_trait::async_trait;
use daemon::{Failed, OnError, Role, Surroundings, Tasks};
use membership::{EtcdMembership, Membership};
use proto::Beside;
use router::{OwnListeners, Resources, Router, RouterSettings};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// A message is many small blocks that come and go, and a person is many that stay: this one wastes less of both.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The process: the router and what it stands on.
struct Process {
    router: Router,
    /// Is followed for as long as somebody holds it.
    _membership: Arc<EtcdMembership>,
    /// Follows the membership, until the router has left.
    following: Tasks,
}

#[async_trait]
impl Role for Process {
    type Settings = RouterSettings;
    const PROGRAM: &'static str = "homeport-router";
    const SUMMARY: &'static str = "The stateless front of Homeport: clients speak RVP to it";
    const ENVIRONMENT: &'static str = "HOMEPORT_ROUTER";

    async fn start(settings: RouterSettings, surroundings: Surroundings<'_>) -> anyhow::Result<Self> {
        let following = Tasks::new();
        let membership = EtcdMembership::start(
            settings.etcd()?,
            following.spawner("membership", OnError::Stop),
            rand::random(),
        );
        let membership = membership.context("follow the membership")?;
        let own = OwnListeners::default();
        own.add(surroundings.admin);
        let resources = Resources {
            membership: Arc::clone(&membership) as Arc<dyn Membership>,
            network: surroundings.network,
            beside: Beside::default(),
            clock: surroundings.clock,
            readiness: surroundings.readiness,
            own,
            seed: rand::random(),
        };
        let router = Router::start(settings.config()?, resources, surroundings.registry).await?;
        tracing::info!(router = settings.name, address = %router.address(), "clients are served");
        Ok(Self {
            router,
            _membership: membership,
            following,
        })
    }

    fn failed(&self) -> Failed {
        let (router, following) = (self.router.failed(), self.following.clone());
        Box::pin(async move {
            tokio::select! {
                failure = router => failure,
                failure = following.failed() => failure,
            }
        })
    }

    async fn drain(self, deadline: Duration) -> Vec<&'static str> {
        let mut left = self.router.drain(deadline).await;
        left.extend(self.following.drain(deadline).await);
        left
    }
}

fn main() -> ExitCode {
    daemon::run::<Process>()
}
