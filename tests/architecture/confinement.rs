//! Where crates from outside may be named: in manifests and in code.

use crate::code::{is_word, lines_with};
use crate::workspace::{Member, Source, WORKSPACE, assert_none};

/// An outside crate, or all that begin like it with a `*` at the end, and where it may be named.
struct Confined {
    name: &'static str,
    /// Members.
    members: &'static [&'static str],
    /// Files, for the members that are not free to name it anywhere: beginnings of paths.
    files: &'static [&'static str],
}

const CONFINED: [Confined; 17] = [
    Confined {
        name: "etcd-client",
        members: &["membership"],
        files: &[],
    },
    Confined {
        name: "consistent_hash_ring",
        members: &["placement"],
        files: &["placement/src/assignment.rs"],
    },
    Confined {
        name: "quick-xml",
        members: &["rvp"],
        files: &["rvp/src/xml"],
    },
    Confined {
        name: "opentelemetry*",
        members: &["daemon"],
        files: &[],
    },
    Confined {
        name: "tracing-opentelemetry",
        members: &["daemon"],
        files: &[],
    },
    Confined {
        name: "tracing-subscriber",
        members: &["daemon"],
        files: &[],
    },
    Confined {
        name: "axum",
        members: &["router", "daemon", "load"],
        // The floor beside which load is measured is a bare handler.
        files: &["router/", "daemon/", "load/src/floor/post.rs"],
    },
    Confined {
        name: "sqlx",
        members: &["store"],
        files: &[
            "store/src/postgres/",
            "store/src/postgres.rs",
            "store/src/sqlite/open.rs",
            "store/tests/",
        ],
    },
    Confined {
        name: "rusqlite",
        members: &["store"],
        files: &[
            "store/src/sqlite/",
            "store/src/sqlite.rs",
            "store/src/sqlite_tests.rs",
            "store/tests/",
        ],
    },
    Confined {
        name: "tonic*",
        members: &["proto", "homeserver", "membership", "load"],
        // The other floor is a bare stream.
        files: &[
            "proto/",
            "membership/",
            "homeserver/src/incoming.rs",
            "load/src/floor/stream.rs",
        ],
    },
    // Both ends of an attachment.
    Confined {
        name: "tokio-tungstenite",
        members: &["router", "homeport", "load", "tests"],
        files: &[
            "router/src/attachment/",
            "load/src/attached/socket.rs",
            "homeport/src/chat/connection.rs",
            "homeport/src/chat/servers.rs",
            "homeport/examples/attached/",
            "homeport/tests/",
            "tests/",
        ],
    },
    Confined {
        name: "rustls",
        members: &["router", "homeport", "load", "tests"],
        files: &[
            "router/src/tls",
            "load/src/router.rs",
            "homeport/src/chat/connection",
            "homeport/tests/chat/tls.rs",
            "tests/tls/",
        ],
    },
    Confined {
        name: "ratatui",
        members: &["homeport"],
        files: &["homeport/src/chat/screen"],
    },
    Confined {
        name: "crossterm",
        members: &["homeport"],
        files: &["homeport/src/chat/screen", "homeport/src/chat/password.rs"],
    },
    Confined {
        name: "turmoil",
        members: &["tests"],
        files: &["tests/simulation"],
    },
    // Errors without a type are for who only reports them: processes, and the loop that a task is.
    Confined {
        name: "anyhow",
        members: &["daemon", "homeport", "tests", "router", "homeserver"],
        files: &[
            "daemon/",
            "homeport/",
            "tests/",
            "router/src/main.rs",
            "homeserver/src/main.rs",
            "homeserver/src/incoming.rs",
        ],
    },
    Confined {
        name: "tokio*",
        members: &[
            "proto",
            "membership",
            "store",
            "daemon",
            "router",
            "homeserver",
            "homeport",
            "load",
            "tests",
        ],
        files: &[],
    },
];

