//! Refuses what each section alone allows but what cannot work together.

use crate::problem::{Problem, Wrong};
use crate::read::Draft;
use crate::section::{Lines, Placed};
use crate::sizing::Plan;
use crate::{CallBacks, HomeRole, Profile, Trust, Zone};
use std::collections::{BTreeMap, BTreeSet};

/// A lab has no redundancy, so nobody should come to depend on it.
const LAB_ONLINE_MAX: u32 = 1_000;

/// Notes everything that does not fit together.
pub(crate) fn check(draft: &Draft, problems: &mut Vec<Problem>) {
    names(draft, problems);
    zones(draft, problems);
    nodes(draft, problems);
    // Counting makes sense only with everything there.
    if draft.routers.complete && draft.homes.complete {
        capacity(draft, problems);
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
    }
    for home in &draft.homes.all {
        if resolve(&home.value.zone, &home.lines, problems) == Some(Trust::None) {
            let wrong = format!("is \"{}\", where anybody can be", home.value.zone);
            let remedy = "write a zone with `trust = \"inside\"`: clients reach routers, never home servers";
            problems.push(home.lines.problem("zone", Wrong::new(wrong, remedy)));
        }
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

/// Whether routers and home servers carry the people.
fn capacity(draft: &Draft, problems: &mut Vec<Problem>) {
    let (Some(head), Some(population), Some(limits)) = (&draft.head, &draft.population, &draft.limits) else {
        return;
    };
    let (online, plan) = (population.value.online(), Plan::of(limits));
    let before = problems.len();
    if head.profile == Profile::Production {
        too_few(draft, online, plan, problems);
    }
    // Too few of them says it all; their capacity is a question only when there are enough.
    if problems.len() == before
        && let Some(wrong) = too_many(head.profile, online, plan, &draft.homes.all)
    {
        let peak = format!(
            "are {} people, {online} online at the peak",
            population.value.users
        );
        let wrong = Wrong::new(format!("{peak}, {}", wrong.wrong), wrong.remedy);
        problems.push(population.lines.problem("users", wrong));
    }
}

/// Fewer routers or home servers than the formulas ask for.
fn too_few(draft: &Draft, online: u32, plan: Plan, problems: &mut Vec<Problem>) {
    let (routers, homes) = (draft.routers.all.len(), draft.homes.all.len());
    if is_combined(&draft.homes.all) && online > plan.home_normal {
        // More nodes are not what is missing then.
        return;
    }
    for (key, have, need) in [
        ("router", routers, plan.routers(online)),
        ("home", homes, plan.homes(online)),
    ] {
        if (have as u64) < u64::from(need) {
            let wrong =
                format!("has {have} of the {need} sections that {online} people online need with one lost");
            let remedy =
                format!("add [[{key}]] sections, or write `profile = \"lab\"` to do without redundancy");
            problems.push(draft.lines.problem(key, Wrong::new(wrong, remedy)));
        }
    }
}

/// More people than can be carried.
fn too_many(profile: Profile, online: u32, plan: Plan, homes: &[Placed<HomeRole>]) -> Option<Wrong> {
    let capacities = homes.iter().map(|home| u64::from(home.value.capacity));
    let (all, largest) = (capacities.clone().sum::<u64>(), capacities.max().unwrap_or(0));
    let (held, when) = match profile {
        Profile::Lab => (all, "together"),
        Profile::Production => (all - largest, "with the largest lost"),
    };
    if profile == Profile::Lab && online > LAB_ONLINE_MAX {
        let remedy = "lower `users` or `peak_online`, or leave `profile` out for a cluster with redundancy";
        return Some(Wrong::new(
            format!("more than the {LAB_ONLINE_MAX} of a lab"),
            remedy,
        ));
    }
    if profile == Profile::Production && is_combined(homes) && online > plan.home_normal {
        let remedy = "use the topology `enterprise`, with routers and home servers of their own";
        return Some(Wrong::new(
            format!("more than the {} that combined nodes carry", plan.home_normal),
            remedy,
        ));
    }
    (held < u64::from(online)).then(|| {
        let wrong = format!("more than the {held} that the home servers hold {when}");
        Wrong::new(wrong, "raise `capacity`, or add a [[home]]")
    })
}

fn is_combined(homes: &[Placed<HomeRole>]) -> bool {
    homes.iter().any(|home| home.value.node.is_some())
}
