//! Settings from the environment: `HOMEPORT_ROUTER__LISTEN__RVP` is `rvp` in `[listen]` of a router.

use super::mistake::Wrong;
use super::tree::{Node, Origin};
use std::collections::BTreeMap;
use std::ffi::OsString;

/// Between the program and the key, and between the steps of the key.
const STEP: &str = "__";

/// The environment variables of one program.
#[derive(Clone, Default, Debug)]
pub struct Environment {
    /// By name.
    variables: BTreeMap<String, OsString>,
    /// What their names begin with, for messages.
    beginning: String,
}

impl Environment {
    /// Those of this process whose names begin with the program's, `HOMEPORT_ROUTER`, and two underscores.
    #[must_use]
    pub fn of_process(program: &str) -> Self {
        let all = std::env::vars_os();
        Self::new(
            program,
            all.filter_map(|(name, value)| Some((name.into_string().ok()?, value))),
        )
    }

    /// Those of the program among the ones given.
    pub fn new(program: &str, all: impl IntoIterator<Item = (String, OsString)>) -> Self {
        let beginning = format!("{program}{STEP}");
        let ours = all.into_iter().filter(|(name, _)| name.starts_with(&beginning));
        Self {
            variables: ours.collect(),
            beginning,
        }
    }

    /// Sets what they say, over what a file says.
    pub(super) fn apply(&self, node: &mut Node, wrong: &mut Vec<Wrong>) {
        for (name, value) in &self.variables {
            let key = name.strip_prefix(&self.beginning).unwrap_or_default();
            let path: Vec<String> = key.split(STEP).map(str::to_ascii_lowercase).collect();
            let set = match value.to_str() {
                None => Err("is not text".to_owned()),
                Some(_) if path.iter().any(String::is_empty) => {
                    Err(format!("is no setting; write {}SECTION{STEP}KEY", self.beginning))
                }
                Some(text) => {
                    if let Err(mistake) = node.set(&path, name, text) {
                        wrong.push(mistake);
                    }
                    Ok(())
                }
            };
            if let Err(text) = set {
                wrong.push(Wrong::bad(text).at(&Origin::Environment(name.clone())));
            }
        }
    }
}
