//! A router: the stateless front. Clients speak RVP to it; it asks homes, and reaches clients for them.
//!
//! The walk of a request: `listener` accepts it, `front` parses it, `authenticate` finds out who asks,
//! `forward` places the person and asks the home over a link, `front` writes the answer. The walk of a
//! notification: a home calls on a link, `call_back` queues it for its client and posts it, or `attachment` writes it
//! on the connection that the client holds open.
//!
//! A router keeps nothing that outlives a connection, except what waits in a queue to a client, and for a while which
//! messages clients have taken.

mod attachment;
mod authenticate;
mod call_back;
mod canonical;
mod changes;
mod config;
mod connection;
mod deliver;
mod forward;
mod front;
mod homes;
mod listener;
mod message_ids;
mod metrics;
mod nonce;
mod settings;
mod strangers;
mod threads;
mod tls;

pub use call_back::{OwnListeners, Policy};
pub use config::{AttachmentConfig, RouterConfig, Scheme};
pub use listener::Proxies;
pub use settings::{
    AttachmentsSection, LimitsSection, ListenSection, RouterSettings, SettingsError, TlsSection, Trust,
};
pub use tls::{Tls, TlsError, TlsFiles};

use async_trait::async_trait;
use attachment::{Announcing, Attachments, Tokens};
use authenticate::Authenticate;
use axum::routing::any;
use call_back::Queues;
use canonical::Canonical;
use daemon::{Clock, Network, OnError, Readiness, Tasks};
use deliver::Deliver;
use forward::Forward;
use front::Front;
use listener::Accept;
use membership::{Membership, Placements};
use message_ids::MessageIds;
use metrics::Metrics;
use prometheus_client::registry::Registry;
use proto::{Beside, Connect, Links, Peer, Role, Serve};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What a router is given: nothing here is reached for.
#[derive(Clone)]
pub struct Resources {
    /// Which homes there are.
    pub membership: Arc<dyn Membership>,
    /// Connections.
    pub network: Arc<dyn Network>,
    /// Homes of the same process, which are reached without a connection.
    pub beside: Beside,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Where it says whether it is ready.
    pub readiness: Readiness,
    /// Listeners of the same process, which clients may not name as their call-back.
    pub own: OwnListeners,
    /// Randomness: from here come the ids of messages without one, and the numbers of attachments. Another one at each
    /// start.
    pub seed: u64,
}

/// Why a router cannot start.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct Error {
    /// Where.
    pub address: SocketAddr,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// A router that runs.
pub struct Router {
    name: String,
    address: SocketAddr,
    /// Accepting, and the connections of clients.
    client_tasks: Tasks,
    /// Links and call-backs, which end after the clients.
    tasks: Tasks,
    readiness: Readiness,
}

impl Router {
    /// Binds and serves. It is ready, in [`Resources::readiness`], once it is linked to every home.
    ///
    /// # Errors
    /// [`Error`] when it cannot listen.
    pub async fn start(
        config: RouterConfig,
        resources: Resources,
        registry: &mut Registry,
    ) -> Result<Self, Error> {
        resources.readiness.set(&config.name, false);
        let bad_listen = |source| Error {
            address: config.listen,
            source,
        };
        let listener = resources.network.bind(config.listen).await.map_err(bad_listen)?;
        let address = listener.local_addr().map_err(bad_listen)?;
        let metrics = Metrics::register(registry, &config.name);
        let (client_tasks, tasks) = (Tasks::new(), Tasks::new());
        let deliver = deliver(&config, &resources);
        let forward = link_homes((&config, &resources), &deliver, &metrics, &tasks);
        let given = (&config, &resources);
        let attachments = attach(
            given,
            &deliver,
            (forward.clone(), &metrics),
            (&client_tasks, &tasks),
        );
        let accept = Accept {
            name: config.name.clone(),
            strangers: attachments.strangers().clone(),
            service: service(given, attachments, (forward, metrics.clone()), address),
            tls: config.tls.clone(),
            proxies: config.proxies.clone(),
            connections_max: config.connections_max,
            metrics,
            group: client_tasks.group("client connection", OnError::Log),
            stop: client_tasks.cancelled(),
        };
        if let Some(tls) = config.tls {
            let (router, stop) = (config.name.clone(), client_tasks.cancelled());
            client_tasks.spawn("certificate follower", OnError::Stop, async move {
                tls.follow(router, stop).await;
                Ok(())
            });
        }
        client_tasks.spawn("client listener", OnError::Stop, async move {
            accept.run(listener).await;
            Ok(())
        });
        Ok(Self {
            name: config.name,
            address,
            client_tasks,
            tasks,
            readiness: resources.readiness,
        })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns when one of its tasks has failed so that it cannot go on.
    pub fn failed(&self) -> impl Future<Output = daemon::Failure> + Send + 'static {
        let (clients, tasks) = (self.client_tasks.clone(), self.tasks.clone());
        async move {
            tokio::select! {
                failure = clients.failed() => failure,
                failure = tasks.failed() => failure,
            }
        }
    }

