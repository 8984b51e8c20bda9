//! What every membership promises, asked of each implementation in the same words.
//!
//! A further implementation adds a `Cluster` of its own and a module in `contract!`.

#![expect(
    clippy::unwrap_used,
    reason = "the promises are plain functions, each called by one test"
)]

#[macro_use]
#[path = "contract/promises.rs"]
mod promises;
#[path = "etcd/server.rs"]
#[expect(dead_code, reason = "the tests of etcd need more of it")]
mod server;

use async_trait::async_trait;
use membership::{EmbeddedMembership, EtcdConfig, MemberId, Membership};
use promises::Cluster;
use server::{Process, Server};
use std::sync::{Arc, Mutex};
use std::time::Duration;

struct Embedded(Arc<EmbeddedMembership>);

#[async_trait]
impl Cluster for Embedded {
    async fn start() -> Self {
        Self(EmbeddedMembership::new())
    }

    async fn process(&self) -> Arc<dyn Membership> {
        Arc::<EmbeddedMembership>::clone(&self.0)
    }

    async fn kill(&self, id: &MemberId) {
        assert!(self.0.expire(id), "{id} is there to be killed");
    }
}

struct Etcd {
    server: Server,
    processes: Mutex<Vec<Process>>,
}

#[async_trait]
impl Cluster for Etcd {
    async fn start() -> Self {
        let (server, processes) = (Server::start().await, Mutex::default());
        Self { server, processes }
    }

    async fn process(&self) -> Arc<dyn Membership> {
        let config = EtcdConfig {
            ttl: Duration::from_secs(20),
            ..EtcdConfig::new(vec![self.server.endpoint()])
        };
        let process = Process::connected(config).await;
        let membership = Arc::clone(&process.membership);
        self.processes.lock().unwrap().push(process);
        membership
    }

    async fn kill(&self, id: &MemberId) {
        let mut client = self.server.client().await;
        let found = client.get(format!("/homeport/v1/members/{id}"), None).await;
        let lease = found.unwrap().kvs()[0].lease();
        client.lease_revoke(lease).await.unwrap();
    }
}

macro_rules! contract {
    ($($promise:ident)*) => {
        mod embedded {
            $(
                #[tokio::test]
                async fn $promise() {
                    super::promises::$promise(<super::Embedded as super::Cluster>::start().await).await;
                }
            )*
        }
        mod etcd {
            $(
                #[tokio::test]
                async fn $promise() {
                    super::promises::$promise(<super::Etcd as super::Cluster>::start().await).await;
                }
            )*
        }
    };
}

promises!(contract);
