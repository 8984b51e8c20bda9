//! From a file, or from what is built in, to a topology that can work.

use crate::problem::Wrong;
use crate::section::line_of;
use crate::{Problem, Problems, Topology, check, read};
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// A topology file is a page or two. More is something else by mistake.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The topologies that are part of the program, by name. The first is what runs when none is named.
const BUILTIN: [(&str, &str); 4] = [
    ("lab", include_str!("../lab.toml")),
    ("education", include_str!("../education.toml")),
    ("enterprise", include_str!("../enterprise.toml")),
    ("isp", include_str!("../isp.toml")),
];

/// Why there is no topology.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("could not read topology file {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What failed.
        source: std::io::Error,
    },
    /// The file is far too large.
    #[error("topology file {} is larger than 1 MiB, so it cannot be one", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file has mistakes.
    #[error(transparent)]
    Wrong(#[from] Problems),
    /// Nothing of this name is built in.
    #[error("there is no topology {name:?}: name a file that ends in .toml, or one of {}", builtin_names().join(", "))]
    NoSuchBuiltin {
        /// The name that was given.
        name: String,
    },
}

/// The names that [`builtin`] knows.
#[must_use]
pub fn builtin_names() -> [&'static str; BUILTIN.len()] {
    BUILTIN.map(|(name, _)| name)
}

/// A topology that is part of the program.
///
/// # Errors
/// [`LoadError::NoSuchBuiltin`] when there is none of this name.
pub fn builtin(name: &str) -> Result<Topology, LoadError> {
    match BUILTIN.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => Ok(Topology::parse(&format!("topologies/{name}.toml"), text)?),
        None => Err(LoadError::NoSuchBuiltin {
            name: name.to_owned(),
        }),
    }
}

impl Topology {
    /// Reads and checks a topology file.
    ///
    /// # Errors
    /// [`LoadError::Read`] or [`LoadError::TooLarge`] for the file itself, [`LoadError::Wrong`] with all problems
    /// for what it says.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        let failed = |source| LoadError::Read {
            path: path.to_owned(),
            source,
        };
        if std::fs::metadata(path).map_err(failed)?.len() > FILE_BYTES_MAX {
            return Err(LoadError::TooLarge {
                path: path.to_owned(),
            });
        }
        let text = std::fs::read_to_string(path).map_err(failed)?;
        Ok(Self::parse(&path.display().to_string(), &text)?)
    }

    /// Reads and checks the text of a topology file, whose name is used in problems only.
    ///
    /// # Errors
    /// [`Problems`] with all that is wrong.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, Problems> {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut problems: Vec<Problem> = errors.iter().map(|error| not_toml(text, error)).collect();
        // One broken line often is several errors to the parser, of which the first says most.
        problems.dedup_by_key(|problem| problem.line);
        let mut topology = None;
        if problems.is_empty() {
            let draft = read::read(text, table.get_ref(), &mut problems);
            topology = draft.and_then(|draft| {
                check::check(&draft, &mut problems);
                draft.into_topology()
            });
        }
        match topology {
            Some(topology) if problems.is_empty() => Ok(topology),
            Some(_) | None => Err(Problems::new(file_name, problems)),
        }
    }
}

/// A line that is not TOML. Keys and values are then not looked at, since they may not be what they seem.
fn not_toml(text: &str, error: &toml::de::Error) -> Problem {
    let wrong = Wrong::new(
        format!("is not TOML: {}", error.message()),
        "write `key = value`, `[section]` or `[[section]]`, with texts between quotation marks",
    );
    let line = line_of(text, error.span().map_or(0, |span| span.start));
    Problem {
        line,
        key: String::new(),
        wrong: wrong.wrong,
        remedy: wrong.remedy,
    }
}