impl Confined {
    fn is(&self, crate_name: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some(beginning) => crate_name.starts_with(beginning),
            None => crate_name == self.name,
        }
    }

    fn in_manifests(&self, members: &[Member]) -> Vec<String> {
        let outside = members
            .iter()
            .filter(|member| !self.members.contains(&member.name.as_str()));
        let named = |member: &Member| {
            let names = member.dependencies.iter().filter(|name| self.is(name));
            names
                .map(|name| format!("{}/Cargo.toml must not name {name}", member.name))
                .collect::<Vec<_>>()
        };
        outside.flat_map(named).collect()
    }

    /// Nothing of ours has the name of one of these crates, so the word is enough.
    fn in_code(&self, sources: &[Source]) -> Vec<String> {
        let mut breaches = Vec::new();
        for source in sources.iter().filter(|source| !self.may_name(source)) {
            for word in self.words(&source.code) {
                let lines = lines_with(&source.code, &word);
                breaches.extend(
                    lines
                        .iter()
                        .map(|line| format!("{}:{line} must not name {word}", source.path)),
                );
            }
        }
        breaches
    }

    fn may_name(&self, source: &Source) -> bool {
        let member = self.members.contains(&source.member());
        member && (self.files.is_empty() || self.files.iter().any(|file| source.path.starts_with(file)))
    }

    /// The crate's names as code spells them; of a family all that the code has.
    fn words(&self, code: &str) -> Vec<String> {
        let name = self.name.replace('-', "_");
        let Some(beginning) = name.strip_suffix('*') else {
            return vec![name];
        };
        let words = code
            .split(|c: char| !is_word(c))
            .filter(|word| word.starts_with(beginning));
        let mut words: Vec<String> = words.map(str::to_owned).collect();
        words.sort();
        words.dedup();
        words
    }
}

#[test]
fn outside_crates_are_named_only_where_they_belong() {
    for confined in &CONFINED {
        assert_none(&confined.in_manifests(&WORKSPACE.members));
        assert_none(&confined.in_code(&WORKSPACE.sources));
    }
}

#[test]
fn each_confined_crate_that_is_named_elsewhere_is_a_breach() {
    for confined in &CONFINED {
        let name = confined.name.replace('*', "_sdk");
        let manifest = format!("{name} somewhere else");
        let member = Member {
            name: "elsewhere".into(),
            dependencies: [name.clone()].into(),
            manifest,
        };
        assert_eq!(confined.in_manifests(&[member]).len(), 1, "{name}");
        let word = name.replace('-', "_");
        for code in [
            format!("use {word};"),
            format!("fn f() {{ {word}::g(); }}"),
            format!("use ::{word}::h;"),
        ] {
            let source = Source::new("elsewhere/src/lib.rs", &code);
            assert!(!confined.in_code(&[source]).is_empty(), "{code}");
        }
        let prose = format!("//! {word}::x\nconst A: &str = \"{word}::x\";");
        assert!(
            confined
                .in_code(&[Source::new("elsewhere/src/lib.rs", &prose)])
                .is_empty(),
            "prose is not code"
        );
    }
}

#[test]
fn a_file_beside_the_one_that_may_is_a_breach() {
    let ring = &CONFINED[1];
    let code = "use consistent_hash_ring::Ring;";
    assert!(
        ring.in_code(&[Source::new("placement/src/assignment.rs", code)])
            .is_empty()
    );
    assert_eq!(
        ring.in_code(&[Source::new("placement/src/placement.rs", code)])
            .len(),
        1
    );
}

/// All that `placement` may name from outside: what everybody must compute alike is made of little, and of nothing that
/// waits. The last two are for its tests and benchmarks.
const OF_PLACEMENT: [&str; 4] = ["consistent_hash_ring", "xxhash-rust", "criterion", "proptest"];

fn beyond_placement(members: &[Member]) -> Vec<String> {
    let placement = members.iter().find(|member| member.name == "placement");
    let named = placement.into_iter().flat_map(|member| &member.dependencies);
    let outside = named.filter(|name| !members.iter().any(|member| member.name == **name));
    outside
        .filter(|name| !OF_PLACEMENT.contains(&name.as_str()))
        .map(|name| format!("placement/Cargo.toml must not name {name}"))
        .collect()
}

#[test]
fn placement_is_made_of_little() {
    assert_none(&beyond_placement(&WORKSPACE.members));
    let mut members = WORKSPACE.members.clone();
    let placement = members.iter_mut().find(|member| member.name == "placement");
    placement.unwrap().dependencies.insert("async-trait".to_owned());
    assert_eq!(
        beyond_placement(&members),
        ["placement/Cargo.toml must not name async-trait"]
    );
}
