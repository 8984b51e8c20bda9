//! Names and sizes of source files.

use crate::code::lines_with;
use crate::workspace::{Source, WORKSPACE, assert_none};

/// Names that say nothing: whatever has no place ends up there.
const NAMELESS: [&str; 8] = [
    "utils", "util", "common", "helpers", "helper", "types", "misc", "prelude",
];
/// Lines of a file, tests included.
const LINES_MAX: usize = 500;

fn nameless(sources: &[Source]) -> Vec<String> {
    let mut breaches = Vec::new();
    for source in sources {
        for part in source
            .path
            .split('/')
            .map(|part| part.strip_suffix(".rs").unwrap_or(part))
        {
            if NAMELESS.contains(&part) {
                breaches.push(format!(
                    "{}: `{part}` says nothing, name it by what it is",
                    source.path
                ));
            }
        }
        if source.path.ends_with("/mod.rs") {
            breaches.push(format!(
                "{}: name the file like its module, not mod.rs",
                source.path
            ));
        }
        for name in NAMELESS {
            for line in lines_with(&source.code, &format!("mod {name}")) {
                breaches.push(format!(
                    "{}:{line}: `{name}` says nothing, name it by what it is",
                    source.path
                ));
            }
        }
    }
    breaches
}

fn long(sources: &[Source]) -> Vec<String> {
    let lines = |source: &Source| source.text.lines().count();
    let long = sources.iter().filter(|source| lines(source) > LINES_MAX);
    long.map(|source| {
        format!(
            "{} has {} lines, more than {LINES_MAX}",
            source.path,
            lines(source)
        )
    })
    .collect()
}

#[test]
fn names_say_what_is_in_a_file() {
    assert_none(&nameless(&WORKSPACE.sources));
}

#[test]
fn a_name_that_says_nothing_is_a_breach() {
    for path in [
        "rvp/src/utils.rs",
        "rvp/src/common/xml.rs",
        "rvp/src/xml/mod.rs",
        "router/tests/helpers.rs",
    ] {
        assert_eq!(nameless(&[Source::new(path, "")]).len(), 1, "{path}");
    }
    assert_eq!(
        nameless(&[Source::new("rvp/src/lib.rs", "mod misc { }")]).len(),
        1
    );
    assert!(nameless(&[Source::new("rvp/src/utility_bill.rs", "mod common_sense;")]).is_empty());
}

#[test]
fn files_stay_short() {
    assert_none(&long(&WORKSPACE.sources));
}

#[test]
fn a_long_file_is_a_breach() {
    assert!(long(&[Source::new("rvp/src/a.rs", &"\n".repeat(LINES_MAX))]).is_empty());
    assert_eq!(
        long(&[Source::new("rvp/src/a.rs", &"\n".repeat(LINES_MAX + 1))]).len(),
        1
    );
}
