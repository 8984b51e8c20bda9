//! Every kind of mistake in a topology file is found, at its line and key, with what to write instead.

mod failure_zones;
mod together;
mod values;

use topologies::{Problems, Topology};

const EDUCATION: &str = include_str!("../../education.toml");
const ISP: &str = include_str!("../../isp.toml");
const LAB: &str = include_str!("../../lab.toml");

/// The line of the first occurrence, from 1.
fn line_of(text: &str, part: &str) -> usize {
    1 + text[..text
        .find(part)
        .unwrap_or_else(|| panic!("{part:?} is in the file"))]
        .matches('\n')
        .count()
}

/// Replaces the first `part` of a file, which must be there.
fn replace(file: &str, part: &str, instead: &str) -> String {
    assert!(file.contains(part), "{part:?} is in the file");
    file.replacen(part, instead, 1)
}

fn assert_sound(text: &str) {
    if let Err(problems) = Topology::parse("t.toml", text) {
        panic!("expected a sound file, got\n{problems}");
    }
}

fn problems(text: &str) -> Problems {
    match Topology::parse("t.toml", text) {
        Ok(topology) => panic!("expected problems, got {topology:?}"),
        Err(problems) => problems,
    }
}

/// Replaces the first `part` of a sound file, and expects one problem, there.
fn mistake(file: &str, part: &str, instead: &str, problem: &str) {
    one_problem(line_of(file, part), &replace(file, part, instead), problem);
}

/// Expects exactly one problem, with its whole text.
fn one_problem(line: usize, text: &str, problem: &str) {
    assert_eq!(problems(text).to_string(), format!("t.toml:{line}: {problem}"));
}

#[test]
fn everything_is_found_at_once_in_the_order_of_lines() {
    let text = replace(LAB, "store = \"sqlite\"", "stroe = \"sqlite\"");
    let text = replace(&text, "peak_online = 1.0", "peak_online = 2");
    let text = replace(&text, "\"peer\"", "\"on\"");
    let text = replace(&text, "\"home-2\"", "\"home-1\"");
    let found = problems(&text);
    let keys: Vec<(usize, &str)> = found
        .iter()
        .map(|problem| (problem.line, problem.key.as_str()))
        .collect();
    let expected = [
        (line_of(&text, "stroe"), "stroe"),
        (line_of(&text, "peak_online"), "population.peak_online"),
        (line_of(&text, "\"on\""), "router.call_backs"),
        (
            1 + text[..text.rfind("name =").unwrap()].matches('\n').count(),
            "home.name",
        ),
    ];
    assert_eq!(keys, expected, "{found}");
    assert_eq!(found.file(), "t.toml");
    let first = found.to_string().lines().next().map(str::to_owned);
    assert_eq!(
        first.as_deref(),
        Some("t.toml:9: stroe is no key of this section; did you mean `store`?")
    );
}

#[test]
fn an_empty_file_is_told_all_that_is_missing() {
    let found = problems("");
    let keys: Vec<&str> = found.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "name",
            "summary",
            "population",
            "zone",
            "domain",
            "router",
            "home"
        ],
        "{found}"
    );
}

#[test]
fn what_is_not_toml_is_found_at_its_line() {
    let remedy = "write `key = value`, `[section]` or `[[section]]`, with texts between quotation marks";
    for (part, instead, says) in [
        ("users = 1_000", "users: 1_000", "is not TOML: "),
        ("name = \"lab\"", "name = \"lab", "is not TOML: "),
        ("peak_online = 1.0", "users = 5", "is not TOML: duplicate key"),
    ] {
        let found = problems(&replace(LAB, part, instead));
        let all: Vec<_> = found.iter().collect();
        assert_eq!(all.len(), 1, "{found}");
        assert_eq!(
            (all[0].line, all[0].key.as_str()),
            (line_of(LAB, part), ""),
            "{found}"
        );
        assert!(all[0].wrong.contains(says) && all[0].remedy == remedy, "{found}");
    }
}
