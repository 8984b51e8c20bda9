//! Connections to etcd, to one of its members at a time.

use crate::etcd::backoff::Backoff;
use crate::etcd::failure::{answered, retryable};
use crate::{Error, EtcdConfig, Terminal, TlsFiles};
use etcd_client::{Certificate, Client, ConnectOptions, Identity, TlsOptions};
use std::sync::Arc;
use std::time::Duration;

/// Fewest tries of what a caller waits for; with more endpoints each is asked twice.
const TRIES_MIN: usize = 4;
/// etcd counts pings closer than 5 s as an attack and hangs up.
const PING_EVERY: Duration = Duration::from_secs(6);
const PING_WAIT: Duration = Duration::from_secs(2);

/// Makes connections, and after a failure to the next endpoint. The client library could balance over all of
/// them itself, but by chance, and would go on choosing a member that takes connections and never answers.
pub(crate) struct Connector {
    config: Arc<EtcdConfig>,
    at: usize,
    backoff: Backoff,
}

impl Connector {
    /// Where it begins follows from the seed, so that processes spread over the endpoints.
    pub(crate) fn new(config: Arc<EtcdConfig>, seed: u64) -> Self {
        let count = config.endpoints.len().max(1) as u64;
        Self {
            config,
            at: usize::try_from(seed % count).unwrap_or(0),
            backoff: Backoff::new(seed),
        }
    }

    pub(crate) fn config(&self) -> &EtcdConfig {
        &self.config
    }

    /// Connects to the endpoint of the moment, and logs on where there is a user.
    pub(crate) async fn connect(&self) -> Result<Client, Error> {
        let doing = "connect to etcd";
        let endpoint = self
            .config
            .endpoints
            .get(self.at % self.config.endpoints.len().max(1));
        let endpoint = endpoint.ok_or_else(|| Terminal::BadSettings("there is no endpoint".into()))?;
        let wait = self.config.answer_wait();
        // A member without a leader would let a watch wait in silence; like this it ends it.
        let mut options = ConnectOptions::new()
            .with_connect_timeout(wait)
            .with_keep_alive(PING_EVERY, PING_WAIT)
            .with_keep_alive_while_idle(false)
            .with_require_leader(true);
        if let Some(user) = &self.config.user {
            options = options.with_user(&user.user, &user.password);
        }
        if let Some(files) = &self.config.tls {
            let tls = read_tls(files).map_err(|error| retryable(doing, error))?;
            options = options.with_tls(tls);
        }
        answered(
            doing,
            wait,
            Box::pin(Client::connect([endpoint.as_str()], Some(options))),
        )
        .await
    }

    /// It worked.
    pub(crate) fn worked(&mut self) {
        self.backoff.reset();
    }

    /// It failed: turns to the next endpoint, and says how long to wait before.
    pub(crate) fn failed(&mut self) -> Duration {
        self.at = (self.at + 1) % self.config.endpoints.len().max(1);
        self.backoff.wait()
    }

    /// How often something is tried that a caller waits for.
    pub(crate) fn tries(&self) -> usize {
        (2 * self.config.endpoints.len()).max(TRIES_MIN)
    }

    /// Looks at a try of something that a caller waits for. Returns what is final; otherwise waits until it is
    /// time for the next try, at the next endpoint.
    pub(crate) async fn settle<T>(
        &mut self,
        left: &mut usize,
        tried: Result<T, Error>,
    ) -> Option<Result<T, Error>> {
        *left = left.saturating_sub(1);
        if *left > 0 && matches!(tried, Err(Error::Retryable { .. })) {
            tokio::time::sleep(self.failed()).await;
            return None;
        }
        Some(tried)
    }
}

/// Reads certificates. A path is named in the error, since that is what has to be set right.
pub(crate) fn read_tls(files: &TlsFiles) -> Result<TlsOptions, String> {
    let read = |path: &std::path::Path| {
        std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let (ca, cert, key) = (read(&files.ca)?, read(&files.cert)?, read(&files.key)?);
    Ok(TlsOptions::new()
        .ca_certificate(Certificate::from_pem(ca))
        .identity(Identity::from_pem(cert, key)))
}
