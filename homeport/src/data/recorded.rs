//! Which topology a server runs: the name or file it was given, and the domain that replaced the file's.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use topologies::Topology;

/// A topology as it is named on the command line.
///
/// A name or path and not the topology itself, because the file stays the one source: who edits it and asks
/// again gets the new answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recorded {
    /// The name of a built-in topology, or the path of a file.
    pub(crate) topology: String,
    /// The domain served instead of the topology's only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) domain: Option<String>,
}

/// Why there is no topology.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It cannot be loaded.
    #[error(transparent)]
    Load(#[from] topologies::LoadError),
    /// The domain cannot replace its own.
    #[error(transparent)]
    Override(#[from] topologies::OverrideError),
}

impl Recorded {
    /// What was named on the command line. A file is remembered by its absolute path, because the next
    /// command may run in another folder.
    pub(crate) fn new(topology: &str, domain: Option<&str>) -> Self {
        let named = match file(topology) {
            Some(path) => std::path::absolute(&path).unwrap_or(path).display().to_string(),
            None => topology.to_owned(),
        };
        Self {
            topology: named,
            domain: domain.map(str::to_owned),
        }
    }

    /// Loads the topology.
    ///
    /// # Errors
    /// [`Error`] says what is wrong with the file, the name or the domain.
    pub(crate) fn load(&self) -> Result<Topology, Error> {
        let mut topology = match file(&self.topology) {
            Some(path) => Topology::load(&path)?,
            None => topologies::builtin(&self.topology)?,
        };
        if let Some(domain) = &self.domain {
            topology.override_domain(domain)?;
        }
        Ok(topology)
    }

    pub(super) fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    pub(super) fn write(&self) -> String {
        let record = toml::to_string(self).expect("texts can be written as TOML");
        format!("# Written by `homeport up`: what runs on this folder.\n{record}")
    }
}

/// The file that is meant, unless it is the name of a built-in topology. A name never has a dot or a
/// separator, so a file of the same name is `./lab`.
fn file(topology: &str) -> Option<PathBuf> {
    let is_file = topology.contains(['.', '/', std::path::MAIN_SEPARATOR]);
    is_file.then(|| Path::new(topology).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_as_written() {
        for recorded in [
            Recorded::new("lab", None),
            Recorded::new("lab", Some("chat.example")),
            Recorded::new("/etc/\"odd\" name.toml", None),
        ] {
            assert_eq!(Recorded::parse(&recorded.write()).as_ref(), Ok(&recorded));
        }
        assert!(Recorded::parse("topology = \"lab\"\ndomian = \"x\"").is_err());
    }

    #[test]
    fn a_file_is_remembered_from_anywhere() {
        assert!(Path::new(&Recorded::new("mine.toml", None).topology).is_absolute());
        assert_eq!(Recorded::new("lab", None).topology, "lab");
    }

    #[test]
    fn a_name_loads_what_is_built_in_under_the_domain_given() {
        let topology = Recorded::new("lab", Some("chat.example")).load().unwrap();
        assert_eq!(topology.name, "lab");
        assert_eq!(topology.domains[0].im_host, "chat.example");
        assert!(matches!(
            Recorded::new("labb", None).load(),
            Err(Error::Load(topologies::LoadError::NoSuchBuiltin { .. }))
        ));
        assert!(matches!(
            Recorded::new("./lab.toml", None).load(),
            Err(Error::Load(topologies::LoadError::Read { .. }))
        ));
    }
}
