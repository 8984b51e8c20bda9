//! What a home server's configuration file says, section by section.

mod archive;
mod domains;
mod etcd;
mod offline;

pub use archive::ArchiveSection;
pub use offline::OfflineSection;

use crate::HomeServerConfig;
use daemon::config::{
    AdminSection, DrainSection, Listen, MembershipSection, Mistakes, SecretError, SecretFile, Settings,
    TelemetrySection,
};
use membership::{Member, Members};
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use store::{Location, PostgresConfig};

/// The hard cap, which no file may raise (design 1).
const CAPACITY_MAX: u32 = 10_000;
const SHARDS_MAX: usize = 256;

/// The configuration of a home server process.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HomeServerSettings {
    /// Its name in the membership, unique among home servers: `home-1`. Must be set.
    pub name: String,
    /// The zone it runs in: `core`.
    pub zone: String,
    /// Online users it is meant for, 1 to 10,000; its share of the people follows from it.
    pub capacity: u32,
    /// Where routers and other homes reach it, `home-1:7400`; where it listens, if that is an address of one host.
    pub advertise: Option<String>,
    /// Shards that run side by side, at most 256; without it as many as there are cores.
    pub shards: Option<usize>,
    /// Where it listens.
    pub listen: ListenSection,
    /// Where it keeps what is durable.
    pub store: StoreSection,
    /// What becomes of messages for people who cannot be reached, for each domain; where nothing is said, 500 messages
    /// and 4 MiB are kept for each person, for 14 days.
    pub offline: Vec<OfflineSection>,
    /// Which domains keep an archive; where nothing is said, none.
    pub archive: Vec<ArchiveSection>,
    /// How it joins the others.
    pub membership: MembershipSection,
    /// Where it tells how it is.
    pub admin: AdminSection,
    /// Logs and traces.
    pub telemetry: TelemetrySection,
    /// Leaving service.
    pub drain: DrainSection,
}

/// `[listen]`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListenSection {
    /// Where callers open links: 127.0.0.1:7400.
    pub link: Listen,
}

/// `[store]`.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSection {
    /// The path of the SQLite file, which all home servers of a machine share; made if it is missing. It or
    /// `postgres` must be set.
    #[serde(skip_serializing_if = "is_unset")]
    pub sqlite: PathBuf,
    /// The PostgreSQL database, which all home servers of a cluster share:
    /// `postgres://USER@HOST:PORT/DATABASE?sslmode=verify-full`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postgres: Option<String>,
    /// The file with the database's password; without it the password is what `PGPASSWORD` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<SecretFile>,
}

fn is_unset(path: &Path) -> bool {
    path.as_os_str().is_empty()
}

impl StoreSection {
    /// Where the store is.
    ///
    /// # Errors
    /// [`SettingsError::Secret`].
    pub fn location(&self) -> Result<Location, SettingsError> {
        let Some(url) = &self.postgres else {
            return Ok(Location::Sqlite(self.sqlite.clone()));
        };
        let password = match &self.password_file {
            Some(file) => Some(file.read_text().map_err(|source| SettingsError::Secret {
                key: "store.password_file",
                source,
            })?),
            None => None,
        };
        let url = url.clone();
        Ok(Location::Postgres(PostgresConfig { url, password }))
    }

    fn check(&self, mistakes: &mut Mistakes) {
        match (&self.postgres, is_unset(&self.sqlite)) {
            (None, true) => mistakes.add(
                "store.sqlite",
                "is missing, and so is store.postgres; write the path of a file, \"/var/lib/homeport/homeport.db\"",
            ),
            (Some(_), false) => mistakes.add(
                "store.postgres",
                "is set beside store.sqlite; write where the store is, and remove the other",
            ),
            (Some(url), true) if PostgresConfig::has_password(url) => mistakes.add(
                "store.postgres",
                "contains a password; write it to a file and name that in store.password_file",
            ),
            (Some(url), true) if !PostgresConfig::is_address(url) => {
                let wrong = format_args!("is {url:?}, but must be like \"postgres://homeport@db:5432/homeport\"");
                mistakes.add("store.postgres", wrong);
            }
            (Some(_), true) | (None, false) => {}
        }
        if self.password_file.is_some() && self.postgres.is_none() {
            mistakes.add(
                "store.password_file",
                "is set, but store.postgres is not; remove it",
            );
        }
    }
}

