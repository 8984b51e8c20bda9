//! Routers whose links have ended a moment ago. Their clients come back by another one and read everything again, so nobody
//! waits for what is meant for them.
//!
//! One that was never linked is another matter: it may have its clients and not know this home yet. Whoever tells them of
//! a change keeps it until they have it, since their home may be another one by then.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Longer than a client has to come back, and than its login is kept for it.
const KEPT: Duration = Duration::from_secs(120);

/// When which router was lost. As many as there can be in that time.
#[derive(Debug, Default)]
pub(super) struct LostRouters {
    since: Mutex<BTreeMap<String, Instant>>,
}

impl LostRouters {
    /// A router's link has ended.
    pub(super) fn add(&self, router: &str) {
        let (mut since, now) = (self.lock(), Instant::now());
        since.retain(|_, since| *since + KEPT > now);
        since.insert(router.to_owned(), now);
    }

    /// A router is linked.
    pub(super) fn remove(&self, router: &str) {
        self.lock().remove(router);
    }

    pub(super) fn contains(&self, router: &str) -> bool {
        let since = self.lock().get(router).copied();
        since.is_some_and(|since| since + KEPT > Instant::now())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn a_router_is_lost_until_it_links_or_its_clients_are_given_up() {
        let lost = LostRouters::default();
        assert!(!lost.contains("router-1"), "it was never linked");
        lost.add("router-1");
        lost.add("router-2");
        lost.remove("router-2");
        assert!(lost.contains("router-1") && !lost.contains("router-2"));
        advance(KEPT).await;
        assert!(!lost.contains("router-1"));
        lost.add("router-3");
        assert_eq!(lost.lock().len(), 1, "it is forgotten");
    }
}
