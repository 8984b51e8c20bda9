//! The workspace as the rules see it: members with what they depend on, and their source files.

use crate::code;
use cargo_metadata::MetadataCommand;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// A member of the workspace.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// Its name, which is its folder.
    pub(crate) name: String,
    /// Whatever its manifest names as a dependency of any kind.
    pub(crate) dependencies: BTreeSet<String>,
    /// Its manifest.
    pub(crate) manifest: String,
}

/// A file with Rust source.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Below the root of the repository, with `/` between folders.
    pub(crate) path: String,
    /// As it is.
    pub(crate) text: String,
    /// Without comments and without what is in quotes; see [`code::only`].
    pub(crate) code: String,
}

impl Source {
    /// A file with that text.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code: code::only(text),
        }
    }

    /// The member it belongs to.
    pub(crate) fn member(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    /// Whether it is part of what runs in production: not a test, an example or a benchmark.
    pub(crate) fn is_product(&self) -> bool {
        let inside = self.path.split('/').nth(1) == Some("src");
        inside
            && !self.path.ends_with("_tests.rs")
            && !self.path.contains("/tests/")
            && !self.path.ends_with("/tests.rs")
    }
}

/// The workspace that this test belongs to.
pub(crate) static WORKSPACE: LazyLock<Workspace> = LazyLock::new(Workspace::read);

/// The whole workspace.
pub(crate) struct Workspace {
    /// The root manifest.
    pub(crate) manifest: String,
    /// The members.
    pub(crate) members: Vec<Member>,
    /// Every Rust file of every member.
    pub(crate) sources: Vec<Source>,
}

impl Workspace {
    fn read() -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let root = root
            .parent()
            .expect("the tests are a folder of the repository")
            .to_owned();
        let manifest = root.join("Cargo.toml");
        // Without the packages from outside: only the manifests of the members are looked at.
        let metadata = MetadataCommand::new()
            .manifest_path(&manifest)
            .no_deps()
            .other_options(["--offline".into()])
            .exec();
        let metadata = metadata.expect("cargo knows the workspace it builds");
        let members: Vec<Member> = metadata
            .workspace_packages()
            .into_iter()
            .map(|package| Member {
                name: package.name.to_string(),
                dependencies: package
                    .dependencies
                    .iter()
                    .map(|each| each.name.clone())
                    .collect(),
                manifest: read(package.manifest_path.as_std_path()),
            })
            .collect();
        let mut sources = Vec::new();
        for member in &members {
            collect(&root, &root.join(&member.name), &mut sources);
        }
        sources.sort_by(|a, b| a.path.cmp(&b.path));
        Self {
            manifest: read(&manifest),
            members,
            sources,
        }
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()))
}

fn collect(root: &Path, folder: &Path, sources: &mut Vec<Source>) {
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("read {}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a folder that could be opened can be listed").path();
        if path.is_dir() {
            collect(root, &path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let below = path.strip_prefix(root).expect("it was found there");
            let name = below
                .components()
                .map(|part| part.as_os_str().to_string_lossy())
                .collect::<Vec<_>>()
                .join("/");
            sources.push(Source::new(&name, &read(&path)));
        }
    }
}

/// Fails with every breach on a line of its own.
#[track_caller]
pub(crate) fn assert_none(breaches: &[String]) {
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

#[test]
fn the_workspace_is_really_looked_at() {
    assert!(
        WORKSPACE.members.len() >= 10,
        "{:?}",
        WORKSPACE
            .members
            .iter()
            .map(|member| &member.name)
            .collect::<Vec<_>>()
    );
    for path in [
        "rvp/src/xml/read.rs",
        "homeserver/src/presentity.rs",
        "tests/architecture/workspace.rs",
    ] {
        let source = WORKSPACE.sources.iter().find(|source| source.path == path);
        assert!(source.is_some_and(|source| !source.text.is_empty()), "{path}");
    }
    let product = |path: &str| Source::new(path, "").is_product();
    assert!(product("rvp/src/xml/read.rs"));
    assert!(!product("rvp/src/xml_tests.rs") && !product("rvp/tests/a.rs") && !product("rvp/examples/a.rs"));
    assert!(
        !product("homeserver/src/presentity/tests/a.rs") && !product("homeserver/src/presentity/tests.rs")
    );
}
