//! What code must not say, and where.

use crate::code::lines_with;
use crate::workspace::{Source, WORKSPACE, assert_none};

/// Words that must not be in some code.
struct Forbidden {
    words: &'static [&'static str],
    reason: &'static str,
    /// Where the rule holds.
    within: fn(&Source) -> bool,
    /// Files that it does not hold for: beginnings of paths.
    but: &'static [&'static str],
}

const FORBIDDEN: [Forbidden; 7] = [
    Forbidden {
        words: &["#[ignore"],
        reason: "a test that is not run proves nothing",
        within: |_| true,
        but: &[],
    },
    Forbidden {
        words: &["todo!", "unimplemented!", "dbg!"],
        reason: "finish it first",
        within: |_| true,
        but: &[],
    },
    Forbidden {
        words: &[
            "tokio::spawn",
            "task::spawn",
            "TaskTracker",
            "JoinSet",
            "spawn_local",
            "thread::spawn",
        ],
        reason: "no anonymous tasks: use daemon::Tasks",
        within: |source| source.is_product() || source.path.starts_with("tests/"),
        // Calls that are being served on a link are bounded there in number and time.
        but: &["daemon/src/tasks.rs", "proto/src/link/stream.rs"],
    },
    Forbidden {
        words: &[
            "async",
            "await",
            "tokio",
            "futures_util",
            "Clock",
            "Instant",
            "now()",
            "spawn",
            "rand",
        ],
        reason: "the core decides: it is told the time, and waits for nothing",
        within: |source| source.is_product() && source.path.starts_with("homeserver/src/presentity"),
        but: &[],
    },
    Forbidden {
        words: &[
            "tokio",
            "async",
            "await",
            "std::fs",
            "TcpStream",
            "TcpListener",
            "UdpSocket",
            "SystemTime",
        ],
        reason: "what is said, and who is home to whom, is values: no I/O, no clock, no runtime",
        within: |source| source.is_product() && ["rvp", "attachment", "placement"].contains(&source.member()),
        but: &[],
    },
    Forbidden {
        words: &["env::var", "env::var_os", "env::vars", "env::vars_os"],
        reason: "settings are given: only where they are read is the environment",
        within: Source::is_product,
        but: &[
            "daemon/src/config/environment.rs",
            // What a terminal is, and where programs are.
            "homeport/src/output.rs",
            "homeport/src/output/progress.rs",
            "homeport/src/up/processes/process.rs",
            "homeport/src/up/processes/programs.rs",
        ],
    },
    Forbidden {
        words: &["sleep", "sleep_ms"],
        reason: "wait for a level with a bound instead",
        within: |source| source.path.starts_with("tests/"),
        // Simulated time costs nothing.
        but: &["tests/simulation/time.rs"],
    },
];

impl Forbidden {
    fn breaches(&self, sources: &[Source]) -> Vec<String> {
        let mut breaches = Vec::new();
        for source in sources.iter().filter(|source| (self.within)(source)) {
            if self.but.iter().any(|file| source.path.starts_with(file)) {
                continue;
            }
            for word in self.words {
                let lines = lines_with(&source.code, word);
                breaches.extend(
                    lines
                        .iter()
                        .map(|line| format!("{}:{line}: `{word}`: {}", source.path, self.reason)),
                );
            }
        }
        breaches
    }
}

#[test]
fn code_says_nothing_that_it_must_not() {
    for forbidden in &FORBIDDEN {
        assert_none(&forbidden.breaches(&WORKSPACE.sources));
    }
}

#[test]
fn each_forbidden_word_is_a_breach() {
    let places = ["homeserver/src/presentity/x.rs", "rvp/src/x.rs", "tests/x.rs"];
    for forbidden in &FORBIDDEN {
        for word in forbidden.words {
            let code = format!("// {word}\nfn f() {{\n    {word} ;\n}}\n");
            let source = places
                .iter()
                .map(|path| Source::new(path, &code))
                .find(|source| (forbidden.within)(source));
            let source = source.unwrap_or_else(|| panic!("no place for {word}"));
            let breaches = forbidden.breaches(&[source]);
            assert!(
                breaches.iter().any(|breach| breach.contains(":3: ")),
                "{word}: {breaches:?}"
            );
            assert!(
                !breaches.iter().any(|breach| breach.contains(":1: ")),
                "prose is not code"
            );
        }
    }
}

#[test]
fn exceptions_name_files_that_exist() {
    let files = FORBIDDEN.iter().flat_map(|forbidden| forbidden.but);
    for file in files {
        assert!(
            WORKSPACE
                .sources
                .iter()
                .any(|source| source.path.starts_with(file)),
            "{file}"
        );
    }
}
