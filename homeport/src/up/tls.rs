//! The certificate that routers show their clients.

use super::cluster;
use anyhow::{Context, Result, bail, ensure};
use daemon::config::SecretFile;
use router::{Tls, TlsFiles, TlsSection, Trust};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use topologies::{ClientTls, RouterRole, Topology};

#[derive(clap::Args, Debug)]
pub(super) struct Certified {
    /// The certificate of the routers, PEM, with those between it and its authority: clients must speak TLS, on https://
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// The key of the certificate, PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
}

impl Certified {
    /// Whether routers of a topology may be run with what was given; what is to be noted if they may.
    ///
    /// # Errors
    /// When anybody could reach one that speaks plain HTTP, or the certificate cannot be used.
    pub(super) fn check(&self, topology: &Topology, listen: SocketAddr) -> Result<Option<String>> {
        if self.load()?.is_some() {
            return Ok(None);
        }
        let wants_it = |role: &&RouterRole| role.tls == ClientTls::Router;
        let Some(role) = topology.routers.iter().find(wants_it) else {
            return Ok(None);
        };
        if !listen.ip().is_loopback() {
            bail!(
                "router {} of topology {} is to speak TLS, and {listen} can be reached from elsewhere: give \
                 --tls-certificate and --tls-key, or --listen on 127.0.0.1 to try it without",
                role.name,
                topology.name
            );
        }
        Ok(Some(format!(
            "router {} of topology {} is to speak TLS: without --tls-certificate and --tls-key it speaks plain HTTP, \
             which only this machine can reach",
            role.name, topology.name
        )))
    }

    /// The certificate, if one was given.
    ///
    /// # Errors
    /// When it cannot be used.
    pub(super) fn load(&self) -> Result<Option<Tls>> {
        let Some((certificate, key)) = self.files() else {
            return Ok(None);
        };
        let loaded = Tls::load(TlsFiles {
            certificate: certificate.to_owned(),
            key: SecretFile::new(key),
        });
        let tls = loaded.map_err(|error| {
            let option = if error.setting() == "tls.key" {
                "--tls-key"
            } else {
                "--tls-certificate"
            };
            let text = format!("{option} {error}");
            anyhow::Error::new(error).context(text)
        });
        tls.map(Some)
    }

    /// What a router of this role is told, and who reaches its listener.
    ///
    /// # Errors
    /// When a path has no absolute form.
    pub(super) fn section(
        &self,
        role: &RouterRole,
        topology: &Topology,
        listen: SocketAddr,
    ) -> Result<(TlsSection, Trust)> {
        let in_reach =
            |zone: &topologies::Zone| zone.name == role.zone && zone.trust == topologies::Trust::None;
        let by_proxy = !cluster::proxies(role, listen).is_empty();
        let with_tls = role.tls == ClientTls::Router && self.files().is_some();
        let strangers = (with_tls || by_proxy) && topology.zones.iter().any(in_reach);
        let trust = if strangers { Trust::None } else { Trust::Inside };
        let Some((certificate, key)) = self.files() else {
            // On loopback, or behind a proxy: see `check`.
            return Ok((TlsSection::default(), trust));
        };
        let section = TlsSection {
            certificate: Some(absolute(certificate)?),
            key: Some(SecretFile::new(absolute(key)?)),
        };
        Ok((section, trust))
    }

    /// The file of the certificate, if one was given: where other commands find it.
    ///
    /// # Errors
    /// When its path has no absolute form, or is not text.
    pub(super) fn certificate(&self) -> Result<Option<PathBuf>> {
        let Some((file, _)) = self.files() else {
            return Ok(None);
        };
        let file = absolute(file)?;
        ensure!(
            file.to_str().is_some(),
            "--tls-certificate {}: its path is not UTF-8",
            file.display()
        );
        Ok(Some(file))
    }

    /// How addresses of routers begin.
    pub(super) fn scheme(&self) -> &'static str {
        if self.files().is_some() { "https" } else { "http" }
    }

    fn files(&self) -> Option<(&Path, &Path)> {
        Some((self.tls_certificate.as_deref()?, self.tls_key.as_deref()?))
    }
}

fn absolute(file: &Path) -> Result<PathBuf> {
    std::path::absolute(file).with_context(|| format!("find {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_a_proxy_only_the_proxy_may_connect() {
        let proxy = "tls = \"proxy\"\nproxies = [\"10.0.1.5\"]";
        let isp = include_str!("../../../topologies/isp.toml").replace("tls = \"router\"", proxy);
        let topology = Topology::parse("isp.toml", &isp).unwrap();
        let role = &topology.routers[0];
        let plain = Certified {
            tls_certificate: None,
            tls_key: None,
        };
        for (listen, trust, count) in [
            ("0.0.0.0:8080", Trust::None, 1),
            ("10.0.1.1:8080", Trust::None, 1),
            ("127.0.0.1:8080", Trust::Inside, 0),
        ] {
            let listen = listen.parse().unwrap();
            assert!(plain.check(&topology, listen).unwrap().is_none());
            let section = plain.section(role, &topology, listen).unwrap();
            assert_eq!(section, (TlsSection::default(), trust), "{listen}");
            assert_eq!(cluster::proxies(role, listen).len(), count, "{listen}");
        }
    }
}
