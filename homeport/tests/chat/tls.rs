//! TLS in front of a router, with an authority of the test's own.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// Listens as `localhost`.
pub(crate) struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    pub(crate) port: u16,
}

impl Tls {
    /// Makes everything anew, and writes the authority's certificate to a file.
    pub(crate) async fn start(ca: &Path) -> Self {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        std::fs::write(ca, authority.pem()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        Self {
            listener,
            acceptor: TlsAcceptor::from(Arc::new(config)),
            port,
        }
    }

    /// Carries one connection to a router and back.
    pub(crate) async fn carry(&self, router: SocketAddr) -> io::Result<()> {
        let (stream, _) = self.listener.accept().await?;
        let mut client = self.acceptor.accept(stream).await?;
        let mut router = TcpStream::connect(router).await?;
        // How it ends is the ends' affair.
        let _ = tokio::io::copy_bidirectional(&mut client, &mut router).await;
        Ok(())
    }
}
