//! With a topology: whether it serves the host that clients find, and which home server the person has.

use membership::{Member, Members, Phase, Placement, SLOTS, Slot};
use rvp::{Domain, Principal};
use serde::Serialize;
use std::sync::Arc;
use topologies::{HomeRole, Topology};

/// Where a person is in a cluster.
#[derive(Debug, Serialize)]
pub(super) struct Place {
    /// The topology's name.
    pub(super) topology: String,
    /// Whether it serves the host in the person's URL.
    pub(super) served: bool,
    /// The person's URL inside the cluster, where a port of a listener does not count.
    pub(super) url: String,
    /// The share of all people they are in.
    pub(super) slot: u16,
    /// How many shares there are.
    pub(super) slots: u16,
    /// Their home server, with every home server of the topology up.
    pub(super) home: Option<Home>,
}

/// A home server.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Home {
    /// Its name.
    pub(super) name: String,
    /// The zone it is in.
    pub(super) zone: String,
    /// How many people it may hold online.
    pub(super) capacity: u32,
}

/// Who an address is in a topology.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) person: Principal,
    /// Whether the topology serves them at all.
    pub(super) served: bool,
    /// What does not fit between DNS and the topology.
    pub(super) mismatch: Option<String>,
}

/// Who an address is in a topology. `typed` is the address, `found` the URL that clients make of it, if they
/// make any.
pub(super) fn identify(topology: &Topology, typed: &Principal, found: Option<&Principal>) -> Identity {
    let hosts = || topology.domains.iter().map(|domain| domain.im_host.as_str());
    let served = |person: &Principal| hosts().any(|host| host == person.domain_str());
    let found = found.map(Principal::without_port);
    if let Some(person) = found.clone().filter(served) {
        return Identity {
            person,
            served: true,
            mismatch: None,
        };
    }
    let asked = typed.without_port();
    let domain = asked.domain_str();
    let elsewhere = found.as_ref().map_or("nowhere", Principal::domain_str).to_owned();
    let as_mail = topology
        .domains
        .iter()
        .find(|served| served.name == domain || served.im_host == domain);
    let host = as_mail.map(|served| served.im_host.as_str());
    let person = host
        .and_then(|host| Domain::parse(host).ok())
        .and_then(|host| Principal::new(&host, asked.name()).ok());
    if let (Some(person), Some(host)) = (person, host) {
        let mismatch = format!(
            "clients go to {elsewhere}, but topology {} serves {domain} at {host}; publish in DNS: \
             _rvp._tcp.{domain}. SRV 0 0 80 {host}.",
            topology.name
        );
        return Identity {
            person,
            served: true,
            mismatch: Some(mismatch),
        };
    }
    let mismatch = format!(
        "topology {} does not serve {elsewhere}, only {}; its routers would answer 404",
        topology.name,
        hosts().collect::<Vec<_>>().join(" and ")
    );
    Identity {
        person: found.unwrap_or(asked),
        served: false,
        mismatch: Some(mismatch),
    }
}

/// The place of somebody with every home server of the topology up.
pub(super) fn place(topology: &Topology, identity: &Identity) -> Place {
    let placement = Placement::new(Arc::new(Members::new(0, topology.homes.iter().map(member))));
    let slot = Slot::of(&identity.person);
    let home = placement.home_of_slot(slot).map(|home| Home {
        name: home.id.to_string(),
        zone: home.zone.clone(),
        capacity: home.capacity,
    });
    Place {
        topology: topology.name.clone(),
        served: identity.served,
        url: identity.person.as_url().to_owned(),
        slot: slot.number(),
        slots: SLOTS,
        home,
    }
}

/// A home server as it will be in the membership. Its address does not matter for placement.
fn member(home: &HomeRole) -> Member {
    let member = Member::new(home.name.as_str().into(), "", home.zone.as_str(), home.capacity);
    Member {
        phase: Phase::Active,
        ..member
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(address: &str) -> Principal {
        Principal::from_address(address).unwrap()
    }

    fn campus() -> Topology {
        topologies::builtin("education").unwrap()
    }

    #[test]
    fn dns_and_topology_agree_when_clients_find_the_host_it_serves() {
        let im = person("alice@im.campus.example");
        for (typed, found) in [
            ("alice@campus.example", "alice@im.campus.example"),
            ("alice@im.campus.example", "alice@im.campus.example:8080"),
        ] {
            let identity = identify(&campus(), &person(typed), Some(&person(found)));
            assert_eq!(
                (identity.person, identity.served, identity.mismatch),
                (im.clone(), true, None),
                "{typed}"
            );
        }
    }

    #[test]
    fn the_record_that_is_missing_is_spelled_out() {
        for found in [Some(person("alice@campus.example")), None] {
            let identity = identify(&campus(), &person("alice@campus.example"), found.as_ref());
            assert_eq!(identity.person, person("alice@im.campus.example"));
            let mismatch = identity.mismatch.unwrap();
            assert!(
                mismatch.contains("_rvp._tcp.campus.example. SRV 0 0 80 im.campus.example."),
                "{mismatch}"
            );
        }
    }

    #[test]
    fn a_host_of_somebody_else_is_not_served() {
        let bob = person("bob@elsewhere.example");
        let identity = identify(&campus(), &bob, Some(&bob));
        assert!(!identity.served);
        assert!(identity.mismatch.unwrap().contains("only im.campus.example"));
        assert_eq!(identity.person, bob);
    }

    #[test]
    fn the_place_is_the_one_the_cluster_computes() {
        let alice = person("alice@im.campus.example");
        let place = place(&campus(), &identify(&campus(), &alice, Some(&alice)));
        assert_eq!(place.slot, Slot::of(&alice).number());
        let joined = ["home-2", "home-1"].map(|id| Member::new(id.into(), "127.0.0.1:7400", "core", 10_000));
        let cluster = Placement::new(Arc::new(Members::new(9, joined)));
        let home = cluster.home_of(&alice).unwrap();
        assert_eq!(place.home.unwrap().name, home.id.as_str());
    }
}
