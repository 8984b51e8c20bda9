//! `[tls]`: the certificate that clients are shown, and what a listener must have that strangers reach.

use super::{RouterSettings, SettingsError};
use crate::tls::{Tls, TlsFiles};
use crate::{Policy, Proxies};
use daemon::config::{Mistakes, SecretFile};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[tls]`.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsSection {
    /// The certificate with those between it and its authority, PEM. With it clients must speak TLS.
    pub certificate: Option<PathBuf>,
    /// The key of the certificate, PEM.
    pub key: Option<SecretFile>,
}

/// Who reaches a listener, as topologies say it of a zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trust {
    /// Anybody: the Internet.
    None,
    /// Only our own network.
    #[default]
    Inside,
}

impl TlsSection {
    fn files(&self) -> Option<TlsFiles> {
        Some(TlsFiles {
            certificate: self.certificate.clone()?,
            key: self.key.clone()?,
        })
    }

    /// What becomes of it. Reads the files.
    pub(super) fn load(&self) -> Result<Option<Tls>, SettingsError> {
        Ok(self.files().map(Tls::load).transpose()?)
    }

    pub(super) fn check_files(&self, mistakes: &mut Mistakes) {
        if let Some(Err(error)) = self.files().map(Tls::load) {
            let cause = std::error::Error::source(&error);
            let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
            mistakes.add(error.setting(), format_args!("{error}{cause}"));
        }
    }
}

/// What `[tls]` says, and what must be said of a listener that strangers reach.
pub(super) fn check(settings: &RouterSettings, mistakes: &mut Mistakes) {
    match (&settings.tls.certificate, &settings.tls.key) {
        (Some(_), None) => mistakes.add(
            "tls.key",
            "is missing; write the path of the certificate's key, or leave `tls.certificate` out",
        ),
        (None, Some(_)) => mistakes.add(
            "tls.certificate",
            "is missing; write the path of the key's certificate, or leave `tls.key` out",
        ),
        (None, None) if settings.listen.trust == Trust::None && settings.listen.proxies.is_empty() => mistakes
            .add(
                "tls",
                "is missing, and listen.trust is \"none\": what strangers reach must speak TLS; write \
                 `certificate` and `key`, the paths of PEM files, or in listen.proxies the addresses of those who \
                 end TLS before it",
            ),
        (Some(_), Some(_)) | (None, None) => {}
    }
    for proxy in &settings.listen.proxies {
        if Proxies::range(proxy).is_none() {
            mistakes.add(
                "listen.proxies",
                format_args!(
                    "has {proxy:?}; write addresses, \"10.0.1.5\", or ranges, \"10.0.1.0/28\", but not of everybody"
                ),
            );
        }
    }
    if settings.listen.trust == Trust::None && settings.call_backs != Policy::Off {
        mistakes.add(
            "call_backs",
            "must be \"off\" where listen.trust is \"none\": strangers could make the router call anybody",
        );
    }
}
