//! How the membership reaches etcd, from what the file says.

use super::{HomeServerSettings, SettingsError};
use daemon::config;
use membership::{Credentials, EtcdConfig, OnSilence, TlsFiles};

impl HomeServerSettings {
    /// What the membership is told. Reads the password, if there is one.
    ///
    /// # Errors
    /// [`SettingsError::Secret`].
    pub fn etcd(&self) -> Result<EtcdConfig, SettingsError> {
        let etcd = &self.membership.etcd;
        let user = match (&etcd.user, &etcd.password_file) {
            (Some(user), Some(file)) => {
                let key = "membership.etcd.password_file";
                let password = file
                    .read_text()
                    .map_err(|source| SettingsError::Secret { key, source })?;
                Some(Credentials {
                    user: user.clone(),
                    password,
                })
            }
            (Some(_) | None, _) => None,
        };
        let tls = match (&etcd.ca_file, &etcd.cert_file, &etcd.key_file) {
            (Some(ca), Some(cert), Some(key)) => Some(TlsFiles {
                ca: ca.clone(),
                cert: cert.clone(),
                key: key.path().to_owned(),
            }),
            (_, _, _) => None,
        };
        Ok(EtcdConfig {
            endpoints: etcd.endpoints.clone(),
            prefix: etcd.prefix.clone(),
            user,
            tls,
            ttl: etcd.lease_ttl,
            on_silence: match etcd.on_silence {
                config::OnSilence::Hold => OnSilence::Hold,
                config::OnSilence::Lose => OnSilence::Lose,
            },
        })
    }
}
