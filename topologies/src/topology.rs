//! A topology as it is used: checked, with every default filled in.

use crate::IpNet;
use crate::name::{self, Qualified};
use std::net::SocketAddr;
use std::time::Duration;

/// The layout of one cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Topology {
    /// Its name.
    pub name: String,
    /// What it is, in a sentence.
    pub summary: String,
    /// What is demanded of it.
    pub profile: Profile,
    /// Who it serves.
    pub population: Population,
    /// The hard caps, enforced at run time.
    pub limits: Limits,
    /// The parts of the network.
    pub zones: Vec<Zone>,
    /// The domains it serves, at least one.
    pub domains: Vec<Domain>,
    /// Its routers, at least one.
    pub routers: Vec<RouterRole>,
    /// Its home servers, at least one.
    pub homes: Vec<HomeRole>,
    /// Who knows which home servers are alive.
    pub membership: Membership,
    /// Where durable state is kept.
    pub store: Store,
}

/// What is demanded of a topology.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Must carry everybody with any one process lost, or any one failure zone where it names them, under
    /// domains that are fully qualified.
    Production,
    /// To try things out: no redundancy, at most 1,000 people online, `localhost` and addresses allowed.
    Lab,
}

/// The people served.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Population {
    /// How many have an account.
    pub users: u32,
    /// Which part of them is online at the peak, more than 0 and at most 1.
    pub peak_online: f64,
}

/// Hard caps in people online.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Per home server, at most 10,000.
    pub home_cap: u32,
    /// Per router, at most 20,000.
    pub router_cap: u32,
}

/// A part of the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Its name.
    pub name: String,
    /// Who can be there.
    pub trust: Trust,
}

/// Who can be in a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Anybody: the Internet.
    None,
    /// Only what the organisation runs or lets in.
    Inside,
}

/// A domain that people have addresses in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// The mail domain, `example.com`.
    pub name: String,
    /// The host in the addresses of its people, `im.example.com`.
    pub im_host: String,
    /// Its name for NTLM, upper case.
    pub nt_domain: String,
    /// What becomes of messages for its people when they cannot be reached.
    pub offline: Offline,
    /// What is archived of it.
    pub archive: Archive,
}

/// What is archived of a domain: nothing, unless it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Archive {
    /// Whether messages to and from its people are.
    pub on: bool,
    /// How long an entry is kept, an hour to a hundred years; without it for ever.
    pub retention: Option<Duration>,
}

/// What becomes of messages for people who cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offline {
    /// Whether they are kept; if not, their senders are told at once that nobody is there.
    pub keep: bool,
    /// Messages that may wait for one person, 1 to 10,000.
    pub count: u32,
    /// Octets that may wait for one person, up to 1 GiB.
    pub bytes: u64,
    /// How long a message waits before it is dropped, a minute to a year.
    pub age: Duration,
}

impl Default for Offline {
    fn default() -> Self {
        Self {
            keep: true,
            count: 500,
            bytes: 4 << 20,
            age: Duration::from_secs(14 * 86_400),
        }
    }
}

/// A router of the topology.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterRole {
    /// Its name.
    pub name: String,
    /// The zone its clients come from.
    pub zone: String,
    /// The combined node it shares with a home server, if it does.
    pub node: Option<String>,
    /// The part of the site that is lost as a whole, which it stands in; all name one, or none does.
    pub failure_zone: Option<String>,
    /// Where it listens for clients; decided by whoever runs it when absent.
    pub listen: Option<SocketAddr>,
    /// How clients may authenticate, in the order offered; at least one.
    pub schemes: Vec<Scheme>,
    /// Which call-backs of clients it connects to.
    pub call_backs: CallBacks,
    /// Where TLS of its clients ends.
    pub tls: ClientTls,
    /// The proxies that end it before the router, where they do: nobody else may connect.
    pub proxies: Vec<IpNet>,
    /// Pages that may attach besides those of the router's own host: `https://chat.example.com`.
    pub origins: Vec<String>,
}

/// Where TLS of clients ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientTls {
    /// There is none: clients speak plain HTTP.
    Off,
    /// At the router, which has a certificate.
    Router,
    /// At a proxy that the router's listener knows by its address; nobody else may connect.
    Proxy,
}

/// A way for clients to authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// NTLM, what old clients on domain computers use.
    Ntlm,
    /// HTTP Digest.
    Digest,
}

/// Which listeners of clients a router connects to; checked when a client names one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallBacks {
    /// None.
    Off,
    /// Only a listener on the client's own address.
    Peer,
    /// Listeners in these ranges; at least one.
    Ranges(Vec<IpNet>),
}

/// A home server of the topology.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeRole {
    /// Its name, which is its member id.
    pub name: String,
    /// The zone its link listener is in.
    pub zone: String,
    /// The combined node it shares with a router, if it does.
    pub node: Option<String>,
    /// The part of the site that is lost as a whole, which it stands in; all name one, or none does.
    pub failure_zone: Option<String>,
    /// How many people it may hold online, at most [`Limits::home_cap`].
    pub capacity: u32,
}

/// Who knows which home servers are alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// The one process that everything runs in.
    Embedded,
    /// An etcd, as separate processes need it.
    Etcd,
}

/// Where durable state is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// A file of its own for each topology that is run.
    Sqlite,
    /// A PostgreSQL database, which whoever runs the topology names.
    Postgres,
}

/// Why a domain cannot be put in the place of the file's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    /// It would not be clear which to replace.
    #[error(
        "topology {topology} serves {domains} domains, and only a single one can be replaced: \
         copy the topology file and edit its domains"
    )]
    SeveralDomains {
        /// The topology's name.
        topology: String,
        /// How many it has.
        domains: usize,
    },
    /// The text is no host.
    #[error("the domain {wrong}; {remedy}")]
    NotAHost {
        /// What is wrong with it.
        wrong: String,
        /// What to give instead.
        remedy: String,
    },
}

impl Topology {
    /// Serves another domain than the file says, under exactly this host: addresses of people become
    /// `alice@HOST`. Short names and IPv4 addresses are allowed, because this is how one tries things out
    /// without any DNS. The NT domain stays.
    ///
    /// # Errors
    /// [`OverrideError`] when the topology has more than one domain or the text is not a host.
    pub fn override_domain(&mut self, host: &str) -> Result<(), OverrideError> {
        let count = self.domains.len();
        let [domain] = self.domains.as_mut_slice() else {
            return Err(OverrideError::SeveralDomains {
                topology: self.name.clone(),
                domains: count,
            });
        };
        let host = name::host(host, Qualified::May).map_err(|wrong| OverrideError::NotAHost {
            wrong: wrong.wrong,
            remedy: wrong.remedy,
        })?;
        domain.name.clone_from(&host);
        domain.im_host = host;
        Ok(())
    }
}
