//! The suite of memberships.

#[macro_use]
#[expect(
    clippy::unwrap_used,
    reason = "the promises are plain functions, each called by one test"
)]
#[path = "../../../membership/tests/contract/promises.rs"]
mod promises;

use crate::faults::Faults;
use crate::membership::Source;
use async_trait::async_trait;
use membership::{MemberId, Membership};
use promises::Cluster;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

struct Simulated {
    source: Source,
    processes: AtomicUsize,
}

#[async_trait]
impl Cluster for Simulated {
    async fn start() -> Self {
        let source = Source::new(Faults::default(), Duration::from_secs(3));
        Self {
            source,
            processes: AtomicUsize::new(0),
        }
    }

    async fn process(&self) -> Arc<dyn Membership> {
        let number = self.processes.fetch_add(1, Ordering::Relaxed);
        self.source.process(&format!("process-{number}"))
    }

    async fn kill(&self, id: &MemberId) {
        assert!(self.source.expire(id), "{id} is there to be killed");
    }
}

macro_rules! contract {
    ($($promise:ident)*) => {
        mod simulated {
            $(
                #[tokio::test]
                async fn $promise() {
                    super::promises::$promise(<super::Simulated as super::Cluster>::start().await).await;
                }
            )*
        }
    };
}

promises!(contract);
