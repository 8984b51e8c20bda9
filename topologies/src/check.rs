//! Refuses what each section alone allows but what cannot work together.

mod capacity;
mod failure_zones;

use crate::problem::{Problem, Wrong};
use crate::read::Draft;
use crate::section::Lines;
use crate::{CallBacks, ClientTls, Trust, Zone};
use std::collections::{BTreeMap, BTreeSet};

/// Notes everything that does not fit together.
pub(crate) fn check(draft: &Draft, problems: &mut Vec<Problem>) {
    names(draft, problems);
    zones(draft, problems);
    proxies(draft, problems);
    nodes(draft, problems);
    failure_zones::check(draft, problems);
    // Counting makes sense only with everything there.
    if draft.routers.complete && draft.homes.complete {
        capacity::check(draft, problems);
    }
}

fn names(draft: &Draft, problems: &mut Vec<Problem>) {
    let domains = &draft.domains.all;
    let zones = draft
        .zones
        .all
        .iter()
        .map(|zone| (zone.value.name.as_str(), &zone.lines));
    unique("name", zones, "give every zone a name of its own", problems);
    let routers = draft
        .routers
        .all
        .iter()
        .map(|router| (router.value.name.as_str(), &router.lines));
    let homes = draft
        .homes
        .all
        .iter()
        .map(|home| (home.value.name.as_str(), &home.lines));
    unique(
        "name",
        routers.chain(homes),
        "give every router and home server a name of its own",
        problems,
    );
    let names = domains
        .iter()
        .map(|domain| (domain.value.name.as_str(), &domain.lines));
    unique(
        "name",
        names,
        "leave the second section out, or correct its name",
        problems,
    );
    let hosts = domains
        .iter()
        .map(|domain| (domain.value.im_host.as_str(), &domain.lines));
    unique(
        "im_host",
        hosts,
        "give every domain a host of its own, or two people could share an address",
        problems,
    );
    let nt_domains = domains
        .iter()
        .map(|domain| (domain.value.nt_domain.as_str(), &domain.lines));
    let remedy = "give every domain an `nt_domain` of its own, or log-ons could not tell them apart";
    unique("nt_domain", nt_domains, remedy, problems);
}

fn unique<'a>(
    key: &str,
    all: impl Iterator<Item = (&'a str, &'a Lines)>,
    remedy: &str,
    problems: &mut Vec<Problem>,
) {
    let mut seen = BTreeSet::new();
    for (text, lines) in all {
        if !seen.insert(text) {
            problems.push(lines.problem(key, Wrong::new(format!("is \"{text}\" a second time"), remedy)));
        }
    }
}

fn zones(draft: &Draft, problems: &mut Vec<Problem>) {
    let zones: BTreeMap<&str, &Zone> = draft
        .zones
        .all
        .iter()
        .map(|zone| (zone.value.name.as_str(), &zone.value))
        .collect();
    let resolve = |name: &str, lines: &Lines, problems: &mut Vec<Problem>| -> Option<Trust> {
        let zone = zones.get(name);
        if zone.is_none() && draft.zones.complete {
            let known = zones
                .keys()
                .map(|zone| format!("\"{zone}\""))
                .collect::<Vec<_>>()
                .join(" or ");
            let remedy = format!("write {known}, or add a section `[[zone]]` of this name");
            problems.push(lines.problem(
                "zone",
                Wrong::new(format!("is \"{name}\", which is no zone here"), remedy),
            ));
        }
        zone.map(|zone| zone.trust)
    };
    for router in &draft.routers.all {
        let trust = resolve(&router.value.zone, &router.lines, problems);
        if trust == Some(Trust::None) && router.value.call_backs != CallBacks::Off {
            let wrong = format!(
                "are allowed in zone \"{}\", where anybody can be",
                router.value.zone
            );
            let remedy = "write \"off\", or anybody could make this router connect to hosts inside";
            problems.push(router.lines.problem("call_backs", Wrong::new(wrong, remedy)));
        }
        if trust == Some(Trust::None) && router.value.tls == ClientTls::Off {
            let wrong = format!(
                "is \"off\" in zone \"{}\", where anybody can be",
                router.value.zone
            );
            let remedy = "write \"router\", so that its clients must speak TLS, or \"proxy\" where one that it knows \
                          for sure ends TLS before it";
            problems.push(router.lines.problem("tls", Wrong::new(wrong, remedy)));
        }
    }
    for home in &draft.homes.all {
        if resolve(&home.value.zone, &home.lines, problems) == Some(Trust::None) {
            let wrong = format!("is \"{}\", where anybody can be", home.value.zone);
            let remedy = "write a zone with `trust = \"inside\"`: clients reach routers, never home servers";
            problems.push(home.lines.problem("zone", Wrong::new(wrong, remedy)));
        }
    }
}

/// Where a proxy ends TLS it is known, by its address.
fn proxies(draft: &Draft, problems: &mut Vec<Problem>) {
    for router in &draft.routers.all {
        let wrong = match (router.value.tls, router.value.proxies.is_empty()) {
            (ClientTls::Proxy, true) => Wrong::new(
                "are missing where tls is \"proxy\"",
                "write the addresses of those who end TLS, such as [\"10.0.1.5\"]: nobody else may connect",
            ),
            (ClientTls::Off | ClientTls::Router, false) => Wrong::new(
                "are named, and end no TLS",
                "write `tls = \"proxy\"`, or leave them out",
            ),
            (ClientTls::Proxy, false) | (ClientTls::Off | ClientTls::Router, true) => continue,
        };
        problems.push(router.lines.problem("proxies", wrong));
    }
}

/// A combined node is one router and one home server.
fn nodes(draft: &Draft, problems: &mut Vec<Problem>) {
    let routers = draft
        .routers
        .all
        .iter()
        .filter_map(|router| Some((router.value.node.as_deref()?, &router.lines)));
    let homes = draft
        .homes
        .all
        .iter()
        .filter_map(|home| Some((home.value.node.as_deref()?, &home.lines)));
    let (routers, homes): (Vec<_>, Vec<_>) = (routers.collect(), homes.collect());
    unique(
        "node",
        routers.iter().copied(),
        "give every router of a combined node a node of its own",
        problems,
    );
    unique(
        "node",
        homes.iter().copied(),
        "give every home server of a combined node a node of its own",
        problems,
    );
    for (own, other, complete, missing) in [
        (&routers, &homes, draft.homes.complete, "home"),
        (&homes, &routers, draft.routers.complete, "router"),
    ] {
        for (node, lines) in own.iter().filter(|_| complete) {
            if !other.iter().any(|(name, _)| name == node) {
                let wrong = format!("is \"{node}\", which no [[{missing}]] has");
                let remedy = format!("add a [[{missing}]] with `node = \"{node}\"`, or leave the key out");
                problems.push(lines.problem("node", Wrong::new(wrong, remedy)));
            }
        }
    }
}
