//! The configuration of a process: one TOML file, overridden by the environment, as one typed value.
//!
//! The type is the role's own and implements [`Settings`]; sections that processes share are here. Whatever is
//! wrong is found at once and told with its place: a key nobody knows, a value of another kind, and what
//! [`Settings::check`] says. Every setting has a default, so that a type is readable without any file; what has
//! no sensible default is empty, and `check` asks for it.
//!
//! Deliberately absent: reloading while running (the log filter can be changed at the admin listener), and
//! secrets as values: a setting names the file of a secret, [`SecretFile`].

pub mod duration;
mod environment;
mod mistake;
mod print;
mod read;
mod secret;
mod sections;
pub mod size;
mod tree;

pub use environment::Environment;
pub use mistake::{Mistake, Mistakes};
pub use secret::{Secret, SecretError, SecretFile};
pub use sections::{
    AdminSection, DrainSection, EtcdSection, Listen, MembershipSection, OnSilence, TelemetrySection,
};
pub use tree::Origin;

use mistake::{Kind, Wrong};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use tree::Node;

/// A configuration is a page. More is something else by mistake.
const FILE_OCTETS_MAX: u64 = 1 << 20;
/// How many mistakes are looked for before what was found is told.
const MISTAKES_MAX: usize = 100;

/// The configuration of a role. Implementations derive serde's traits with `default` and `deny_unknown_fields`.
pub trait Settings: Serialize + DeserializeOwned {
    /// Notes what is wrong with the values, all of it. The sections below are checked already.
    fn check(&self, mistakes: &mut Mistakes);

    /// Reads the files with secrets that it names, with [`Mistakes::secret`], and notes what is wrong with them.
    fn check_secrets(&self, mistakes: &mut Mistakes);

    /// `[admin]`.
    fn admin(&self) -> &AdminSection;

    /// `[telemetry]`.
    fn telemetry(&self) -> &TelemetrySection;

    /// `[drain]`.
    fn drain(&self) -> &DrainSection;
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("could not read configuration file {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is far too large.
    #[error("configuration file {} is larger than 1 MiB, so it cannot be one", .0.display())]
    TooLarge(PathBuf),
    /// There are mistakes in it, or in the environment.
    #[error("{0}")]
    Wrong(Mistakes),
}

/// A configuration without mistakes.
#[derive(Debug)]
pub struct Loaded<T> {
    /// What it says.
    pub settings: T,
    origins: BTreeMap<String, Origin>,
}

/// Loads a configuration; without a file, from the environment alone.
///
/// # Errors
/// [`Error`], with all mistakes at once.
pub fn load<T: Settings>(file: Option<&Path>, environment: &Environment) -> Result<Loaded<T>, Error> {
    let text = file.map(read_file).transpose()?.unwrap_or_default();
    let name = file.map(|file| file.display().to_string()).unwrap_or_default();
    parse(&name, &text, environment).map_err(Error::Wrong)
}

/// The same from the text of a file, whose name is for messages only.
///
/// # Errors
/// All mistakes at once.
pub fn parse<T: Settings>(file: &str, text: &str, environment: &Environment) -> Result<Loaded<T>, Mistakes> {
    let mut wrong = Vec::new();
    let mut node = Node::parse(file, text, &mut wrong);
    let is_toml = wrong.is_empty();
    environment.apply(&mut node, &mut wrong);
    let origins = node.origins();
    let mut mistakes = Mistakes::new(origins.clone());
    wrong.into_iter().for_each(|wrong| mistakes.push(wrong));
    // What a broken file does not say is not missing.
    let settings = if is_toml {
        read_all(node, &mut mistakes)
    } else {
        None
    };
    if let Some(settings) = &settings {
        check::<T>(settings, &mut mistakes);
    }
    match settings {
        Some(settings) if mistakes.is_empty() => Ok(Loaded { settings, origins }),
        Some(_) | None => {
            mistakes.sort();
            Err(mistakes)
        }
    }
}

impl<T: Settings> Loaded<T> {
    /// The effective values as TOML, each with where it is from. Secrets are paths.
    ///
    /// # Errors
    /// When the type has a value that TOML cannot express, which is a defect of the type.
    pub fn print(&self) -> Result<String, toml::ser::Error> {
        print::print(&self.settings, &self.origins)
    }

    /// Reads every secret once, so that all that are missing or open to others are told at once. Not part of
    /// loading, so that a configuration can be checked where its secrets are not.
    ///
    /// # Errors
    /// [`Error::Wrong`] with every secret that cannot be used.
    pub fn check_secrets(&self) -> Result<(), Error> {
        let mut mistakes = Mistakes::new(self.origins.clone());
        self.settings.check_secrets(&mut mistakes);
        if mistakes.is_empty() {
            Ok(())
        } else {
            Err(Error::Wrong(mistakes))
        }
    }
}

fn read_file(path: &Path) -> Result<String, Error> {
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut text = String::new();
    file.take(FILE_OCTETS_MAX + 1)
        .read_to_string(&mut text)
        .map_err(failed)?;
    if text.len() as u64 > FILE_OCTETS_MAX {
        return Err(Error::TooLarge(path.to_owned()));
    }
    Ok(text)
}

/// Reads as often as there is something wrong, each time without what was wrong before: serde stops at the
/// first mistake, and people want to know all.
fn read_all<T: DeserializeOwned>(mut node: Node, mistakes: &mut Mistakes) -> Option<T> {
    for _ in 0..MISTAKES_MAX {
        let wrong: Wrong = match T::deserialize(&node) {
            Ok(settings) => return Some(settings),
            Err(wrong) => wrong,
        };
        let stuck = matches!(wrong.kind, Kind::Missing(_)) || wrong.path.is_empty();
        node.remove(&wrong.path);
        mistakes.push(wrong);
        if stuck {
            break;
        }
    }
    None
}

fn check<T: Settings>(settings: &T, mistakes: &mut Mistakes) {
    settings.telemetry().check(mistakes);
    settings.drain().check(mistakes);
    settings.check(mistakes);
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
