//! What a home server is told about itself.

use std::net::SocketAddr;

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
}
