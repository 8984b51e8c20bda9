//! What the programs are told, written as operators write it. All that depends on names of settings is here.

use crate::accounts::DOMAIN;
use crate::cluster::Plan;
use homeserver::{ArchivePolicy, OfflinePolicy};
use router::{Policy, Scheme};
use std::net::SocketAddr;
use std::path::Path;
use store::Location;

/// How long a home server counts as living that is not heard of: the shortest that there is, so that a crash is
/// over soon.
const LEASE_TTL: &str = "2s";
/// How long each step of a drain may take: less than a test waits for a process to end, so that what hangs is named.
const DRAIN: &str = "5s";
/// The key of all routers.
pub(super) const KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";

/// Where a process listens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addresses {
    /// For clients, or for links.
    pub(super) served: SocketAddr,
    /// For operators.
    pub(super) admin: SocketAddr,
}

/// The settings of a home server; `etcd` are the endpoints.
pub(super) fn home(name: &str, at: Addresses, etcd: &[String], (store, plan): (&Location, &Plan)) -> String {
    let OfflinePolicy {
        keep,
        count,
        bytes,
        age,
    } = plan.offline;
    let ArchivePolicy { on, retention } = plan.archive;
    let retention = retention.map_or_else(String::new, |kept| {
        format!("retention = \"{}s\"\n", kept.as_secs())
    });
    format!(
        "name = {name:?}\nshards = 2\n\n[listen]\nlink = \"{}\"\n\n[store]\n{}\n\n\
         [[offline]]\ndomain = {DOMAIN:?}\nkeep = {keep}\ncount = {count}\nbytes = \"{bytes}B\"\nage = \"{}s\"\n\n\
         [[archive]]\ndomain = {DOMAIN:?}\non = {on}\n{retention}\n{}",
        at.served,
        match store {
            Location::Sqlite(file) => format!("sqlite = {file:?}"),
            Location::Postgres(database) => format!("postgres = {:?}", database.url),
        },
        age.as_secs(),
        both(at.admin, etcd)
    )
}

/// The settings of a router.
pub(super) fn router(name: &str, at: Addresses, etcd: &[String], plan: &Plan, key: &Path) -> String {
    let schemes: Vec<&str> = plan.schemes.iter().map(scheme).collect();
    format!(
        "name = {name:?}\ndomains = [{DOMAIN:?}]\nschemes = {schemes:?}\ncall_backs = {}\nkey_file = {key:?}\n\n\
         [listen]\nrvp = \"{}\"\n\n{}",
        call_backs(&plan.call_backs),
        at.served,
        both(at.admin, etcd)
    )
}

fn both(admin: SocketAddr, etcd: &[String]) -> String {
    format!(
        "[membership.etcd]\nendpoints = {:?}\nlease_ttl = {LEASE_TTL:?}\n\n[admin]\nlisten = \"{admin}\"\n\n\
         [drain]\ndeadline = {DRAIN:?}\n\n[telemetry]\njson = true\n",
        etcd
    )
}

fn scheme(scheme: &Scheme) -> &'static str {
    match scheme {
        Scheme::Ntlm => "ntlm",
        Scheme::Digest => "digest",
    }
}

fn call_backs(policy: &Policy) -> String {
    match policy {
        Policy::Off => "\"off\"".to_owned(),
        Policy::Peer => "\"peer\"".to_owned(),
        Policy::Ranges(ranges) => {
            let ranges: Vec<String> = ranges
                .iter()
                .map(|(network, bits)| format!("{network}/{bits}"))
                .collect();
            format!("{ranges:?}")
        }
    }
}
