//! The routers and home servers of a topology: a settings file for each, and how to run it.

use super::super::{Ground, INSIDE, Up, cluster, tls};
use super::etcd::{self, Etcd};
use super::kept::kept;
use super::ports::Ports;
use super::process::{Addresses, Plan, Role, log_of};
use super::programs::Programs;
use super::ready::Probe;
use crate::data::{Database, STORE, write_private};
use anyhow::{Context, Result, ensure};
use daemon::config::{
    self, AdminSection, DrainSection, Environment, Listen, MembershipSection, SecretFile, Settings,
    TelemetrySection,
};
use homeserver::{ArchiveSection, HomeServerSettings, OfflineSection};
use router::RouterSettings;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use topologies::{Domain, HomeRole, RouterRole, Topology};

/// The key that routers sign challenges and tokens with.
const KEY: &str = "router.key";

/// What the settings of all roles come from.
pub(super) struct Roles<'r> {
    topology: &'r Topology,
    /// Absolute, since settings are read by other processes.
    data: PathBuf,
    /// Where state is, if it is not in the data folder.
    database: Option<Database>,
    membership: MembershipSection,
    telemetry: TelemetrySection,
    drain: DrainSection,
    tls: &'r tls::Certified,
}

impl<'r> Roles<'r> {
    /// # Errors
    /// When the data folder has no absolute path, or two processes would have one name.
    pub(super) fn new(up: &'r Up, ground: &'r Ground, etcd: &Etcd) -> Result<Self> {
        let topology = &ground.topology;
        let routers = topology.routers.iter().map(|router| &router.name);
        let mut names = routers.chain(topology.homes.iter().map(|home| &home.name));
        ensure!(
            !names.any(|name| name == etcd::NAME),
            "a router or home server of topology {} is named {}, as the process of etcd is: give it another name",
            topology.name,
            etcd::NAME
        );
        let mut membership = MembershipSection::default();
        membership.etcd.endpoints.clone_from(&etcd.endpoints);
        membership.etcd.prefix.clone_from(&etcd.prefix);
        let data = ground.data.path();
        Ok(Self {
            topology,
            data: std::path::absolute(data).with_context(|| format!("find {}", data.display()))?,
            database: ground.data.database()?,
            membership,
            telemetry: TelemetrySection {
                log: up.log.clone(),
                json: false,
                otlp: up.otlp.clone(),
            },
            drain: DrainSection {
                deadline: up.deadline(),
            },
            tls: &up.tls,
        })
    }

    /// Writes the settings of all, and says how to run them. The first router listens where clients connect.
    ///
    /// # Errors
    /// When something cannot be written, there are no ports, or settings are wrong.
    pub(super) fn plans(
        &self,
        programs: &Programs,
        ports: &mut Ports,
        listen: SocketAddr,
    ) -> Result<Vec<Plan>> {
        let key = self.data.join(KEY);
        kept::<32>(&key)?;
        let folder = self.data.join("settings");
        std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        let mut plans = Vec::new();
        for (index, role) in self.topology.routers.iter().enumerate() {
            let rvp = if index == 0 {
                listen
            } else {
                ports.take(listen.ip())?
            };
            let admin = ports.take(INSIDE)?;
            let settings = self.router(role, rvp, admin, &key)?;
            let addresses = Addresses(vec![("rvp", rvp), ("admin", admin)]);
            let plan = (Role::Router, role.name.as_str());
            plans.push(self.plan(plan, &programs.router, &settings, addresses)?);
        }
        for role in &self.topology.homes {
            let (link, admin) = (ports.take(INSIDE)?, ports.take(INSIDE)?);
            let settings = self.home(role, link, admin);
            let addresses = Addresses(vec![("link", link), ("admin", admin)]);
            let plan = (Role::HomeServer, role.name.as_str());
            plans.push(self.plan(plan, &programs.home_server, &settings, addresses)?);
        }
        Ok(plans)
    }

    fn router(
        &self,
        role: &RouterRole,
        rvp: SocketAddr,
        admin: SocketAddr,
        key: &Path,
    ) -> Result<RouterSettings> {
        let domains = self.topology.domains.iter();
        let mut settings = RouterSettings {
            name: role.name.clone(),
            domains: domains.map(|domain| domain.im_host.clone()).collect(),
            schemes: role
                .schemes
                .iter()
                .map(|scheme| cluster::scheme(*scheme))
                .collect(),
            call_backs: cluster::policy(&role.call_backs),
            key_file: SecretFile::new(key),
            membership: self.membership.clone(),
            admin: AdminSection {
                listen: Listen(admin),
            },
            telemetry: self.telemetry.clone(),
            drain: self.drain.clone(),
            ..RouterSettings::default()
        };
        settings.listen.rvp = Listen(rvp);
        (settings.tls, settings.listen.trust) = self.tls.section(role, self.topology, rvp)?;
        let proxies = cluster::proxies(role, rvp).iter();
        settings.listen.proxies = proxies.map(ToString::to_string).collect();
        settings.attachments.origins.clone_from(&role.origins);
        // A cap is far below what a number of connections can be.
        settings.limits.connections = usize::try_from(self.topology.limits.router_cap).unwrap_or(usize::MAX);
        Ok(settings)
    }

    fn home(&self, role: &HomeRole, link: SocketAddr, admin: SocketAddr) -> HomeServerSettings {
        let mut settings = HomeServerSettings {
            name: role.name.clone(),
            zone: role.zone.clone(),
            capacity: role.capacity,
            offline: self.offline(),
            archive: self.archive(),
            membership: self.membership.clone(),
            admin: AdminSection {
                listen: Listen(admin),
            },
            telemetry: self.telemetry.clone(),
            drain: self.drain.clone(),
            ..HomeServerSettings::default()
        };
        settings.listen.link = Listen(link);
        match &self.database {
            Some(database) => {
                settings.store.postgres = Some(database.postgres.clone());
                settings.store.password_file = database.password_file.clone().map(SecretFile::new);
            }
            None => settings.store.sqlite = self.data.join(STORE),
        }
        settings
    }

    fn offline(&self) -> Vec<OfflineSection> {
        let domains = self.topology.domains.iter();
        let section = |domain: &Domain| {
            OfflineSection::new(domain.im_host.clone(), cluster::offline_policy(domain.offline))
        };
        domains.map(section).collect()
    }

    fn archive(&self) -> Vec<ArchiveSection> {
        let domains = self.topology.domains.iter();
        let section = |domain: &Domain| {
            ArchiveSection::new(domain.im_host.clone(), cluster::archive_policy(domain.archive))
        };
        domains.map(section).collect()
    }

    fn plan<S: Settings>(
        &self,
        (role, name): (Role, &str),
        program: &Path,
        settings: &S,
        addresses: Addresses,
    ) -> Result<Plan> {
        let file = self.data.join("settings").join(format!("{name}.toml"));
        let text = toml::to_string(settings).with_context(|| format!("write the settings of {name}"))?;
        // What is wrong with an option is better said here than by each process in its log.
        config::parse::<S>(&file.display().to_string(), &text, &Environment::default())
            .map_err(config::Error::Wrong)?;
        write_private(
            &file,
            &format!("# Written by `homeport up` each time it starts.\n{text}"),
        )?;
        Ok(Plan {
            name: name.to_owned(),
            role,
            program: program.to_owned(),
            arguments: vec!["--config".into(), file.into()],
            addresses,
            probe: Probe {
                address: settings.admin().listen.0,
                path: "/readyz",
            },
            log: log_of(&self.data, name),
        })
    }
}
