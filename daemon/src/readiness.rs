//! Whether this process should be given work.

use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;

/// What is ready and what is not, by component. Clones show the same state.
///
/// A process is ready when every component that has spoken says so, and at least one has: before that it is
/// starting. Components name themselves, so the map is as small as the source text.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    components: Arc<watch::Sender<BTreeMap<String, bool>>>,
}

impl Readiness {
    /// Nothing is ready yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A component says whether it is ready. A component that must be waited for says `false` early.
    pub fn set(&self, component: &str, ready: bool) {
        self.components
            .send_if_modified(|components| match components.get_mut(component) {
                Some(known) => std::mem::replace(known, ready) != ready,
                None => components.insert(component.to_owned(), ready).is_none(),
            });
    }

    /// Whether every component is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        all_ready(&self.components.borrow())
    }

    /// Why the process is not ready, one line for each component that is not; empty when it is.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        let components = self.components.borrow();
        if components.is_empty() {
            return vec!["starting".to_owned()];
        }
        let missing = components.iter().filter(|(_, ready)| !**ready);
        missing
            .map(|(component, _)| format!("{component} is not ready"))
            .collect()
    }

    /// Returns once the process is ready. The caller bounds the wait.
    pub async fn reached(&self) {
        // Cannot fail: `self` keeps the sender.
        let _ = self.components.subscribe().wait_for(all_ready).await;
    }
}

fn all_ready(components: &BTreeMap<String, bool>) -> bool {
    !components.is_empty() && components.values().all(|ready| *ready)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_in_which_nothing_has_spoken_is_starting() {
        let readiness = Readiness::new();
        assert!(!readiness.is_ready());
        assert_eq!(readiness.reasons(), ["starting"]);
    }

    #[test]
    fn one_component_that_is_not_ready_is_enough() {
        let readiness = Readiness::new();
        readiness.set("store", true);
        readiness.set("membership", false);
        assert!(!readiness.is_ready());
        assert_eq!(readiness.reasons(), ["membership is not ready"]);
        readiness.set("membership", true);
        assert!(readiness.is_ready() && readiness.reasons().is_empty());
        readiness.set("store", false);
        assert_eq!(readiness.reasons(), ["store is not ready"]);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_when_the_last_component_is_ready() {
        let readiness = Readiness::new();
        readiness.set("store", false);
        let patience = std::time::Duration::from_secs(60);
        assert!(tokio::time::timeout(patience, readiness.reached()).await.is_err());
        let setting = async { readiness.clone().set("store", true) };
        let (reached, ()) = tokio::join!(tokio::time::timeout(patience, readiness.reached()), setting);
        assert!(reached.is_ok());
    }
}
