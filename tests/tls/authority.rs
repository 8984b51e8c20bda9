//! An authority of the test's own, and the files of a router.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use router::{Tls, TlsFiles};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use tempfile::TempDir;
use tests::{Plan, Stage};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    /// With the first certificate issued.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = Self {
            issuer: CertifiedIssuer::self_signed(params, KeyPair::generate()?)?,
            folder: tempfile::tempdir()?,
        };
        authority.issue()?;
        Ok(authority)
    }

    pub(crate) fn files(&self) -> TlsFiles {
        TlsFiles {
            certificate: self.folder.path().join("router.pem"),
            key: daemon::config::SecretFile::new(self.folder.path().join("router.key")),
        }
    }

    /// Issues another certificate for `localhost` and puts it in the files; its octets.
    pub(crate) fn issue(&self) -> anyhow::Result<Vec<u8>> {
        let key = KeyPair::generate()?;
        let params = CertificateParams::new(vec!["localhost".to_owned()])?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let files = self.files();
        std::fs::write(files.key.path(), key.serialize_pem())?;
        std::fs::set_permissions(files.key.path(), std::fs::Permissions::from_mode(0o600))?;
        std::fs::write(files.certificate, certificate.pem())?;
        Ok(certificate.der().to_vec())
    }

    /// A cluster with two home servers, whose router has the certificate.
    pub(crate) async fn stage(&self) -> anyhow::Result<Stage> {
        let plan = Plan {
            tls: Some(Tls::load(self.files())?),
            ..Plan::with_homes(2)
        };
        Stage::start(plan).await
    }

    /// A client that trusts nobody else, and speaks these protocols.
    pub(crate) fn client(&self, protocols: &[&str]) -> anyhow::Result<TlsConnector> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone())?;
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        Ok(TlsConnector::from(Arc::new(config)))
    }
}
