//! The topologies that are part of the program, and what may be changed about them.

use std::net::IpAddr;
use std::path::Path;
use topologies::{
    CallBacks, ClientTls, LoadError, Membership, OverrideError, Profile, Scheme, Store, Topology, Trust,
    builtin, builtin_names,
};

#[test]
fn every_builtin_topology_is_sound_and_goes_by_its_name() {
    assert_eq!(builtin_names(), ["lab", "education", "enterprise", "isp"]);
    for name in builtin_names() {
        let topology = builtin(name).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(topology.name, name);
    }
}

#[test]
fn the_files_beside_the_crate_are_what_is_built_in() {
    for name in builtin_names() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("{name}.toml"));
        assert_eq!(Topology::load(&path).unwrap(), builtin(name).unwrap());
    }
}

#[test]
fn the_lab_is_one_router_and_two_home_servers_for_localhost() {
    let lab = builtin("lab").unwrap();
    assert_eq!(
        (lab.profile, lab.membership, lab.store),
        (Profile::Lab, Membership::Embedded, Store::Sqlite)
    );
    assert_eq!((lab.routers.len(), lab.homes.len(), lab.domains.len()), (1, 2, 1));
    let domain = &lab.domains[0];
    assert_eq!(
        (
            domain.name.as_str(),
            domain.im_host.as_str(),
            domain.nt_domain.as_str()
        ),
        ("localhost", "localhost", "CORP")
    );
    let router = &lab.routers[0];
    assert_eq!(router.schemes, [Scheme::Ntlm, Scheme::Digest]);
    assert_eq!(
        (&router.call_backs, router.listen, &router.node),
        (&CallBacks::Peer, None, &None)
    );
    assert!(
        lab.homes
            .iter()
            .all(|home| home.capacity == 10_000 && home.node.is_none())
    );
}

#[test]
fn education_is_two_combined_nodes_for_7500_online() {
    let education = builtin("education").unwrap();
    assert_eq!(education.profile, Profile::Production);
    assert_eq!(education.population.online(), 7_500);
    assert_eq!(
        (education.limits.home_cap, education.limits.router_cap),
        (10_000, 20_000)
    );
    let nodes = |nodes: Vec<&Option<String>>| nodes.into_iter().flatten().cloned().collect::<Vec<String>>();
    let routers = nodes(education.routers.iter().map(|router| &router.node).collect());
    assert_eq!(routers, ["node-1", "node-2"]);
    assert_eq!(
        routers,
        nodes(education.homes.iter().map(|home| &home.node).collect())
    );
    assert!(
        education.homes.iter().all(|home| home.zone == "core"),
        "homes listen where no client is"
    );
    assert!(
        education
            .routers
            .iter()
            .all(|router| router.zone == "access" && router.call_backs == CallBacks::Peer)
    );
    assert!(
        education.zones.iter().all(|zone| zone.trust == Trust::Inside),
        "there is no Internet"
    );
    assert_eq!(education.domains[0].im_host, "im.campus.example");
}

#[test]
fn enterprise_at_its_smallest_is_two_routers_and_three_home_servers_of_their_own() {
    let enterprise = builtin("enterprise").unwrap();
    assert_eq!(
        (enterprise.profile, enterprise.membership),
        (Profile::Production, Membership::Etcd)
    );
    assert_eq!(enterprise.population.online(), 19_000);
    assert_eq!((enterprise.routers.len(), enterprise.homes.len()), (2, 3));
    let (routers, homes) = (enterprise.routers.iter(), enterprise.homes.iter());
    let nodes = routers
        .map(|router| &router.node)
        .chain(homes.map(|home| &home.node));
    assert_eq!(nodes.flatten().count(), 0, "routers and homes are never combined");
    assert!(
        enterprise.zones.iter().all(|zone| zone.trust == Trust::Inside),
        "there is no Internet"
    );
}

#[test]
fn an_isp_at_its_smallest_is_a_router_and_a_home_server_in_each_of_three_failure_zones() {
    let isp = builtin("isp").unwrap();
    assert_eq!(
        (isp.profile, isp.membership),
        (Profile::Production, Membership::Etcd)
    );
    assert_eq!(isp.population.online(), 19_000);
    let zones = |zones: Vec<&Option<String>>| zones.into_iter().flatten().cloned().collect::<Vec<String>>();
    let routers = zones(isp.routers.iter().map(|router| &router.failure_zone).collect());
    assert_eq!(routers, ["a", "b", "c"]);
    assert_eq!(
        routers,
        zones(isp.homes.iter().map(|home| &home.failure_zone).collect())
    );
    for router in &isp.routers {
        assert_eq!(trust(&isp, &router.zone), Trust::None, "clients are strangers");
        assert_eq!(
            (&router.call_backs, &router.schemes),
            (&CallBacks::Off, &vec![Scheme::Digest])
        );
        assert_eq!(router.tls, ClientTls::Router, "what strangers reach speaks TLS");
    }
    for home in &isp.homes {
        assert_eq!(trust(&isp, &home.zone), Trust::Inside);
    }
}

