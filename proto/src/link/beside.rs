//! The home servers to which no connection is made, since they are in this process.

use super::LinkServer;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The home servers of this process, by the address of their link listeners. Cloning copies a pointer.
///
/// One process may hold several clusters, each with its own.
#[derive(Clone, Default)]
pub struct Beside {
    homes: Arc<Mutex<HashMap<String, LinkServer>>>,
}

impl Beside {
    /// Whoever opens a link to this address reaches `home` without a connection, until what this returns is dropped.
    #[must_use]
    pub fn serve(&self, address: String, home: LinkServer) -> BesideGuard {
        self.homes().insert(address.clone(), home);
        let beside = self.clone();
        BesideGuard { beside, address }
    }

    /// The home server at that address, if it is here.
    pub(crate) fn at(&self, address: &str) -> Option<LinkServer> {
        self.homes().get(address).cloned()
    }

    fn homes(&self) -> MutexGuard<'_, HashMap<String, LinkServer>> {
        self.homes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends, when dropped, that a home server is reached without a connection. Links that are open go on.
pub struct BesideGuard {
    beside: Beside,
    address: String,
}

impl Drop for BesideGuard {
    fn drop(&mut self) {
        self.beside.homes().remove(&self.address);
    }
}
