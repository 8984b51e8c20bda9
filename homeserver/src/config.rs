//! What a home server is told about itself.

use crate::archives::Archives;
use rvp::{Domain, Principal};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// The settings of one home server.
#[derive(Clone, Debug)]
pub struct HomeServerConfig {
    /// Its name in the membership, unique among home servers.
    pub name: String,
    /// The zone it runs in.
    pub zone: String,
    /// Online users it is meant for, at most 10,000; its share of the slots follows from it.
    pub capacity: u32,
    /// Where callers open links to it.
    pub listen: SocketAddr,
    /// `host:port` by which callers reach it, where that is not the address it listens on.
    pub advertise: Option<String>,
    /// Shards that run side by side; more than the machine has cores gains nothing.
    pub shards: usize,
    /// What becomes of messages for people who cannot be reached, by the domain of their addresses.
    pub offline: Offline,
    /// What is archived, by the domain of people's addresses.
    pub archive: Archives,
}

/// What becomes of messages for people who cannot be reached, by domain.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Offline(pub BTreeMap<Domain, OfflinePolicy>);

impl Offline {
    /// The policy of the domain that somebody's address is in, the usual one if nothing was said of it.
    pub(crate) fn policy_for(&self, principal: &Principal) -> OfflinePolicy {
        self.0.get(&principal.domain()).copied().unwrap_or_default()
    }
}

/// What becomes of messages for people of a domain who cannot be reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OfflinePolicy {
    /// Whether they are kept. If not, their senders are told at once that nobody is there. What was kept before is
    /// still delivered.
    pub keep: bool,
    /// Messages that may wait for one person.
    pub count: u32,
    /// Octets of documents that may wait for one person.
    pub bytes: u64,
    /// How long a message waits before it is dropped.
    pub age: Duration,
}

impl Default for OfflinePolicy {
    fn default() -> Self {
        Self {
            keep: true,
            count: 500,
            bytes: 4 * 1024 * 1024,
            age: Duration::from_secs(14 * 86_400),
        }
    }
}