impl Default for HomeServerSettings {
    fn default() -> Self {
        Self {
            name: String::new(),
            zone: "core".to_owned(),
            capacity: CAPACITY_MAX,
            advertise: None,
            shards: None,
            listen: ListenSection::default(),
            store: StoreSection::default(),
            offline: Vec::new(),
            archive: Vec::new(),
            membership: MembershipSection::default(),
            admin: AdminSection::default(),
            telemetry: TelemetrySection::default(),
            drain: DrainSection::default(),
        }
    }
}

impl Default for ListenSection {
    fn default() -> Self {
        // Links are neither encrypted nor authenticated yet, so nobody else reaches them unless it is said.
        Self {
            link: Listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 7400))),
        }
    }
}

/// Why settings do not become a configuration, although nothing was wrong with them a moment ago.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file with a secret cannot be used.
    #[error("the secret of `{key}` cannot be used")]
    Secret {
        /// The setting.
        key: &'static str,
        /// What is wrong with the file.
        source: SecretError,
    },
}

impl HomeServerSettings {
    /// What the home server itself is told.
    #[must_use]
    pub fn config(&self) -> HomeServerConfig {
        let cores = || {
            std::thread::available_parallelism()
                .map_or(1, usize::from)
                .min(SHARDS_MAX)
        };
        HomeServerConfig {
            name: self.name.clone(),
            zone: self.zone.clone(),
            capacity: self.capacity,
            listen: self.listen.link.0,
            advertise: self.advertise.clone(),
            shards: self.shards.unwrap_or_else(cores),
            offline: offline::config(&self.offline),
            archive: archive::config(&self.archive),
        }
    }

    fn check_address(&self, mistakes: &mut Mistakes) {
        let listen = self.listen.link.0;
        match &self.advertise {
            Some(advertise) => {
                let place = advertise.rsplit_once(':');
                let sound = place.is_some_and(|(host, port)| {
                    !host.is_empty()
                        && !host.contains(['/', '@'])
                        && port.parse::<u16>().is_ok_and(|port| port > 0)
                });
                if !sound {
                    let wrong =
                        format_args!("is {advertise:?}, but must be HOST:PORT such as \"home-1:7400\"");
                    mistakes.add("advertise", wrong);
                }
            }
            None if listen.ip().is_unspecified() => {
                let wrong = format_args!(
                    "is missing; others cannot reach {listen}: write HOST:PORT, \"home-1:7400\""
                );
                mistakes.add("advertise", wrong);
            }
            None => {}
        }
    }
}

impl Settings for HomeServerSettings {
    fn check(&self, mistakes: &mut Mistakes) {
        let member = Member::new(self.name.as_str().into(), "home-1:7400", self.zone.clone(), 1);
        if self.name.is_empty() {
            mistakes.add(
                "name",
                "is missing; write a name that no other home server has, name = \"home-1\"",
            );
        } else if let Err(error) = membership::admit(&member, &Members::default()) {
            mistakes.add("name", format_args!("is {:?}: {error}", self.name));
        }
        if self.zone.is_empty() {
            mistakes.add("zone", "is empty; write the zone it runs in, zone = \"core\"");
        }
        if !(1..=CAPACITY_MAX).contains(&self.capacity) {
            let wrong = format_args!("is {}, but must be from 1 to {CAPACITY_MAX}", self.capacity);
            mistakes.add("capacity", wrong);
        }
        if let Some(shards) = self.shards.filter(|shards| !(1..=SHARDS_MAX).contains(shards)) {
            mistakes.add(
                "shards",
                format_args!("is {shards}, but must be from 1 to {SHARDS_MAX}"),
            );
        }
        self.store.check(mistakes);
        offline::check(&self.offline, mistakes);
        archive::check(&self.archive, mistakes);
        self.check_address(mistakes);
        self.membership.check(mistakes);
    }

    fn check_secrets(&self, mistakes: &mut Mistakes) {
        if let Some(file) = &self.store.password_file {
            mistakes.secret("store.password_file", file);
        }
        self.membership.check_secrets(mistakes);
    }

    fn admin(&self) -> &AdminSection {
        &self.admin
    }

    fn telemetry(&self) -> &TelemetrySection {
        &self.telemetry
    }

    fn drain(&self) -> &DrainSection {
        &self.drain
    }
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
