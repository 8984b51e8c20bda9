//! etcd's errors, split once into those that pass and those that do not.

use crate::{Error, Terminal};
use etcd_client::Error as Etcd;
use std::time::Duration;
use tonic::Code;

/// Who this process is, or what it may do, is the trouble. That a token is not known any more is not among
/// these: etcd forgets tokens when it restarts, and the next connection gets a new one.
const REFUSALS: [&str; 6] = [
    "authentication failed",
    "user name is empty",
    "user name not found",
    "authentication is not enabled",
    "permission denied",
    "permission is not granted",
];

/// What an error of etcd means to whoever was doing something.
pub(crate) fn split(doing: &'static str, error: Etcd) -> Error {
    match &error {
        Etcd::GRpcStatus(status) if is_refusal(status) => {
            let why = status.message().trim_start_matches("etcdserver: ").to_owned();
            Terminal::Refused { why }.into()
        }
        Etcd::InvalidArgs(why) | Etcd::EndpointError(why) => Terminal::BadSettings(why.clone()).into(),
        Etcd::InvalidUri(_)
        | Etcd::IoError(_)
        | Etcd::TransportError(_)
        | Etcd::GRpcStatus(_)
        | Etcd::WatchError(_)
        | Etcd::Utf8Error(_)
        | Etcd::LeaseKeepAliveError(_)
        | Etcd::ElectError(_)
        | Etcd::InvalidMetadataValue(_)
        | Etcd::EndpointsNotManaged
        | Etcd::Internal(_) => retryable(doing, error),
    }
}

fn is_refusal(status: &tonic::Status) -> bool {
    status.code() == Code::PermissionDenied || REFUSALS.iter().any(|words| status.message().contains(words))
}

/// Something that may work another time.
pub(crate) fn retryable(
    doing: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    Error::Retryable {
        doing,
        source: source.into(),
    }
}

/// Waits for an answer of etcd, but not for ever: a member of it that is stopped accepts connections and stays
/// silent.
pub(crate) async fn answered<T>(
    doing: &'static str,
    wait: Duration,
    answer: impl Future<Output = Result<T, Etcd>>,
) -> Result<T, Error> {
    match tokio::time::timeout(wait, answer).await {
        Ok(answer) => answer.map_err(|error| split(doing, error)),
        Err(_elapsed) => Err(retryable(doing, format!("etcd did not answer within {wait:?}"))),
    }
}

/// Whether etcd says that a lease is no longer there.
pub(crate) fn is_lease_gone(error: &Etcd) -> bool {
    match error {
        Etcd::GRpcStatus(status) => status.code() == Code::NotFound,
        Etcd::LeaseKeepAliveError(why) => why == "lease not found",
        Etcd::InvalidArgs(_)
        | Etcd::InvalidUri(_)
        | Etcd::IoError(_)
        | Etcd::TransportError(_)
        | Etcd::WatchError(_)
        | Etcd::Utf8Error(_)
        | Etcd::ElectError(_)
        | Etcd::InvalidMetadataValue(_)
        | Etcd::EndpointError(_)
        | Etcd::EndpointsNotManaged
        | Etcd::Internal(_) => false,
    }
}

/// Whether etcd says that a revision can no longer be read.
pub(crate) fn is_compacted(error: &Etcd) -> bool {
    matches!(error, Etcd::GRpcStatus(status) if status.code() == Code::OutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Status;

    #[test]
    fn only_what_somebody_must_change_is_terminal() {
        let terminal = |status: Status| matches!(split("test", status.into()), Error::Terminal(_));
        assert!(terminal(Status::invalid_argument(
            "etcdserver: authentication failed, invalid user ID or password"
        )));
        assert!(terminal(Status::permission_denied(
            "etcdserver: permission denied"
        )));
        assert!(terminal(Status::invalid_argument(
            "etcdserver: user name is empty"
        )));
        assert!(!terminal(Status::unauthenticated(
            "etcdserver: invalid auth token"
        )));
        assert!(!terminal(Status::unavailable("etcdserver: no leader")));
        assert!(!terminal(Status::deadline_exceeded(
            "etcdserver: request timed out"
        )));
        assert!(!terminal(Status::resource_exhausted(
            "etcdserver: mvcc: database space exceeded"
        )));
    }
}
