//! What the members' manifests must inherit: versions and lints are stated once, at the root.

use crate::workspace::{Member, WORKSPACE, assert_none};
use toml::{Table, Value};

const DEPENDENCIES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
const INHERITED: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];

fn breaches(member: &Member) -> Vec<String> {
    let name = &member.name;
    let Ok(manifest) = member.manifest.parse::<Table>() else {
        return vec![format!("{name}/Cargo.toml is no TOML")];
    };
    let mut breaches = Vec::new();
    if !is_inherited(manifest.get("lints")) {
        breaches.push(format!("{name}/Cargo.toml: write [lints] workspace = true"));
    }
    let package = manifest.get("package").and_then(Value::as_table);
    for key in INHERITED {
        if !is_inherited(package.and_then(|package| package.get(key))) {
            breaches.push(format!("{name}/Cargo.toml: write {key}.workspace = true"));
        }
    }
    let targets = manifest
        .get("target")
        .and_then(Value::as_table)
        .into_iter()
        .flat_map(Table::values);
    let tables = targets.filter_map(Value::as_table).chain([&manifest]);
    for dependencies in tables.flat_map(|table| DEPENDENCIES.iter().filter_map(|kind| table.get(*kind))) {
        for (dependency, how) in dependencies.as_table().into_iter().flatten() {
            let stated = ["version", "git", "path"]
                .iter()
                .any(|key| how.get(key).is_some());
            if stated || !is_inherited(Some(how)) {
                breaches.push(format!("{name}/Cargo.toml: write {dependency}.workspace = true"));
            }
        }
    }
    breaches
}

/// `x.workspace = true`.
fn is_inherited(value: Option<&Value>) -> bool {
    value
        .and_then(|value| value.get("workspace"))
        .and_then(Value::as_bool)
        == Some(true)
}

/// Lints that the whole workspace stands on.
fn weak_lints(root: &str) -> Vec<String> {
    const FORBIDDEN: [(&str, &str, &[&str]); 4] = [
        ("rust", "unsafe_code", &["forbid"]),
        ("clippy", "unwrap_used", &["deny", "forbid"]),
        ("clippy", "wildcard_enum_match_arm", &["deny", "forbid"]),
        ("clippy", "await_holding_lock", &["deny", "forbid"]),
    ];
    let root: Table = root.parse().unwrap_or_default();
    let lints = root.get("workspace").and_then(|workspace| workspace.get("lints"));
    let level = |group: &str, lint: &str| lints?.get(group)?.get(lint)?.as_str();
    let weak = FORBIDDEN
        .iter()
        .filter(|(group, lint, levels)| !level(group, lint).is_some_and(|level| levels.contains(&level)));
    weak.map(|(group, lint, levels)| format!("Cargo.toml: {group} {lint} must be {}", levels[0]))
        .collect()
}

#[test]
fn members_inherit_versions_and_lints() {
    for member in &WORKSPACE.members {
        assert_none(&breaches(member));
    }
    assert_none(&weak_lints(&WORKSPACE.manifest));
}

#[test]
fn a_manifest_that_states_something_itself_is_a_breach() {
    let good = "[package]\nname = \"x\"\nversion.workspace = true\nedition.workspace = true\n\
        rust-version.workspace = true\nlicense.workspace = true\npublish.workspace = true\n\
        [lints]\nworkspace = true\n[dependencies]\nbytes.workspace = true\n\
        tokio = { workspace = true, features = [\"test-util\"] }\n";
    let check = |manifest: &str| {
        breaches(&Member {
            name: "x".into(),
            dependencies: [].into(),
            manifest: manifest.to_owned(),
        })
    };
    assert_none(&check(good));
    for (from, to) in [
        ("[lints]\nworkspace = true\n", ""),
        ("bytes.workspace = true", "bytes = \"1\""),
        (
            "bytes.workspace = true",
            "bytes = { version = \"1\", default-features = false }",
        ),
        (
            "bytes.workspace = true",
            "bytes = { workspace = true, path = \"../bytes\" }",
        ),
        ("edition.workspace = true", "edition = \"2021\""),
        (
            "[dependencies]\n",
            "[dev-dependencies]\ninsta = \"1\"\n[dependencies]\n",
        ),
        (
            "[dependencies]\n",
            "[target.'cfg(unix)'.dependencies]\nlibc = \"0.2\"\n[dependencies]\n",
        ),
    ] {
        assert_eq!(check(&good.replace(from, to)).len(), 1, "{to}");
    }
    assert_eq!(check("nonsense").len(), 1);
    assert_eq!(
        weak_lints(
            &WORKSPACE
                .manifest
                .replace("unsafe_code = \"forbid\"", "unsafe_code = \"warn\"")
        )
        .len(),
        1
    );
}
