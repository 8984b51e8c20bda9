//! TLS for clients: a certificate and its key from two files, which are looked at again while they are in use.
//!
//! What is new in them is for new connections; whoever is connected stays so.

use arc_swap::ArcSwap;
use daemon::Stream;
use daemon::config::{Secret, SecretError, SecretFile};
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Octets of a file with certificates: the longest chain fits many times.
const CHAIN_OCTETS_MAX: u64 = 256 * 1024;
const HTTP_2: &[u8] = b"h2";
const HTTP_1: &[u8] = b"http/1.1";

/// Where the certificate and its key are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TlsFiles {
    /// PEM: the certificate of the router, then those between it and its authority.
    pub certificate: PathBuf,
    /// PEM: the key of the certificate.
    pub key: SecretFile,
}

/// Why a certificate cannot be used. The text goes on after the name of the setting, [`TlsError::setting`].
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate cannot be read.
    #[error("names {}, which cannot be read", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is something else.
    #[error("names {}, which holds no certificates; write the path of a PEM file", .0.display())]
    NoCertificate(PathBuf),
    /// The key cannot be read.
    #[error(transparent)]
    Key(#[from] SecretError),
    /// It is something else.
    #[error("names {}, which holds no private key; write the path of a PEM file", .0.display())]
    NoKey(PathBuf),
    /// The two are not of each other, or not of a kind that is known.
    #[error("names {}, which does not go with the certificate", path.display())]
    Unfit {
        /// The file of the key.
        path: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
}

impl TlsError {
    /// The setting that is wrong.
    #[must_use]
    pub fn setting(&self) -> &'static str {
        match self {
            Self::Certificate { .. } | Self::NoCertificate(_) => "tls.certificate",
            Self::Key(_) | Self::NoKey(_) | Self::Unfit { .. } => "tls.key",
        }
    }
}

/// What the files hold.
#[derive(Clone, PartialEq, Eq)]
struct Contents {
    certificate: Vec<u8>,
    key: Secret,
}

impl TlsFiles {
    fn read(&self) -> Result<Contents, TlsError> {
        let failed = |source| TlsError::Certificate {
            path: self.certificate.clone(),
            source,
        };
        // Looked at before it is opened: opening a pipe waits for somebody to write.
        if !std::fs::metadata(&self.certificate).map_err(failed)?.is_file() {
            return Err(TlsError::NoCertificate(self.certificate.clone()));
        }
        let mut certificate = Vec::new();
        let file = File::open(&self.certificate).map_err(failed)?;
        file.take(CHAIN_OCTETS_MAX)
            .read_to_end(&mut certificate)
            .map_err(failed)?;
        Ok(Contents {
            certificate,
            key: self.key.read()?,
        })
    }

    fn certified(&self, contents: &Contents, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
        let chain: Result<Vec<_>, pem::Error> =
            CertificateDer::pem_slice_iter(&contents.certificate).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or_else(|| TlsError::NoCertificate(self.certificate.clone()))?;
        let key = PrivateKeyDer::from_pem_slice(contents.key.expose());
        let key = key.map_err(|_| TlsError::NoKey(self.key.path().to_owned()))?;
        CertifiedKey::from_der(chain, key, provider).map_err(|source| TlsError::Unfit {
            path: self.key.path().to_owned(),
            source,
        })
    }
}

/// The certificate in use.
struct InUse(ArcSwap<CertifiedKey>);

impl fmt::Debug for InUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InUse")
    }
}

impl ResolvesServerCert for InUse {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

/// What clients are offered above TLS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Offer {
    /// HTTP/2, and HTTP/1.1 to who does not speak it.
    All,
    /// HTTP/1.1, to who is only told that there is no room.
    Http1,
}

/// TLS as a router speaks it to clients. Cloning copies a pointer.
#[derive(Clone)]
pub struct Tls {
    inner: Arc<Inner>,
}

