//! Trusts one certificate: that of the routers which run on a data folder.
//!
//! The folder is its owner's alone and names the file, so whoever shows that certificate and has its key is the router
//! that was started there: who vouches for it and which names it has does not matter.

use anyhow::{Context, Result, ensure};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Octets of the file: as many as a router reads.
const FILE_OCTETS_MAX: u64 = 256 * 1024;

/// Trusts whoever has the first certificate of a file, PEM, at each time: a router takes a new one from there, too.
///
/// # Errors
/// There is no certificate in it.
pub(crate) fn trust_only(file: &Path) -> Result<Arc<ClientConfig>> {
    let provider = Arc::new(ring::default_provider());
    let only = Only {
        file: file.to_owned(),
        provider: Arc::clone(&provider),
    };
    only.certificate().with_context(|| {
        format!(
            "the certificate of the routers that run here, {}: give one of them with --server",
            file.display()
        )
    })?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("set TLS up")?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(only))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[derive(Debug)]
struct Only {
    file: PathBuf,
    provider: Arc<CryptoProvider>,
}

impl Only {
    fn certificate(&self) -> Result<CertificateDer<'static>> {
        // Opening a pipe would wait for somebody to write.
        ensure!(std::fs::metadata(&self.file)?.is_file(), "is no file");
        let mut text = Vec::new();
        File::open(&self.file)?
            .take(FILE_OCTETS_MAX)
            .read_to_end(&mut text)?;
        Ok(CertificateDer::from_pem_slice(&text)?)
    }
}

impl ServerCertVerifier for Only {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.certificate() {
            Ok(ours) if ours == *shown => Ok(ServerCertVerified::assertion()),
            Ok(_) | Err(_) => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, shown, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, shown, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
