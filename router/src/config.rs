//! What a router is told about itself.

use crate::call_back::Policy;
use crate::listener::Proxies;
use crate::tls::Tls;
use rvp::Domain;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::time::Duration;

/// A way of proving who one is that a listener offers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// NTLM, version 1 and 2 (spec 6.2).
    Ntlm,
    /// Digest (spec 6.3).
    Digest,
}

/// The settings of one router's attachments.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AttachmentConfig {
    /// Pages that may open one, besides those of the router's own host.
    pub origins: Vec<String>,
    /// How long a session outlives its connection.
    pub resume_within: Duration,
}

impl Default for AttachmentConfig {
    fn default() -> Self {
        Self {
            origins: Vec::new(),
            resume_within: attachment::limits::RESUME_WITHIN,
        }
    }
}

/// The settings of one router.
#[derive(Clone, Debug)]
pub struct RouterConfig {
    /// Its name, unique among routers.
    pub name: String,
    /// Where clients connect.
    pub listen: SocketAddr,
    /// What clients must speak there, if it is not plain HTTP.
    pub tls: Option<Tls>,
    /// Who may connect there: where one is named, proxies that end TLS and nobody else.
    pub proxies: Proxies,
    /// The hosts in the URLs of its people: `im.example.com`. Others are answered 404.
    pub domains: Vec<Domain>,
    /// What is offered in a challenge. The order means nothing: there is only one that clients understand.
    /// NTLM is also accepted by way of Negotiate, which is offered where Digest is too.
    pub schemes: Vec<Scheme>,
    /// Which call-backs a client may name.
    pub call_backs: Policy,
    /// Signs challenges and tokens, so that any router with the same key knows its own and the others' again.
    pub key: [u8; 32],
    /// Clients that hold a connection open.
    pub attachments: AttachmentConfig,
    /// Connections of clients at once, at most 20,000; one too many is told so and closed.
    pub connections_max: usize,
}