fn trust(topology: &Topology, name: &str) -> Trust {
    let mut zones = topology.zones.iter();
    zones
        .find(|zone| zone.name == name)
        .expect("the zone is there")
        .trust
}

#[test]
fn a_topology_that_is_not_built_in_is_refused_with_those_that_are() {
    let error = builtin("lba").unwrap_err();
    assert!(matches!(error, LoadError::NoSuchBuiltin { .. }));
    let text = error.to_string();
    assert!(
        text.contains("\"lba\"") && text.contains("lab, education, enterprise, isp"),
        "{text}"
    );
}

#[test]
fn a_file_that_is_not_there_is_an_error_with_its_path_and_cause() {
    let error = Topology::load(Path::new("no/such/file.toml")).unwrap_err();
    assert!(error.to_string().contains("no/such/file.toml"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn the_domain_of_a_single_domain_topology_can_be_replaced() {
    let mut lab = builtin("lab").unwrap();
    for (given, host) in [
        ("127.0.0.1", "127.0.0.1"),
        ("IM.Example.com", "im.example.com"),
        ("laptop", "laptop"),
    ] {
        lab.override_domain(given).unwrap();
        let domain = &lab.domains[0];
        assert_eq!(
            (
                domain.name.as_str(),
                domain.im_host.as_str(),
                domain.nt_domain.as_str()
            ),
            (host, host, "CORP")
        );
    }
}

#[test]
fn a_replacement_that_is_no_host_is_refused_and_changes_nothing() {
    let lab = builtin("lab").unwrap();
    for (given, says) in [
        ("", "no host name"),
        ("http://localhost", "more than a host"),
        ("localhost:8080", "without scheme, port or path"),
        ("alice@localhost", "more than a host"),
        ("::1", "IPv6"),
        ("a b", "no host name"),
    ] {
        let mut changed = lab.clone();
        let error = changed.override_domain(given).unwrap_err();
        assert!(matches!(error, OverrideError::NotAHost { .. }), "{given}");
        assert!(error.to_string().contains(says), "{given}: {error}");
        assert_eq!(changed, lab);
    }
}

#[test]
fn each_domain_says_what_it_keeps() {
    let line = "offline = { keep = true, count = 500, bytes = \"4 MiB\", age = \"14 days\" }";
    let offline = |text: &str| {
        let lab = include_str!("../lab.toml").replace(line, text);
        Topology::parse("lab.toml", &lab).unwrap().domains[0].offline
    };
    let usual = topologies::Offline::default();
    assert_eq!(offline(""), usual);
    assert_eq!(
        (usual.keep, usual.count, usual.bytes, usual.age.as_secs()),
        (true, 500, 4_194_304, 1_209_600)
    );
    assert!(!offline("offline = { keep = false }").keep);
    let all = offline("offline = { count = 7, bytes = \"64 KiB\", age = \"1 hour\" }");
    assert_eq!((all.count, all.bytes, all.age.as_secs()), (7, 65_536, 3_600));
}

#[test]
fn each_domain_says_what_it_archives() {
    let line = "nt_domain = \"CORP\"\n";
    let archive = |text: &str| {
        let lab = include_str!("../lab.toml").replace(line, &format!("{line}{text}\n"));
        Topology::parse("lab.toml", &lab).unwrap().domains[0].archive
    };
    assert_eq!(archive(""), topologies::Archive::default());
    assert!(!archive("").on, "nothing unless it is said");
    assert!(archive("archive = {}").on);
    assert!(!archive("archive = { on = false }").on);
    let kept = archive("archive = { retention = \"2557 days\" }").retention;
    assert_eq!(kept.unwrap().as_secs(), 2_557 * 86_400);
}

#[test]
fn with_several_domains_none_can_be_replaced() {
    let mut lab = builtin("lab").unwrap();
    let second = topologies::Domain {
        name: "b".into(),
        im_host: "im.b".into(),
        nt_domain: "B".into(),
        offline: topologies::Offline::default(),
        archive: topologies::Archive::default(),
    };
    lab.domains.push(second);
    let error = lab.override_domain("127.0.0.1").unwrap_err();
    assert_eq!(
        error,
        OverrideError::SeveralDomains {
            topology: "lab".into(),
            domains: 2
        }
    );
    assert!(error.to_string().contains("copy the topology file"), "{error}");
}

#[test]
fn ranges_can_be_asked_whether_they_contain_an_address() {
    let text =
        include_str!("../lab.toml").replace("\"peer\"", "[\"10.0.0.0/8\", \"fd00::/8\", \"192.0.2.7/32\"]");
    let lab = Topology::parse("lab.toml", &text).unwrap();
    let CallBacks::Ranges(ranges) = &lab.routers[0].call_backs else {
        panic!("ranges were written")
    };
    let within = |text: &str| {
        ranges
            .iter()
            .any(|range| range.contains(&text.parse::<IpAddr>().unwrap()))
    };
    assert!(within("10.200.3.4") && within("fd12::1") && within("192.0.2.7"));
    assert!(!within("11.0.0.1") && !within("192.0.2.8") && !within("::1"));
}