struct Inner {
    files: TlsFiles,
    /// What the files held at the start.
    first: Contents,
    in_use: Arc<InUse>,
    provider: Arc<CryptoProvider>,
    all: TlsAcceptor,
    http_1: TlsAcceptor,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.inner.files).finish()
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let first = files.read()?;
        let certified = files.certified(&first, &provider)?;
        let in_use = Arc::new(InUse(ArcSwap::from_pointee(certified)));
        let acceptor = |protocols: &[&[u8]]| {
            let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
                .with_safe_default_protocol_versions()
                .map_err(|source| TlsError::Unfit {
                    path: files.key.path().to_owned(),
                    source,
                })?;
            let mut config = config
                .with_no_client_auth()
                .with_cert_resolver(Arc::clone(&in_use) as Arc<dyn ResolvesServerCert>);
            config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
            Ok::<_, TlsError>(TlsAcceptor::from(Arc::new(config)))
        };
        let (all, http_1) = (acceptor(&[HTTP_2, HTTP_1])?, acceptor(&[HTTP_1])?);
        let inner = Inner {
            files,
            first,
            in_use,
            provider,
            all,
            http_1,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Shakes hands. The caller bounds how long that may take.
    ///
    /// # Errors
    /// What the client did wrong, or that it went.
    pub(crate) async fn accept(&self, stream: Stream, offer: Offer) -> io::Result<TlsStream<Stream>> {
        match offer {
            Offer::All => self.inner.all.accept(stream).await,
            Offer::Http1 => self.inner.http_1.accept(stream).await,
        }
    }

    /// Looks at the files until told to stop.
    pub(crate) async fn follow(self, router: String, stop: CancellationToken) {
        let mut watch = Watch::new(self);
        while stop
            .run_until_cancelled(tokio::time::sleep(LOOK_EVERY))
            .await
            .is_some()
        {
            match watch.look() {
                Found::NothingNew => {}
                Found::New => tracing::info!(router, "a new certificate is in use"),
                Found::Bad(error) => tracing::warn!(
                    router,
                    setting = error.setting(),
                    error = &error as &dyn std::error::Error,
                    "the new certificate cannot be used, the old one stays"
                ),
            }
        }
    }
}

/// Whether a negotiated connection is HTTP/2.
pub(crate) fn is_http_2(stream: &TlsStream<Stream>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(HTTP_2)
}

/// Sees what changes in the files.
struct Watch {
    tls: Tls,
    in_use: Contents,
    /// Why the files cannot be used, and whether that was told.
    bad: Option<(String, bool)>,
}

/// What a look found.
#[derive(Debug)]
enum Found {
    NothingNew,
    New,
    Bad(TlsError),
}

impl Watch {
    fn new(tls: Tls) -> Self {
        let in_use = tls.inner.first.clone();
        Self {
            tls,
            in_use,
            bad: None,
        }
    }

    fn look(&mut self) -> Found {
        match self.read() {
            Ok(None) => {
                self.bad = None;
                Found::NothingNew
            }
            Ok(Some((contents, certified))) => {
                self.tls.inner.in_use.0.store(Arc::new(certified));
                self.in_use = contents;
                self.bad = None;
                Found::New
            }
            Err(error) => self.complain(error),
        }
    }

    fn read(&self) -> Result<Option<(Contents, CertifiedKey)>, TlsError> {
        let Inner { files, provider, .. } = &*self.tls.inner;
        let contents = files.read()?;
        if contents == self.in_use {
            return Ok(None);
        }
        let certified = files.certified(&contents, provider)?;
        Ok(Some((contents, certified)))
    }

    /// Tells what is wrong once, and only when it is still so at the next look: two files are not replaced at one
    /// moment.
    fn complain(&mut self, error: TlsError) -> Found {
        let text = error.to_string();
        match &mut self.bad {
            Some((known, told)) if *known == text => {
                if std::mem::replace(told, true) {
                    Found::NothingNew
                } else {
                    Found::Bad(error)
                }
            }
            Some(_) | None => {
                self.bad = Some((text, false));
                Found::NothingNew
            }
        }
    }
}

#[cfg(test)]
#[path = "tls_tests.rs"]
pub(crate) mod tests;
