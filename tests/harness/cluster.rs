//! What scripts and clients need of a cluster, whether it runs in this process or in many.

use crate::accounts::Accounts;
use crate::network::StageNetwork;
use async_trait::async_trait;
use homeserver::{ArchivePolicy, OfflinePolicy};
use router::{Policy, Proxies, Scheme, Tls};
use std::net::SocketAddr;
use std::time::Duration;

/// What to set up.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The names of the home servers.
    pub homes: Vec<String>,
    /// The names of the routers.
    pub routers: Vec<String>,
    /// What the routers offer for proving who one is.
    pub schemes: Vec<Scheme>,
    /// Which call-backs the routers permit.
    pub call_backs: Policy,
    /// What the routers of a [`crate::Stage`] make clients speak, if it is not plain HTTP.
    pub tls: Option<Tls>,
    /// Who may connect to the routers of a [`crate::Stage`].
    pub proxies: Proxies,
    /// What becomes of messages for people who cannot be reached.
    pub offline: OfflinePolicy,
    /// Whether messages are archived.
    pub archive: ArchivePolicy,
}

impl Default for Plan {
    /// One home server, one router, both schemes, call-backs to the connecting address.
    fn default() -> Self {
        Self {
            homes: vec!["home-1".into()],
            routers: vec!["r-1".into()],
            schemes: vec![Scheme::Ntlm, Scheme::Digest],
            call_backs: Policy::Peer,
            tls: None,
            proxies: Proxies::default(),
            offline: OfflinePolicy::default(),
            archive: ArchivePolicy::default(),
        }
    }
}

impl Plan {
    /// The default with so many home servers, `home-1` and on.
    #[must_use]
    pub fn with_homes(count: usize) -> Self {
        Self {
            homes: (1..=count).map(|number| format!("home-{number}")).collect(),
            ..Self::default()
        }
    }

    /// The same with so many routers, `r-1` and on.
    #[must_use]
    pub fn with_routers(mut self, count: usize) -> Self {
        self.routers = (1..=count).map(|number| format!("r-{number}")).collect();
        self
    }
}

/// A cluster that can be taken apart and put together again: [`crate::Stage`] or [`crate::Processes`].
#[async_trait(?Send)]
pub trait Cluster {
    /// What was set up.
    fn plan(&self) -> &Plan;

    /// Where a router is, whether it runs or not.
    ///
    /// # Errors
    /// When there is no such router.
    fn door(&self, router: &str) -> anyhow::Result<SocketAddr>;

    /// Everybody who may log on.
    fn accounts(&mut self) -> &mut Accounts;

    /// The network in which a test can make hosts unreachable; none where it is the system's own.
    fn network(&self) -> Option<&StageNetwork>;

    /// How far time may go on by itself while a script says that it stands still. Whatever should be so after a
    /// time may be a little later.
    fn slack(&self) -> Duration;

    /// Time passes.
    ///
    /// # Errors
    /// When it does not.
    async fn advance(&mut self, by: Duration) -> anyhow::Result<()>;

    /// Starts a home server or a router and waits until it is ready.
    ///
    /// # Errors
    /// When it does not start, or runs already.
    async fn begin(&mut self, name: &str) -> anyhow::Result<()>;

    /// Stops a home server or a router in order.
    ///
    /// # Errors
    /// When it does not run, or does not stop in order.
    async fn stop(&mut self, name: &str) -> anyhow::Result<()>;

    /// Ends a home server or a router without a word. When this returns, a home server is no member any more.
    ///
    /// # Errors
    /// When it does not run.
    async fn crash(&mut self, name: &str) -> anyhow::Result<()>;

    /// Starts everything that does not run.
    ///
    /// # Errors
    /// When something does not start.
    async fn begin_everything(&mut self) -> anyhow::Result<()>;

    /// Stops everything in order, routers first.
    ///
    /// # Errors
    /// When something does not stop in order.
    async fn stop_everything(&mut self) -> anyhow::Result<()>;

    /// Ends everything without a word.
    ///
    /// # Errors
    /// When something cannot be ended.
    async fn crash_everything(&mut self) -> anyhow::Result<()>;

    /// What was logged last, for whoever looks for the reason of a failure.
    fn story(&self) -> String;

    /// Stops what runs. Every test ends like this, so that every test proves that draining ends.
    ///
    /// # Errors
    /// When something goes on.
    async fn close(self: Box<Self>) -> anyhow::Result<()>;
}
