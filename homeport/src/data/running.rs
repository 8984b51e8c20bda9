//! `cluster.toml`: how other commands reach what runs on a data folder.
//!
//! Written when it starts and removed when it ends in order. One that is there although nothing runs is from
//! something that was killed: whoever reads it finds nobody at its addresses.

use super::{DataDir, Error, read_small, write_private};
use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;

const FILE: &str = "cluster.toml";

/// Where clients reach the routers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Routers {
    /// Each of them.
    pub(crate) addresses: Vec<SocketAddr>,
    /// The certificate that they show, PEM, an absolute path. None where clients speak without TLS.
    pub(crate) certificate: Option<PathBuf>,
}

/// What runs on a data folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Running {
    /// Processes of their own, whose members are in an etcd.
    Processes {
        /// Its members, `http://127.0.0.1:2379`; at least one.
        etcd: Vec<String>,
        /// What all keys begin with.
        prefix: String,
        /// Its routers.
        routers: Routers,
    },
    /// Every role in one process, whose members nobody else sees.
    OneProcess {
        /// The link addresses of its home servers.
        homes: Vec<SocketAddr>,
        /// Its routers.
        routers: Routers,
    },
}

/// The file: the keys of one or the other.
#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    etcd: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    homes: Option<Vec<SocketAddr>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    routers: Vec<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<PathBuf>,
}

impl Running {
    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let written: Written = toml::from_str(text)?;
        let routers = Routers {
            addresses: written.routers,
            certificate: written.certificate,
        };
        match (written.etcd, written.prefix, written.homes) {
            (Some(etcd), Some(prefix), None) => Ok(Self::Processes {
                etcd,
                prefix,
                routers,
            }),
            (None, None, Some(homes)) => Ok(Self::OneProcess { homes, routers }),
            (_, _, _) => Err(toml::de::Error::custom(
                "must have etcd and prefix, or homes, and may have routers and a certificate",
            )),
        }
    }

    fn write(&self) -> String {
        let written = match self.clone() {
            Self::Processes {
                etcd,
                prefix,
                routers,
            } => Written {
                etcd: Some(etcd),
                prefix: Some(prefix),
                routers: routers.addresses,
                certificate: routers.certificate,
                ..Written::default()
            },
            Self::OneProcess { homes, routers } => Written {
                homes: Some(homes),
                routers: routers.addresses,
                certificate: routers.certificate,
                ..Written::default()
            },
        };
        let written = toml::to_string(&written).expect("texts can be written as TOML");
        format!(
            "# Written by `homeport up`, which removes it when it ends: how to reach what runs here.\n{written}"
        )
    }
}

impl DataDir {
    /// What runs here, if anything does, or did until it was killed.
    ///
    /// # Errors
    /// [`Error::CannotRead`], [`Error::BadRecord`].
    pub(crate) fn running(&self) -> Result<Option<Running>, Error> {
        let path = self.path().join(FILE);
        let Some(text) = read_small(&path)? else {
            return Ok(None);
        };
        let running = Running::parse(&text).map_err(|source| Error::BadRecord {
            path,
            source: Box::new(source),
        })?;
        Ok(Some(running))
    }

    /// Says what runs here.
    ///
    /// # Errors
    /// [`Error::CannotWrite`].
    pub(crate) fn set_running(&self, running: &Running) -> Result<(), Error> {
        write_private(&self.path().join(FILE), &running.write())
    }

    /// Says that nothing runs here any more.
    ///
    /// # Errors
    /// [`Error::CannotWrite`].
    pub(crate) fn clear_running(&self) -> Result<(), Error> {
        let path = self.path().join(FILE);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Error::CannotWrite { path, source: error })
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> (tempfile::TempDir, DataDir) {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        (folder, data)
    }

    #[test]
    fn what_runs_is_read_back_until_it_ends() {
        let (_folder, data) = data();
        assert_eq!(data.running().unwrap(), None);
        for running in [
            Running::Processes {
                etcd: vec![
                    "http://127.0.0.1:2379".to_owned(),
                    "http://etcd-2:2379".to_owned(),
                ],
                prefix: "/homeport".to_owned(),
                routers: Routers::default(),
            },
            Running::OneProcess {
                homes: vec!["127.0.0.1:7400".parse().unwrap(), "[::1]:7401".parse().unwrap()],
                routers: Routers {
                    addresses: vec!["127.0.0.1:8080".parse().unwrap()],
                    certificate: Some("/etc/homeport/im.pem".into()),
                },
            },
        ] {
            data.set_running(&running).unwrap();
            assert_eq!(data.running().unwrap(), Some(running));
        }
        data.clear_running().unwrap();
        assert_eq!(data.running().unwrap(), None);
        // Again is no mistake.
        data.clear_running().unwrap();
    }

    #[test]
    fn the_file_is_as_it_is_documented() {
        let (folder, data) = data();
        let path = folder.path().join("cluster.toml");
        data.set_running(&Running::Processes {
            etcd: vec!["http://127.0.0.1:2379".to_owned()],
            prefix: "/homeport".to_owned(),
            routers: Routers {
                addresses: vec!["127.0.0.1:8080".parse().unwrap()],
                certificate: Some("/etc/homeport/im.pem".into()),
            },
        })
        .unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.ends_with(
                "\netcd = [\"http://127.0.0.1:2379\"]\nprefix = \"/homeport\"\nrouters = [\"127.0.0.1:8080\"]\n\
                 certificate = \"/etc/homeport/im.pem\"\n"
            ),
            "{text}"
        );
        let homes = vec!["127.0.0.1:7400".parse().unwrap()];
        let routers = Routers::default();
        data.set_running(&Running::OneProcess { homes, routers }).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.ends_with("\nhomes = [\"127.0.0.1:7400\"]\n"), "{text}");
    }

    #[test]
    fn what_nobody_wrote_is_refused_with_the_file() {
        let (folder, data) = data();
        let path = folder.path().join("cluster.toml");
        for text in [
            "",
            "etcd = [\"http://127.0.0.1:2379\"]",
            "etcd = []\nprefix = \"/p\"\nhomes = []",
            "homes = [\"home-1\"]",
            "homes = []\nrouter = []",
            "routers = []",
        ] {
            std::fs::write(&path, text).unwrap();
            let error = data.running().unwrap_err();
            assert!(
                matches!(&error, Error::BadRecord { path: named, .. } if *named == path),
                "{text}"
            );
        }
    }
}
