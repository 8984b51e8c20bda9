use super::*;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::os::unix::fs::PermissionsExt;
use tokio_rustls::TlsConnector;

/// An authority of the test's own, and the files of a router.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: tempfile::TempDir,
}

impl Authority {
    /// With the first certificate issued.
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = Self {
            issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap(),
            folder: tempfile::tempdir().unwrap(),
        };
        authority.issue();
        authority
    }

    pub(crate) fn files(&self) -> TlsFiles {
        TlsFiles {
            certificate: self.folder.path().join("router.pem"),
            key: SecretFile::new(self.folder.path().join("router.key")),
        }
    }

    /// Another certificate for `localhost`, in the files.
    fn issue(&self) -> CertificateDer<'static> {
        let (certificate, key) = self.make();
        std::fs::write(self.files().certificate, certificate.pem()).unwrap();
        self.write_key(&key.serialize_pem(), 0o600);
        certificate.der().clone()
    }

    fn make(&self) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    fn write_key(&self, text: &str, mode: u32) {
        let path = self.files().key.path().to_owned();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    /// A client that trusts nobody else, and speaks these protocols.
    pub(crate) fn client(&self, protocols: &[&str]) -> (TlsConnector, ServerName<'static>) {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        (
            TlsConnector::from(Arc::new(config)),
            ServerName::try_from("localhost").unwrap(),
        )
    }
}

fn in_use(tls: &Tls) -> CertificateDer<'static> {
    tls.inner.in_use.0.load().cert[0].clone()
}

#[test]
fn files_that_cannot_be_used_are_refused_with_the_setting() {
    let authority = Authority::new();
    let refused = |setting: &str, expected: &str| {
        let error = Tls::load(authority.files()).unwrap_err();
        assert_eq!(error.setting(), setting);
        assert!(error.to_string().contains(expected), "{error}");
    };
    let path = authority.files().certificate;
    let good = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    refused("tls.certificate", "cannot be read");
    std::fs::create_dir(&path).unwrap();
    refused("tls.certificate", "holds no certificates");
    std::fs::remove_dir(&path).unwrap();
    for none in ["", "nonsense", &good[..good.len() / 2]] {
        std::fs::write(&path, none).unwrap();
        refused("tls.certificate", "holds no certificates");
    }
    std::fs::write(&path, &good).unwrap();
    authority.write_key(&authority.make().1.serialize_pem(), 0o600);
    refused("tls.key", "does not go with the certificate");
    authority.write_key("nonsense", 0o600);
    refused("tls.key", "holds no private key");
    authority.write_key("nonsense", 0o644);
    refused("tls.key", "chmod 600");
}

#[test]
fn what_is_new_is_used_and_what_is_bad_is_told_once() {
    let authority = Authority::new();
    let tls = Tls::load(authority.files()).unwrap();
    let first = in_use(&tls);
    let mut watch = Watch::new(tls.clone());
    assert!(matches!(watch.look(), Found::NothingNew));

    let second = authority.issue();
    assert!(matches!(watch.look(), Found::New));
    assert!(in_use(&tls) == second && second != first);
    assert!(matches!(watch.look(), Found::NothingNew));

    std::fs::write(authority.files().certificate, "nonsense").unwrap();
    assert!(
        matches!(watch.look(), Found::NothingNew),
        "it may be half written"
    );
    let told = watch.look();
    assert!(
        matches!(&told, Found::Bad(TlsError::NoCertificate(_))),
        "{told:?}"
    );
    assert!(matches!(watch.look(), Found::NothingNew), "told once");
    assert_eq!(in_use(&tls), second, "the old one stays");

    std::fs::remove_file(authority.files().certificate).unwrap();
    let found = [watch.look(), watch.look(), watch.look()];
    let [Found::NothingNew, Found::Bad(_), Found::NothingNew] = found else {
        panic!("another mistake is told too: {found:?}");
    };
    let third = authority.issue();
    assert!(matches!(watch.look(), Found::New));
    assert_eq!(in_use(&tls), third);
}