    /// Leaves service in order: not ready, no new connections, requests under way, then links. Returns the
    /// names of tasks that did not end in time.
    pub async fn drain(self, deadline: Duration) -> Vec<&'static str> {
        self.readiness.set(&self.name, false);
        let mut left = self.client_tasks.drain(deadline).await;
        left.extend(self.tasks.drain(deadline).await);
        tracing::info!(router = self.name, "router has left");
        left
    }

    /// Ends at once and tells nobody, as a crash would.
    pub fn abort(self) {
        self.client_tasks.abort();
        self.tasks.abort();
    }
}

/// The one axum service: the path of attachments, and every method on every other path, since RVP's methods are not
/// HTTP's.
fn service(
    (config, resources): (&RouterConfig, &Resources),
    attachments: Attachments,
    (forward, metrics): (Forward, Metrics),
    address: SocketAddr,
) -> axum::Router {
    let domains = config.domains.clone();
    let authenticate = Authenticate {
        forward: forward.clone(),
        nonces: nonce::Nonces::new(config.key),
        schemes: config.schemes.clone(),
        domains: domains.clone(),
        metrics: metrics.clone(),
    };
    resources.own.add(address);
    let inner = front::Inner {
        canonical: Canonical { domains },
        authenticate,
        forward,
        ids: MessageIds::from_seed(resources.seed),
        policy: config.call_backs.clone(),
        own: resources.own.clone(),
        clock: Arc::clone(&resources.clock),
        metrics,
    };
    let front = Front {
        inner: Arc::new(inner),
    };
    let at = |path: &str, handler: axum::routing::MethodRouter<Attachments>| (path.to_owned(), handler);
    let attached = [
        at(::attachment::PATH, any(attachment::upgrade)),
        at(::attachment::EVENTS_PATH, any(attachment::events)),
        at(::attachment::FRAMES_PATH, any(attachment::frames)),
    ];
    let service = axum::Router::new().fallback(front::handle).with_state(front);
    attached.into_iter().fold(service, |service, (path, handler)| {
        service.route(&path, handler.with_state(attachments.clone()))
    })
}

/// Clients that hold a connection open, and the loop that tells homes of them.
fn attach(
    (config, resources): (&RouterConfig, &Resources),
    deliver: &Deliver,
    (forward, metrics): (Forward, &Metrics),
    (client_tasks, tasks): (&Tasks, &Tasks),
) -> Attachments {
    let links = forward.links.clone();
    let attachments = Attachments::new(attachment::Parts {
        canonical: Canonical {
            domains: config.domains.clone(),
        },
        domains: config.domains.clone(),
        origins: config.attachments.origins.clone(),
        resume_within: config.attachments.resume_within,
        forward,
        tokens: Tokens::new(config.key),
        taken: deliver.queues.get().map(Queues::taken).unwrap_or_default(),
        clock: Arc::clone(&resources.clock),
        // Others than of messages.
        seed: resources.seed.wrapping_add(1),
        metrics: metrics.clone(),
        connections: client_tasks.group("attachment", OnError::Log),
        // Before the links, over which it is said, come to an end.
        farewells: client_tasks.group("attachment's farewell", OnError::Log),
        stop: client_tasks.cancelled(),
    });
    // Set once, here, before anybody has attached.
    let _ = deliver.attachments.set(attachments.clone());
    let announcing = Announcing {
        attachments: attachments.clone(),
        links,
        stop: tasks.cancelled(),
    };
    tasks.spawn("attachment announcer", OnError::Stop, async move {
        announcing.run().await;
        Ok(())
    });
    attachments
}

/// What takes in what homes hand over.
fn deliver(config: &RouterConfig, resources: &Resources) -> Arc<Deliver> {
    Arc::new(Deliver {
        name: config.name.clone(),
        placements: Placements::follow(resources.membership.members()),
        queues: OnceLock::new(),
        attachments: OnceLock::new(),
    })
}

/// Opens links to the homes and keeps them open; what homes ask on them goes to the call-back queues.
fn link_homes(
    (config, resources): (&RouterConfig, &Resources),
    service: &Arc<Deliver>,
    metrics: &Metrics,
    tasks: &Tasks,
) -> Forward {
    let placements = service.placements.clone();
    let connect = Arc::new(LinkConnect(Arc::clone(&resources.network)));
    let peer = Peer {
        name: config.name.clone(),
        role: Role::Router,
    };
    let spawn = tasks.spawner("link", OnError::Log);
    let links = Links::within(
        resources.beside.clone(),
        peer,
        connect,
        Arc::clone(service) as Arc<dyn Serve>,
        spawn,
    );
    let forward = Forward {
        placements: placements.clone(),
        links: links.clone(),
    };
    let lost = Arc::new(forward.clone());
    let queues = Queues::new(
        Arc::clone(&resources.network),
        lost,
        metrics.clone(),
        tasks.clone(),
    );
    // Set once, here, before any link is open.
    let _ = service.queues.set(queues);
    let (readiness, name, stop) = (
        resources.readiness.clone(),
        config.name.clone(),
        tasks.cancelled(),
    );
    tasks.spawn("home follower", OnError::Stop, async move {
        homes::follow(placements, links, stop, |ready| readiness.set(&name, ready)).await;
        Ok(())
    });
    forward
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
