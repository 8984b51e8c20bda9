//! Failure zones: parts of a site that can be lost as a whole, such as rooms with a power supply of their own.
//!
//! A production topology that names them must carry everybody with any one of them lost. Of three zones, as the
//! topology `isp` has them, that means: any two carry everybody.

use crate::problem::{Problem, Wrong};
use crate::read::Draft;
use crate::section::Lines;
use crate::sizing::Plan;
use std::collections::BTreeMap;

/// What of something each zone has.
type Weights<'d> = BTreeMap<&'d str, u64>;

/// Notes what is in no failure zone although others are, and nodes that would be in two.
pub(super) fn check(draft: &Draft, problems: &mut Vec<Problem>) {
    let all: Vec<_> = sections(draft).collect();
    if all.iter().any(|(zone, _)| zone.is_some()) {
        for (_, lines) in all.iter().filter(|(zone, _)| zone.is_none()) {
            let remedy = "write `failure_zone = \"a\"` as other sections do, or leave it out of all of them";
            problems.push(lines.problem("failure_zone", Wrong::new("is missing", remedy)));
        }
    }
    nodes(draft, problems);
}

/// A combined node is one machine, and stands in one place.
fn nodes(draft: &Draft, problems: &mut Vec<Problem>) {
    for home in &draft.homes.all {
        let (Some(node), Some(zone)) = (&home.value.node, &home.value.failure_zone) else {
            continue;
        };
        let mut routers = draft.routers.all.iter().map(|router| &router.value);
        let router = routers.find(|router| router.node.as_ref() == Some(node));
        let other = router.and_then(|router| router.failure_zone.as_ref());
        if let Some(other) = other.filter(|other| *other != zone) {
            let wrong = format!("is \"{zone}\", but the router of node \"{node}\" is in \"{other}\"");
            let remedy = "write the same failure zone for both, since a node is one machine";
            problems.push(home.lines.problem("failure_zone", Wrong::new(wrong, remedy)));
        }
    }
}

/// Whether every section names a failure zone, so that it makes sense to ask what the loss of one costs.
pub(super) fn are_named(draft: &Draft) -> bool {
    sections(draft).all(|(zone, _)| zone.is_some())
}

fn sections(draft: &Draft) -> impl Iterator<Item = (Option<&str>, &Lines)> {
    let routers = draft.routers.all.iter();
    let routers = routers.map(|router| (router.value.failure_zone.as_deref(), &router.lines));
    let homes = draft.homes.all.iter();
    routers.chain(homes.map(|home| (home.value.failure_zone.as_deref(), &home.lines)))
}

/// Notes where the worst loss leaves too few routers or home servers.
pub(super) fn too_few(draft: &Draft, online: u32, plan: Plan, problems: &mut Vec<Problem>) {
    let zones = weigh(sections(draft).map(|(zone, _)| (zone, 1))).len() as u64;
    if let (1, Some((Some(zone), lines))) = (zones, sections(draft).next()) {
        let wrong = format!("is \"{zone}\" everywhere, and nobody is served with it lost");
        let remedy = "write two failure zones or more, or leave the key out everywhere";
        problems.push(lines.problem("failure_zone", Wrong::new(wrong, remedy)));
        return;
    }
    let routers = draft.routers.all.iter();
    let routers = weigh(routers.map(|router| (router.value.failure_zone.as_deref(), 1)));
    let homes = draft.homes.all.iter();
    let homes = weigh(homes.map(|home| (home.value.failure_zone.as_deref(), 1)));
    let (routers_left, homes_left) = plan.without_reserve(online);
    let (routers_each, homes_each) = plan.in_each_zone(online, zones);
    for (key, weights, need, each) in [
        ("router", routers, routers_left, routers_each),
        ("home", homes, homes_left, homes_each),
    ] {
        let (zone, left) = worst(&weights);
        if left < need {
            let wrong = format!(
                "has {left} of the {need} sections that {online} people online need with failure zone \"{zone}\" lost"
            );
            let remedy = format!(
                "write {each} [[{key}]] sections for each failure zone, or leave `failure_zone` out everywhere \
                 to be ready for the loss of one process only"
            );
            problems.push(draft.lines.problem(key, Wrong::new(wrong, remedy)));
        }
    }
}

/// The failure zone whose loss leaves home servers for the fewest people, and how many those hold.
pub(super) fn hold(draft: &Draft) -> (&str, u64) {
    let homes = draft.homes.all.iter().map(|home| &home.value);
    worst(&weigh(homes.map(|home| {
        (home.failure_zone.as_deref(), u64::from(home.capacity))
    })))
}

fn weigh<'d>(sections: impl Iterator<Item = (Option<&'d str>, u64)>) -> Weights<'d> {
    let mut weights = Weights::new();
    for (zone, weight) in sections {
        *weights.entry(zone.unwrap_or_default()).or_default() += weight;
    }
    weights
}

/// The heaviest zone, and what is left without it.
fn worst<'d>(weights: &Weights<'d>) -> (&'d str, u64) {
    let heaviest = weights.iter().max_by_key(|(_, weight)| **weight);
    let (zone, lost) = heaviest.map_or(("", 0), |(zone, weight)| (*zone, *weight));
    (zone, weights.values().sum::<u64>() - lost)
}
