//! What the project says about the shape of the source, checked against the source: arrows between
//! crates, where outside crates may be named, names and sizes of files, manifests, and what code must not say.
//!
//! Every rule is a function from what it looks at to a list of breaches, and every rule has a test that feeds it
//! something bad: a rule that cannot fail is none.

#[path = "architecture/arrows.rs"]
mod arrows;
#[path = "architecture/code.rs"]
mod code;
#[path = "architecture/confinement.rs"]
mod confinement;
#[path = "architecture/files.rs"]
mod files;
#[path = "architecture/manifests.rs"]
mod manifests;
#[path = "architecture/versions.rs"]
mod versions;
#[path = "architecture/words.rs"]
mod words;
#[path = "architecture/workspace.rs"]
mod workspace;
