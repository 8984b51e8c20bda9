//! Which crate of ours may depend on which.

use crate::workspace::{Member, WORKSPACE, assert_none};
use std::collections::BTreeSet;

/// What a member depends on, of ours.
enum Arrows {
    /// Exactly these.
    To(&'static [&'static str]),
    /// Any but these.
    AnyBut(&'static [&'static str]),
}

const ALLOWED: [(&str, Arrows); 13] = [
    ("rvp", Arrows::To(&[])),
    ("attachment", Arrows::To(&[])),
    ("placement", Arrows::To(&["rvp"])),
    ("proto", Arrows::To(&["rvp"])),
    ("membership", Arrows::To(&["placement"])),
    ("store", Arrows::To(&["rvp"])),
    ("daemon", Arrows::To(&[])),
    ("topologies", Arrows::To(&[])),
    (
        "router",
        Arrows::To(&["rvp", "attachment", "proto", "membership", "daemon"]),
    ),
    (
        "homeserver",
        Arrows::To(&["rvp", "proto", "membership", "store", "daemon"]),
    ),
    ("load", Arrows::To(&["rvp", "attachment", "daemon"])),
    // What `placement` has is named as membership's, so that it has one name.
    ("homeport", Arrows::AnyBut(&["tests", "placement"])),
    ("tests", Arrows::AnyBut(&["homeport", "placement"])),
];

/// Arrows that are not allowed, arrows that are missing, and members that the table does not know.
fn breaches(members: &[Member]) -> Vec<String> {
    let ours: BTreeSet<&str> = members.iter().map(|member| member.name.as_str()).collect();
    let mut breaches = Vec::new();
    for member in members {
        let to: BTreeSet<&str> = member
            .dependencies
            .iter()
            .map(String::as_str)
            .filter(|name| ours.contains(name))
            .collect();
        match ALLOWED.iter().find(|(name, _)| *name == member.name) {
            None => breaches.push(format!("{} is not in the picture of the crates", member.name)),
            Some((_, Arrows::To(allowed))) => {
                let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
                let name = &member.name;
                breaches.extend(
                    to.difference(&allowed)
                        .map(|to| format!("{name} must not depend on {to}")),
                );
                breaches.extend(
                    allowed
                        .difference(&to)
                        .map(|to| format!("{name} no longer depends on {to}")),
                );
            }
            Some((_, Arrows::AnyBut(forbidden))) => {
                let wrong = forbidden.iter().filter(|name| to.contains(**name));
                breaches.extend(wrong.map(|to| format!("{} must not depend on {to}", member.name)));
            }
        }
    }
    breaches
}

#[test]
fn arrows_only_point_down() {
    assert_none(&breaches(&WORKSPACE.members));
}

#[test]
fn an_arrow_too_many_or_too_few_is_a_breach() {
    let change = |name: &str, change: fn(&mut BTreeSet<String>)| {
        let mut members = WORKSPACE.members.clone();
        let member = members.iter_mut().find(|member| member.name == name).unwrap();
        change(&mut member.dependencies);
        breaches(&members)
    };
    let add = |to: &mut BTreeSet<String>| to.extend(["homeserver".to_owned()]);
    assert_eq!(change("router", add), ["router must not depend on homeserver"]);
    let remove = |to: &mut BTreeSet<String>| to.retain(|name| name != "rvp");
    assert_eq!(change("proto", remove), ["proto no longer depends on rvp"]);
    let add = |to: &mut BTreeSet<String>| to.extend(["homeport".to_owned()]);
    assert_eq!(change("tests", add), ["tests must not depend on homeport"]);
    let add = |to: &mut BTreeSet<String>| to.extend(["placement".to_owned()]);
    assert_eq!(change("homeport", add), ["homeport must not depend on placement"]);
    let mut members = WORKSPACE.members.clone();
    members[0].name = "extra".into();
    assert!(breaches(&members).contains(&"extra is not in the picture of the crates".to_owned()));
}

/// What the fuzz targets may use of ours: crates that read octets from outside and need no runtime.
const FUZZED: [&str; 4] = ["rvp", "attachment", "proto", "topologies"];

/// Arrows of the fuzz targets, which are a workspace of their own, by their manifest.
fn fuzz_breaches(manifest: &str, ours: &[Member]) -> Vec<String> {
    let manifest: toml::Table = manifest.parse().unwrap_or_default();
    let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
    let named = dependencies.into_iter().flat_map(toml::Table::keys);
    let wrong = named
        .filter(|name| ours.iter().any(|member| member.name == **name) && !FUZZED.contains(&name.as_str()));
    wrong
        .map(|name| format!("fuzz must not depend on {name}"))
        .collect()
}

#[test]
fn fuzz_targets_use_only_what_reads_octets() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/Cargo.toml");
    let manifest = std::fs::read_to_string(manifest).expect("there are fuzz targets");
    assert_none(&fuzz_breaches(&manifest, &WORKSPACE.members));
    let bad = "[dependencies]\nbytes = \"1\"\nrvp = { path = \"../rvp\" }\nstore = { path = \"../store\" }\n";
    assert_eq!(
        fuzz_breaches(bad, &WORKSPACE.members),
        ["fuzz must not depend on store"]
    );
}
